"""Reading radiographs within a bound on the memory of all of them together.

A picture of 50 megapixels in 16-bit colour takes 2 GB while it is decoded, so that the limit of each picture's size is
no limit of the server's memory.
"""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from cxr import Radiograph, read_radiograph
from cxr.errors import Busy
from cxr.reading.picture_file import DAMAGE, FORMATS
from cxr.reading.pixels import LARGEST_PIXELS

BYTES_A_PIXEL = 40
"""Most that decoding takes: 16-bit RGBA, its copies in PIL and OpenCV, and float32 of its channels."""

LONGEST_WAIT_S = 20
"""How long a picture waits for others' memory; it holds a place among the calls that run meanwhile."""


class PictureMemory:
    """Bytes that pictures take, with a bound on their sum. One picture is always read, whatever it takes."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._taken = 0
        self._changed = threading.Condition()

    @contextmanager
    def reading(self, content: bytes, *, window: str = "") -> Iterator[Radiograph]:
        """The radiograph in a file, whose memory counts until the `with` block ends.

        Raises RadiographError as `read_radiograph` does, and Busy if other pictures take the memory for too long.
        """
        held = self._take(_decoding_bytes(content))
        try:
            radiograph = read_radiograph(content, window=window)
            held = self._resize(held, radiograph.grey.nbytes + (radiograph.rgb.nbytes if radiograph.colour else 0))
            yield radiograph
        finally:
            self._resize(held, 0)

    def read(self, content: bytes, *, window: str = "") -> Radiograph:
        """The radiograph in a file; only its decoding counts, since sessions bound what they hold themselves."""
        with self.reading(content, window=window) as radiograph:
            return radiograph

    @property
    def taken_bytes(self) -> int:
        """Of all pictures now."""
        with self._changed:
            return self._taken

    def _take(self, count: int) -> int:
        with self._changed:
            fits = self._changed.wait_for(lambda: not self._taken or self._taken + count <= self._most, LONGEST_WAIT_S)
            if not fits:
                raise Busy("Other large pictures are being read.", "Try again in a minute.")
            self._taken += count
        return count

    def _resize(self, held: int, count: int) -> int:
        with self._changed:
            self._taken += count - held
            self._changed.notify_all()
        return count


def _decoding_bytes(content: bytes) -> int:
    """Memory that decoding takes at most, by the size that the file declares; DICOM counts as the largest picture."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            pixels = min(image.width * image.height, LARGEST_PIXELS)
    except (*DAMAGE, Image.DecompressionBombError, Image.DecompressionBombWarning):
        pixels = LARGEST_PIXELS
    return pixels * BYTES_A_PIXEL
