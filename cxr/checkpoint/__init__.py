"""From a resolved checkpoint directory to its configuration and weights, in NumPy, whatever layout the files have."""

from cxr.checkpoint.config import Calibration, CheckpointConfig, Threshold
from cxr.checkpoint.heads import Heads
from cxr.checkpoint.reading import Checkpoint, Identity, read_checkpoint

__all__ = ["Calibration", "Checkpoint", "CheckpointConfig", "Heads", "Identity", "Threshold", "read_checkpoint"]
