"""The units in which networks of Keras' applications take their pixels.

Source: `keras.applications.*.preprocess_input`; RGB, from 8-bit values. `resnet_v1` is its mode "caffe" (ResNet v1 and
VGG), `-1..1` its mode "tf" (ResNet v2, MobileNet, Inception, Xception), `0..255` what networks take that scale by
themselves (EfficientNet, ConvNeXt, MobileNetV3), and `imagenet` and `resize_imagenet` of `cxr.preparation` its mode
"torch" (DenseNet).
"""

from collections.abc import Callable

import numpy as np

CAFFE_MEAN = np.array([103.939, 116.779, 123.68], np.float32)
"""Of ImageNet's pixels, in the order blue, green, red."""


def _caffe(pixels: np.ndarray) -> np.ndarray:
    """Blue, green, red, less their means; equal channels have no order, but each its own mean."""
    return np.broadcast_to(pixels, (*pixels.shape[:2], 3))[..., ::-1] - CAFFE_MEAN


SCALES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "0..255": lambda pixels: pixels,
    "0..1": lambda pixels: pixels / np.float32(255),
    "-1..1": lambda pixels: pixels / np.float32(127.5) - 1,
    "resnet_v1": _caffe,
}
"""Each takes `(h, w, 1 or 3)` float32, 0 to 255, and returns the input's values."""
