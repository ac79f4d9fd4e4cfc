"""PNG and TIFF files written by hand, for kinds that Pillow, OpenCV and tifffile don't write."""

import struct
import zlib

import numpy as np

PASSES = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
"""Of an interlaced PNG: first row, first column, and the steps between rows and columns."""


def ramp(height=80, width=100):
    """(height, width) from 0 to 1, different in every quadrant."""
    y, x = np.mgrid[0:height, 0:width]
    return (7 * y + 3 * x) / (7 * (height - 1) + 3 * (width - 1))


def of_bits(bits):
    """(values, what they are in [0, 1]): the ramp in so many bits."""
    values = np.rint(ramp() * (2**bits - 1)).astype(np.int64)
    return values, values / (2**bits - 1)


def packed(values, bits, order=">"):
    """Rows of values, each ending at a whole byte."""
    rows = values.reshape(len(values), -1)
    if bits in (8, 16, 32):
        return rows.astype(f"{order}u{bits // 8}").tobytes()
    places = (rows[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(places.reshape(len(rows), -1).astype(np.uint8), axis=1).tobytes()


def chunk(kind, content):
    """One part of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(values, bits, colour, *more, interlaced=False):
    """A PNG of (height, width[, channels]) values; `colour` is its colour type, `more` are parts before the pixels."""
    cells = values if values.ndim == 3 else values[..., None]
    parts = [cells[y::down, x::across] for y, x, down, across in PASSES] if interlaced else [cells]
    body = b"".join(b"\0" + packed(row[None], bits) for part in parts if part.size for row in part)
    size = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], bits, colour, 0, 0, int(interlaced))
    end = chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + b"".join(more) + end


SHORT, LONG = (3, "H"), (4, "I")


def tiff(values, bits, photometric, *, order="<", reversed_bits=False, **tags):
    """A TIFF of (height, width[, channels]) values in one strip; `tags` are `t338=(2,)` and the like, of 16 bits."""
    height, width = values.shape[:2]
    samples = values.shape[2] if values.ndim == 3 else 1
    pixels = packed(values, bits, order)
    if reversed_bits:
        pixels = np.packbits(np.unpackbits(np.frombuffer(pixels, np.uint8)), bitorder="little").tobytes()
    entries = {
        256: (LONG, (width,)), 257: (LONG, (height,)), 258: (SHORT, (bits,) * samples), 259: (SHORT, (1,)),
        262: (SHORT, (photometric,)), 266: (SHORT, (2 if reversed_bits else 1,)), 273: (LONG, (8,)),
        277: (SHORT, (samples,)), 278: (LONG, (height,)), 279: (LONG, (len(pixels),)), 284: (SHORT, (1,)),
    } | {int(name[1:]): (SHORT, each) for name, each in tags.items()}  # fmt: skip
    pixels += b"\0" * (len(pixels) % 2)
    start = 8 + len(pixels)
    end, behind, table = start + 2 + 12 * len(entries) + 4, b"", struct.pack(f"{order}H", len(entries))
    for tag, ((kind, letter), numbers) in sorted(entries.items()):
        content = struct.pack(f"{order}{len(numbers)}{letter}", *numbers)
        if len(content) > 4:
            content, behind = struct.pack(f"{order}I", end + len(behind)), behind + content
        table += struct.pack(f"{order}HHI", tag, kind, len(numbers)) + content.ljust(4, b"\0")
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}I", start)
    return head + pixels + table + bytes(4) + behind
