"""Reads configuration and weights of a resolved checkpoint directory, in NumPy, from files of every layout."""

from cxr.checkpoint.config import Calibration, CheckpointConfig, Threshold
from cxr.checkpoint.heads import Heads
from cxr.checkpoint.reading import Checkpoint, Identity, read_checkpoint

__all__ = ["Calibration", "Checkpoint", "CheckpointConfig", "Heads", "Identity", "Threshold", "read_checkpoint"]
