"""Synthetic chests without findings, which stand for other radiographs: the project ships no patient's picture."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cxr.reading.radiograph import Radiograph

COUNT = 8

SIDE = 320
"""Pixels a side: more than any network of this family sees."""


@cache
def synthetic_chests() -> "tuple[Radiograph, ...]":
    """Eight of them, computed once."""
    from cxr.phantom import phantom

    return tuple(phantom(seed, size=SIDE).radiograph for seed in range(COUNT))
