"""What a run will take, said before it starts."""

import time

import keras
import numpy as np

from cxr.training.batches import CHANNELS
from cxr.training.pictures import Pictures
from cxr.training.recipe import Recipe

TRAINING_STEP = 3.5
"""A step of training in forward passes: one forward, two for the gradients, and the optimiser."""

BYTES_A_PIXEL = 5500
"""What DenseNet-121 keeps of each pixel of the input for the backward pass, in 32 bits: 280 MB at 224 × 224."""

COPIES = 5
"""Of the weights: themselves, AdamW's two moments, their average, the gradients."""


def estimated(model: keras.Model, recipe: Recipe, training: Pictures) -> str:
    """A sentence on time, memory and disk, from two forward passes at the first stage's size."""
    first = recipe.stages[0]
    a_pixel = _seconds_of_a_pass(model, first.size, first.batch) / first.size**2
    seconds = sum(stage.epochs * len(training) * stage.size**2 * a_pixel * TRAINING_STEP for stage in recipe.stages)
    weights = sum(int(np.prod(variable.shape)) for variable in model.variables) * 4
    share = 1 if recipe.precision == "float32" else 0.5
    memory = COPIES * weights + max(stage.batch * stage.size**2 for stage in recipe.stages) * BYTES_A_PIXEL * share
    disk = training.pixels.nbytes + (COPIES + 2) * weights
    return f"About {_duration(seconds)}, {memory / 1e9:.1f} GB of memory and {disk / 1e9:.1f} GB of disk."


def _seconds_of_a_pass(model: keras.Model, size: int, batch: int) -> float:
    """For one picture, once the network is traced."""
    pictures = np.zeros((batch, size, size, CHANNELS), np.float32)
    model.predict_on_batch(pictures)
    began = time.monotonic()
    model.predict_on_batch(pictures)
    return (time.monotonic() - began) / batch


def _duration(seconds: float) -> str:
    if seconds < 5400:
        return f"{max(1, round(seconds / 60))} minutes"
    return f"{seconds / 3600:.1f} hours"
