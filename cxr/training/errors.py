"""Errors of training and evaluation; the whole tree is drawn in `hub.errors`."""

from hub.errors import CxrLensError


class LabelError(CxrLensError):
    """A table of labels, or the pictures it names, is not what it should be. Nothing was written."""

    code = "LABELS"
