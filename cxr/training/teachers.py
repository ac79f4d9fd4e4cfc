"""Teachers: checkpoints of this project that score the same augmented picture as the student."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from cxr.checkpoint import read_checkpoint
from cxr.densenet import assign, densenet121
from cxr.training.batches import CHANNELS
from cxr.training.errors import TrainingError
from cxr.training.recipe import Distillation
from hub import resolve
from hub.architecture import OUTPUT_LAYER, STEM
from hub.errors import names_hint

RULE = "samplewise"


@dataclass(frozen=True, eq=False)
class Teacher:
    """A network to distil from.

    network  from `(N, size, size, channels)` to its logits; never changed
    columns  of its logits, in the order of the student's findings
    origin   name and sha256, for `training.teachers` of the student's configuration
    """

    network: keras.Model
    size: int
    columns: tuple[int, ...]
    origin: Mapping[str, Any]


def load_teacher(source: str, findings: Sequence[str]) -> Teacher:
    """A checkpoint as a teacher, on Keras' current backend.

    Raises TrainingError if it lacks a finding, or wants another input than training makes; SourceError and
    CheckpointError for the rest.
    """
    checkpoint = read_checkpoint(resolve(source))
    config = checkpoint.config
    if lacking := [finding for finding in findings if finding not in config.labels]:
        raise TrainingError(
            f"The teacher {source!r} has no output for {', '.join(lacking)}.",
            f"{names_hint(lacking[0], config.labels)} --order names what is trained.",
        )
    if config.input["rule"] != RULE:
        raise TrainingError(
            f"The teacher {source!r} has the input rule {config.input['rule']!r}; training uses {RULE!r}.",
            "Score the pictures with it, and give its logits as --soft-labels.",
        )
    channels = checkpoint.weights[STEM].shape[2]
    network = densenet121(
        (None, None, channels), outputs=len(config.labels), head=config.head, final_relu=config.final_relu
    )
    assign(network, checkpoint.weights)
    if keras.backend.backend() == "torch":
        from cxr.training.torch_layers import with_torch_layers

        network = with_torch_layers(network)
    identity = checkpoint.identity
    origin = {"name": identity.name, "source": identity.source, "sha256": identity.sha256}
    return Teacher(network, config.input["size"], tuple(config.labels.index(each) for each in findings), origin)


def following(
    student: keras.Model, teachers: Sequence[Teacher], distillation: Distillation, *, size: int, seed: int
) -> keras.Model:
    """The student and its teachers as one network for `DistillationLoss`, with outputs `(N, 2n + 1)`.

    Its inputs are pictures `(N, size, size, 3)`, and without teachers the probabilities `(N, n)` of a table of soft
    labels. Its variables are the student's own, and those of one linear layer a teacher where features are followed.
    These layers start at random for each such network, from `seed`.
    """
    picture = keras.Input((size, size, CHANNELS), name="picture")
    count = student.output.shape[-1]
    if not teachers:
        soft = keras.Input((count,), name="soft_labels")
        logits = student(picture)
        return keras.Model((picture, soft), _beside(logits, soft, ops.zeros_like(logits[:, :1])))
    features, logits = _with_features(student)(picture)
    answers, distances = [], []
    for number, teacher in enumerate(teachers):
        theirs, answer = _Answer(teacher.network)(_resized(picture, teacher))
        answers.append(ops.take(answer, np.array(teacher.columns), axis=-1))
        if distillation.features:
            guide = keras.layers.Dense(
                theirs.shape[-1], use_bias=False, name=f"guide_{number}", dtype="float32",
                kernel_initializer=keras.initializers.GlorotUniform(seed=seed + number),
            )  # fmt: skip
            distances.append(_cosine_distance(guide(features), theirs))
    soft = ops.sigmoid(_mean(answers) / distillation.temperature)
    distance = _mean(distances) if distances else ops.zeros_like(logits[:, :1])
    return keras.Model(picture, _beside(logits, soft, distance))


def _beside(logits, soft, distance):
    return ops.concatenate([ops.cast(each, "float32") for each in (logits, soft, distance)], axis=-1)


def _mean(tensors: Sequence):
    """The mean of several teachers' logits, in which a confident teacher outweighs an uncertain one."""
    return sum(tensors[1:], tensors[0]) / len(tensors)


def _cosine_distance(ours, theirs):
    ours, theirs = (ops.normalize(ops.cast(each, "float32"), axis=-1) for each in (ours, theirs))
    return 1 - ops.sum(ours * theirs, axis=-1, keepdims=True)


def _with_features(model: keras.Model) -> keras.Model:
    """(input of the output layer, logits), on the same layers."""
    return keras.Model(model.input, [model.get_layer(OUTPUT_LAYER).input, model.output])


class _Answer(keras.layers.Layer):
    """(features, logits) of a frozen network, whose variables are not tracked as this layer's.

    Two networks of one architecture have variables of the same paths. Where both are tracked, Keras on PyTorch keeps
    one of each path alone, and leaves gradients of the other to add up. A run's files are smaller without them too.
    """

    def __init__(self, network: keras.Model) -> None:
        super().__init__(trainable=False)
        network.trainable = False
        both = _with_features(network)
        self._widths = [output.shape[-1] for output in both.outputs]
        self._answer = lambda pictures: both(pictures, training=False)  # Keras looks for layers in attributes

    def call(self, pictures):
        return [ops.stop_gradient(each) for each in self._answer(pictures)]

    def compute_output_shape(self, input_shape):
        return [(input_shape[0], width) for width in self._widths]


def _resized(picture, teacher: Teacher):
    """To the teacher's size and channels; averaged where it shrinks."""
    picture = picture[..., : teacher.network.input.shape[-1]]
    if picture.shape[1] == teacher.size:
        return picture
    return ops.image.resize(picture, (teacher.size, teacher.size), interpolation="bicubic", antialias=True)
