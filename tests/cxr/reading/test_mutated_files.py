"""Files with bytes changed at random: each is read, or refused in words. No other error leaves the reader."""

import io

import numpy as np
import pytest

from cxr import read_radiograph
from cxr.errors import RadiographError

pytest.importorskip("pydicom", reason="needs the extra dicom")
tifffile = pytest.importorskip("tifffile", reason="needs the extra test")

from tests.cxr.reading.dicom_files import content, dataset, implicit, table  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # of what is damaged

EACH = 150


def tiff(values, **settings):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **settings)
    return buffer.getvalue()


RAMP = np.arange(3 * 80 * 90).astype(np.uint16).reshape(3, 80, 90)
FILES = {
    "DICOM": content(dataset(WindowCenter="1000", WindowWidth="400", PixelSpacing=["0.1", "0.2"],
                             VOILUTSequence=table(256, 0, 8, range(256)), PatientOrientation=["L", "F"])),
    "DICOM, implicit": content(implicit(dataset(RescaleSlope="1", VOILUTSequence=table(256, 0, 8, range(256))))),
    "TIFF in planes": tiff(RAMP, photometric="rgb", planarconfig="separate"),
    "TIFF in planes, compressed": tiff(RAMP, photometric="rgb", planarconfig="separate", compression="zlib"),
    "TIFF": tiff(RAMP[0], compression="lzw"),
    "TIFF, float": tiff(RAMP[0].astype(np.float32), tile=(32, 32)),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_with_changed_bytes_is_read_or_refused(name):
    rng = np.random.default_rng(sum(map(ord, name)))
    head = 1800 if name.startswith("DICOM") else 500
    refused = 0
    for number in range(EACH):
        changed = bytearray(FILES[name])
        for place in rng.integers(0, min(head, len(changed)), rng.integers(1, 4)):
            changed[place] = rng.integers(0, 256)
        if number % 3 == 0:
            changed = changed[: rng.integers(8, len(changed))]
        try:
            read_radiograph(bytes(changed))
        except RadiographError:
            refused += 1
    assert refused > EACH // 5


def test_deep_colour_behind_a_preview_is_refused_by_name():
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        writer.write(RAMP[0, ::2, ::2], photometric="minisblack", subfiletype=1, metadata=None)
        writer.write(np.moveaxis(RAMP, 0, -1), photometric="rgb", metadata=None)
    with pytest.raises(RadiographError, match="behind a preview, which is not read"):
        read_radiograph(buffer.getvalue())
