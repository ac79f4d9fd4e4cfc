"""Checks of a checkpoint's files alone: hashes, and names and shapes of the arrays."""

from collections.abc import Iterator

from hub.architecture import check_shapes
from hub.directory import Resolved
from hub.files import sha256_of
from hub.safetensors_header import read_header


def verify(resolved: Resolved) -> Iterator[str]:
    """Sentences on what was checked; raises CheckpointError at the first check that fails.

    The sha256 was compared when the source was resolved. Names and shapes are checked of native weights; of other
    layouts only the header is checked, since names need their conversion (`python -m cxr verify`).
    """
    config = resolved.config
    weights = resolved.directory / config["weights"]["file"]
    layout = config["weights"].get("layout", "keras")
    origin = f" at commit {resolved.revision}" if resolved.revision else ""
    yield f"{resolved.name}: {weights.name}, {weights.stat().st_size / 1e6:.1f} MB{origin}"
    stated = "as stated" if resolved.sha256 else "no sha256 is stated to compare with"
    yield f"sha256 {resolved.sha256 or sha256_of(weights)} ({stated})"
    if weights.suffix != ".safetensors":
        yield f"layout {layout}: its arrays are checked by python -m cxr verify"
        return
    header = read_header(weights)
    if layout == "keras":
        shapes = {key: entry.shape for key, entry in header.items()}
        check_shapes(shapes, head=tuple(config.get("head", ())), labels=len(config["labels"]))
        yield f"{len(header)} arrays, with the names and shapes of a DenseNet-121 of {len(config['labels'])} outputs"
    else:
        yield f"{len(header)} arrays of layout {layout}; their names are checked by python -m cxr verify"
