"""The header of a safetensors file (huggingface/safetensors' format), checked against the file.

The safetensors library is not used: its NumPy reader has no bfloat16, it does not limit sizes before it allocates, and
its errors do not name the array. The format is a JSON header followed by the values.
"""

import json
import math
from pathlib import Path
from typing import Any, NamedTuple

from hub.errors import CheckpointError

ITEM_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
OTHERS = {
    b"<": "a web page, as a download gives that asks for a login",
    b'{"': "JSON, as a server's error",
    b"PK\x03\x04": "a ZIP archive, as PyTorch and Keras save weights",
    b"\x89HDF": "an HDF5 file",
    b"\x80\x02": "a pickle",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
    b"\x1f\x8b": "a gzip archive",
}
"""What other files begin with. Asked only where the header would be too long: one that fits may begin so too."""

HEADER_LIMIT_BYTES = 16 << 20
FILE_LIMIT_BYTES = 2 << 30


class Entry(NamedTuple):
    """A tensor of the file: its type, its shape, and where its bytes begin and end in the file."""

    kind: str
    shape: tuple[int, ...]
    begin: int
    end: int


def read_header(file: Path) -> dict[str, Entry]:
    """{key: entry} of a file. Raises CheckpointError for another format, or for a header that doesn't fit the file."""
    size = file.stat().st_size
    if size > FILE_LIMIT_BYTES:
        raise CheckpointError(f"{file.name} has {size} bytes; at most {FILE_LIMIT_BYTES} are read.")
    if size < 8:
        raise CheckpointError(f"{file.name} is not a safetensors file: it has {size} bytes.")
    with file.open("rb") as stream:
        begin = stream.read(8)
        length = int.from_bytes(begin, "little")
        if length > min(HEADER_LIMIT_BYTES, size - 8):
            if kind := next((kind for sign, kind in OTHERS.items() if begin.lstrip().startswith(sign)), ""):
                raise CheckpointError(f"{file.name} is {kind}, no safetensors file.", "Download or save it again.")
            raise CheckpointError(f"{file.name}: the header claims {length} bytes; the file has {size} in all.")
        text = stream.read(length)
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{file.name} has no readable safetensors header.") from error
    if not isinstance(header, dict):
        raise CheckpointError(f"{file.name} has no safetensors header.")
    start = 8 + length
    return {key: _entry(file, key, entry, start, size) for key, entry in header.items() if key != "__metadata__"}


def _entry(file: Path, key: str, entry: Any, start: int, size: int) -> Entry:
    try:
        kind, shape, (begin, end) = entry["dtype"], tuple(int(n) for n in entry["shape"]), entry["data_offsets"]
        fits = 0 <= begin <= end <= size - start and all(n >= 0 for n in shape)
        fits = fits and math.prod(shape) * ITEM_BYTES[kind] == end - begin
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{file.name}: the entry of {key!r} can't be read.") from error
    if not fits:
        raise CheckpointError(
            f"{file.name}: {key!r} claims the shape {list(shape)} at bytes {begin} to {end}, which don't fit."
        )
    return Entry(kind, shape, start + begin, start + end)
