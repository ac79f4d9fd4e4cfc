"""Errors of training; the whole tree is drawn in `hub.errors`."""

from hub.errors import CxrLensError


class TrainingError(CxrLensError):
    """A training run can't start or go on as asked: options that don't fit, or a folder of another run."""

    code = "TRAINING"
