"""Networks small enough for paper, behind the real Predictor and Context."""

from collections.abc import Callable

import numpy as np
import pytest

LABELS = ("Effusion", "Mass")


@pytest.fixture
def context_of() -> Callable:
    """context_of(model, input (h, w, c) or (h, w), **context_arguments) -> Context; outputs are Effusion and Mass."""
    from cxr.checkpoint import CheckpointConfig, Identity
    from cxr.frame import Frame
    from cxr.network import KerasNetwork
    from cxr.predictor import Predictor
    from cxr.preparation import InputRule, Prepared
    from explainers import Context

    def build(model, values, **arguments):
        array = np.array(values, np.float32)
        array = array if array.ndim == 3 else array[..., None]
        array.flags.writeable = False
        config = CheckpointConfig(name="tiny", labels=LABELS, input={"rule": "samplewise", "size": 32})
        predictor = Predictor(KerasNetwork(model), config, Identity("tiny", "tiny", None, ""))
        height, width, _ = array.shape
        frame = Frame((height, width), (height, width), (0.0, 0.0, float(height), float(width)))
        prepared = Prepared(array, frame, InputRule("samplewise", 32), statistics=None)
        return Context(predictor, None, prepared, **arguments)

    return build


@pytest.fixture
def linear() -> Callable:
    """linear(weights (h, w[, c]), bias=0, scale=1) -> a network whose Effusion logit is Σ weights · input + bias.

    Its Mass logit has the weights turned by 180°. The layer `copy` passes the input on.
    """
    import keras

    def build(weights, *, bias=0.0, scale=1.0):
        weights = np.array(weights, np.float32)
        weights = weights if weights.ndim == 3 else weights[..., None]
        pixels = keras.Input(weights.shape)
        copy = keras.layers.Activation("linear", name="copy")(pixels)
        dense = keras.layers.Dense(2)
        model = keras.Model(pixels, dense(keras.layers.Flatten()(copy)))
        kernel = np.stack([weights.ravel(), weights[::-1, ::-1].ravel()], axis=1)
        dense.set_weights([scale * kernel, np.full(2, bias, np.float32)])
        return model

    return build


@pytest.fixture
def pooled() -> Callable:
    """pooled(size (h, w), channels (c, k), head (k, 2), bias=0) -> a network like DenseNet's end.

    `features` weighs the input's channels into k channels at each pixel, `relu` rectifies them; they are averaged over
    the pixels and weighed by the head.
    """
    import keras

    def build(size, channels, head, *, bias=0.0, channel_bias=None):
        channels, head = np.array(channels, np.float32), np.array(head, np.float32)
        pixels = keras.Input((*size, channels.shape[0]))
        convolution = keras.layers.Conv2D(channels.shape[1], 1, name="features")
        rectified = keras.layers.ReLU(name="relu")(convolution(pixels))
        dense = keras.layers.Dense(2)
        model = keras.Model(pixels, dense(keras.layers.GlobalAveragePooling2D()(rectified)))
        shift = np.zeros(channels.shape[1]) if channel_bias is None else np.array(channel_bias)
        convolution.set_weights([channels[None, None], shift])
        dense.set_weights([head, np.full(2, bias)])
        return model

    return build


@pytest.fixture
def planted_comparison() -> Callable:
    """planted_comparison(explainer, options) -> Explanation of the planted network's bright disc."""
    from cxr.planted_network import FOR_BRIGHT, Disc, picture, planted
    from explainers import compare
    from explainers.running.comparison import Finished

    def run(explainer, options):
        given = {explainer: options} if options else {}
        *_, done = compare(planted(), picture(Disc(22.0, 66.0)), FOR_BRIGHT, [explainer], options=given)
        assert isinstance(done, Finished), done
        return done.explanation

    return run
