"""Errors of reading and scoring; the whole tree is in `hub.errors`."""

from hub.errors import CxrLensError


class RadiographError(CxrLensError):
    """The picture can't be read as a radiograph: not an image, damaged, too large, too small, constant, in frames."""

    code = "RADIOGRAPH"


class FindingError(CxrLensError):
    """The loaded checkpoint has no output for a finding of that name."""

    code = "FINDING"


class Busy(CxrLensError):
    """More work is waiting than can be done soon. Nothing was started; the same call may succeed later."""

    code = "BUSY"


class LayerError(CxrLensError):
    """The network has no layer of that name with a map, or the operation is not possible at that layer."""

    code = "LAYER"


class NotAvailable(CxrLensError):
    """The network can't be asked for that: it gives no inner layers, or no gradients."""

    code = "NOT_AVAILABLE"


class EngineError(CxrLensError):
    """No engine of that name computes forward passes here."""

    code = "ENGINE"


class LabelError(CxrLensError):
    """A table of labels, or the pictures it names, is not what it should be. Nothing was written."""

    code = "LABELS"


class FolderError(CxrLensError):
    """A folder of radiographs or of results can't be opened, or holds something else. Nothing was written into it."""

    code = "FOLDER"
