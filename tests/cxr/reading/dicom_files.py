"""DICOM files of known values, made in memory, for the tests of reading."""

import io

import numpy as np
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from cxr import read_radiograph


def stored(bits=12):
    """150 × 140 values that use all bits, without any symmetry."""
    return np.linspace(0, 2**bits - 1, 150 * 140).astype(np.uint16 if bits > 8 else np.uint8).reshape(150, 140)


def dataset(pixels=None, bits=12, **tags):
    pixels = stored(bits) if pixels is None else pixels
    made = FileDataset(None, {}, preamble=bytes(128))
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID, made.SOPInstanceUID = DigitalXRayImageStorageForPresentation, "1.2.3.4"
    made.PatientName, made.PatientID = "SECRET^JANE", "4711"
    made.Modality = "DX"
    made.Rows, made.Columns = pixels.shape[-2:]
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit = pixels.dtype.itemsize * 8, bits, bits - 1
    made.PixelRepresentation = int(pixels.dtype.kind == "i")
    made.PixelData = pixels.tobytes()
    made["PixelData"].VR = "OW"
    for name, value in tags.items():
        setattr(made, name, value)
    return made


def content(made, **settings):
    buffer = io.BytesIO()
    made.save_as(buffer, **{"enforce_file_format": True, **settings})
    return buffer.getvalue()


def grey(made):
    return read_radiograph(content(made)).grey


def table(entries, first, bits, values):
    item = Dataset()
    item.LUTDescriptor = [entries, first, bits]
    item.LUTData = list(values)
    item["LUTDescriptor"].VR = item["LUTData"].VR = "US"
    return Sequence([item])


def with_bytes(made, name, value, kind="DS"):
    """The data set with a tag of exactly these bytes, whatever the standard says of them."""
    tag = Tag(tag_for_keyword(name))
    value += b" " * (len(value) % 2)
    implicit = made.file_meta.TransferSyntaxUID == ImplicitVRLittleEndian
    made[tag] = RawDataElement(tag, None if implicit else kind, len(value), value, 0, implicit, True)
    return made


def implicit(made):
    """The data set, to be written without the types of its values."""
    made.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return made
