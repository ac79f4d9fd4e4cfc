"""What a compressed stream in a DICOM file says of itself in its headers, before it is decoded."""

import struct

from cxr.reading.foreign import jpeg_frame_header

JPEG_2000 = b"\xff\x4f\xff\x51"
"""Start of a codestream and of its first header, which are also inside the files of JPEG 2000."""

CODING_STYLE, START_OF_TILE = 0x52, 0x90
JPEG_LS = 0xF7


def coded_size(stream: bytes) -> tuple[int, int] | None:
    """(height, width) that a JPEG, JPEG-LS or JPEG 2000 stream declares; None for others (RLE is bounded by itself)."""
    start = stream.find(JPEG_2000)
    if start >= 0:
        right, bottom, left, top = struct.unpack_from(">4I", stream, start + 8)
        return bottom - top, right - left
    frame = jpeg_frame_header(stream)
    return struct.unpack_from(">2H", stream, frame + 5) if frame is not None else None


def coded_precision(stream: bytes) -> int | None:
    """Bits per sample of a JPEG, JPEG-LS or JPEG 2000 stream; None for others."""
    start = stream.find(JPEG_2000)
    if start >= 0:
        return (stream[start + 42] & 0x7F) + 1
    frame = jpeg_frame_header(stream)
    return stream[frame + 4] if frame is not None else None


def is_lossy(stream: bytes) -> bool:
    """Whether a stream holds approximate values, which may lie beyond the range of those that were coded."""
    start = stream.find(JPEG_2000)
    if start >= 0:
        style = _jpeg_2000_header(stream, start + 2, CODING_STYLE)
        return style is not None and stream[style + 13] == 0  # the irreversible wavelet
    frame = jpeg_frame_header(stream)
    if frame is None:
        return False
    marker = stream[frame + 1]
    if marker != JPEG_LS:
        return marker not in (0xC3, 0xC7, 0xCB, 0xCF)
    scan = stream.find(b"\xff\xda", frame)
    return scan >= 0 and stream[scan + 5 + 2 * stream[scan + 4]] > 0  # the largest error of a sample


def _jpeg_2000_header(stream: bytes, position: int, wanted: int) -> int | None:
    """Where the marker of one of the main headers begins."""
    while position + 4 <= len(stream) and stream[position] == 0xFF and stream[position + 1] != START_OF_TILE:
        if stream[position + 1] == wanted:
            return position
        position += 2 + struct.unpack_from(">H", stream, position + 2)[0]
    return None
