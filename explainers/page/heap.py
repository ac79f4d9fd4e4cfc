"""How the memory that this process has freed goes back to the system, where the C library is glibc."""

import ctypes
import gc
from contextlib import suppress

FRUGAL = {-8: 1, -1: 10_000_000, -3: 4_000_000}
"""glibc's M_ARENA_MAX, M_TRIM_THRESHOLD and M_MMAP_THRESHOLD: one heap for all threads, and what is free goes back."""


def configure() -> None:
    """Set how glibc returns memory; otherwise it keeps the memory of each thread: 200 MB after a comparison."""
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        for setting, value in FRUGAL.items():
            mallopt(setting, value)


def give_back(*, collect: bool) -> None:
    """Return what is free in the middle of the heap too: 400 MB after one network took another's place.

    collect  whether to look for garbage first, which stops every thread: of use where a network was dropped
    """
    if collect:
        gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
