"""Errors of training and evaluation; the whole tree is drawn in `hub.errors`."""

from hub.errors import CxrLensError


class LabelError(CxrLensError):
    """A table of labels, or the pictures it names, is not what it should be. Nothing was written."""

    code = "LABELS"


class TrainingError(CxrLensError):
    """A training run can't start or go on as asked: options that don't fit, or a folder of another run."""

    code = "TRAINING"
