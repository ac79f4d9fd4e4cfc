"""Estimates a training run's time, memory and disk space before it starts."""

import time
from collections.abc import Sequence

import keras
import numpy as np

from cxr.training.batches import CHANNELS, TrainingBatches
from cxr.training.pictures import Pictures
from cxr.training.recipe import Recipe
from cxr.training.teachers import Teacher

TRAINING_STEP = 3.5
"""A step of training in forward passes: one forward, two for the gradients, and the optimiser."""

BYTES_A_PIXEL = 5500
"""Bytes that DenseNet-121 stores per pixel of the input for the backward pass, in float32: 280 MB at 224 × 224."""

COPIES = 5
"""Of the weights: themselves, AdamW's two moments, their average, the gradients."""


def estimated(
    model: keras.Model, recipe: Recipe, training: Pictures, an_epoch: int, teachers: Sequence[Teacher] = ()
) -> str:
    """Sentences on time, memory and disk space, and on whether the network will wait for pictures.

    an_epoch  pictures of one epoch
    teachers  each costs a forward pass at its own size; they are taken to be as large as the student

    Measured: two forward passes at the first stage's size, and the time to prepare one batch.
    """
    first = recipe.stages[0]
    a_pass = _seconds_of_a_pass(model, first.size, first.batch)
    a_pixel = a_pass / first.size**2
    scored = sum(teacher.size**2 for teacher in teachers)
    pixels = sum(stage.epochs * (TRAINING_STEP * stage.size**2 + scored) for stage in recipe.stages)
    seconds = an_epoch * pixels * a_pixel
    weights = sum(int(np.prod(variable.shape)) for variable in model.variables) * 4
    share = 1 if recipe.precision == "float32" else 0.5
    memory = (COPIES + len(teachers)) * weights + max(
        stage.batch * stage.size**2 for stage in recipe.stages
    ) * BYTES_A_PIXEL * share
    disk = training.pixels.nbytes + (COPIES + 2) * weights
    return (
        f"About {_duration(seconds)}, {memory / 1e9:.1f} GB of memory and {disk / 1e9:.1f} GB of disk. "
        f"A thread of the loader makes {_rate(pictures_a_second(recipe, training))} pictures a second, "
        f"the network takes {_rate(1 / (a_pass * TRAINING_STEP + a_pixel * scored))}."
    )


def pictures_a_second(recipe: Recipe, training: Pictures) -> float:
    """Augmented pictures of the first stage that one thread prepares per second while the network is idle."""
    first = recipe.stages[0]
    batches = TrainingBatches(
        training, size=first.size, batch=first.batch, augmentation=recipe.augmentation, mixup=recipe.mixup
    )
    batches[0]  # the pictures' file is mapped into memory, and read now
    began = time.monotonic()
    pictures, _ = batches[0]
    return len(pictures) / (time.monotonic() - began)


def _seconds_of_a_pass(model: keras.Model, size: int, batch: int) -> float:
    """For one picture, once the network is traced."""
    pictures = np.zeros((batch, size, size, CHANNELS), np.float32)
    model.predict_on_batch(pictures)
    began = time.monotonic()
    model.predict_on_batch(pictures)
    return (time.monotonic() - began) / batch


def _rate(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _duration(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    if minutes < 90:
        return f"{minutes} minute{'s' if minutes > 1 else ''}"
    return f"{seconds / 3600:.1f} hours"
