"""Pictures as the client takes them: files, their contents, or arrays, which are sent as 16-bit PNG."""

import os
import struct
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

Picture = str | os.PathLike[str] | bytes | np.ndarray
"""A file's name, a file's contents, or grey values (height, width): bool, uint8, uint16, or floats in [0, 1]."""


@contextmanager
def picture_file(picture: Picture) -> Iterator[str]:
    """The name of a file with the picture, deleted afterwards unless it was the caller's."""
    if isinstance(picture, str | os.PathLike):
        yield os.fspath(picture)
        return
    content = png_of(picture) if isinstance(picture, np.ndarray) else picture
    with tempfile.TemporaryDirectory(prefix="cxr-lens-client-") as folder:
        # a random name: Gradio stores equal files of one name once, and the server deletes them once they were read
        place = Path(folder) / f"{os.urandom(8).hex()}.png"
        place.write_bytes(content)
        yield str(place)


def png_of(values: np.ndarray) -> bytes:
    """A 16-bit grey PNG of (height, width) values: bool, unsigned integers of 8 or 16 bits, or floats in [0, 1].

    Raises ValueError for other shapes, types and values.
    """
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(f"The array has the shape {values.shape}; (height, width) was expected.")
    if np.issubdtype(values.dtype, np.floating):
        if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
            raise ValueError("Floats must be finite and from 0 to 1.")
        scaled = np.round(values * 65535.0).astype(np.uint16)
    elif values.dtype in (np.uint8, np.bool_):
        scaled = values.astype(np.uint16) * (257 if values.dtype == np.uint8 else 65535)
    elif values.dtype == np.uint16:
        scaled = values
    else:
        raise ValueError(f"The array has the type {values.dtype}; bool, uint8, uint16 or floats were expected.")
    height, width = values.shape
    rows = np.zeros((height, 1 + 2 * width), np.uint8)  # each row begins with its filter, 0 for none
    rows[:, 1:] = np.ascontiguousarray(scaled.astype(">u2")).view(np.uint8)
    header = struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
