"""Input rules: how a radiograph becomes the input that a network was trained on, and coordinates back.

Each rule is what the checkpoints of one family were trained with; running a network on another rule's input raises no
error and gives wrong scores. Sources: `original`, the application andohrinne-sudo/chest-xray-ai; `imagenet` and
`resize_imagenet`, torchvision's evaluation transforms; `xrv`, torchxrayvision 1.x; `samplewise`, this project; the
rules of `cxr.pixel_scales`, Keras' applications.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Protocol

import cv2
import numpy as np
from PIL import Image

from cxr.digests import digest_of
from cxr.frame import Box, Frame
from cxr.input_check import InputStatistics, input_statistics
from cxr.pixel_scales import SCALES
from cxr.reading.radiograph import Radiograph
from cxr.xrv_resize import gaussian_then_linear
from hub.errors import CheckpointError, names_hint

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
"""Pillow's filters, which average where they shrink, as OpenCV's and TensorFlow's of the same name do not."""

DEFAULT_SIZE_PX, SMALLEST_SIZE_PX, LARGEST_SIZE_PX = 224, 32, 1024

PARAMETERS: dict[str, tuple[str, ...]] = {
    "original": (),
    "imagenet": ("resize", "filter", "crop", "mean", "std"),
    "resize_imagenet": ("filter", "mean", "std"),
    "xrv": (),
    "samplewise": ("detail",),
    **dict.fromkeys(SCALES, ("filter", "channels")),
}
"""The parameters of each rule besides its size."""


@dataclass(frozen=True)
class InputRule:
    """A network's input rule: name, size, and the rule's other parameters (None for those that it doesn't have).

    size        side of the square input in pixels, 32 to 1024
    resize      `imagenet`: shorter side before the central crop; default 8/7 of the size (256 for 224)
    filter      `imagenet`, `resize_imagenet` and `cxr.pixel_scales`: "bilinear" (default) or "bicubic", Pillow's
    crop        `imagenet`: side of the central crop, which is the input's size
    mean, std   `imagenet`, `resize_imagenet`: per channel, of values 0 to 1; default ImageNet's
    detail      `samplewise`: side to which a larger picture is averaged first, so that all show the same detail
    channels    rules of `cxr.pixel_scales`: 3 (default) or 1

    Raises CheckpointError, since these come from a checkpoint's configuration, for an unknown rule, a parameter that
    the rule doesn't take, and values out of range.
    """

    rule: str
    size: int = DEFAULT_SIZE_PX
    resize: int | None = None
    filter: str | None = None
    crop: int | None = None
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    detail: int | None = None
    channels: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.rule, str) or self.rule not in PARAMETERS:
            raise CheckpointError(f"There is no input rule {self.rule!r}.", names_hint(str(self.rule), PARAMETERS))
        given = {field.name for field in fields(self)[2:] if getattr(self, field.name) is not None}
        if foreign := sorted(given - set(PARAMETERS[self.rule])):
            raise _unknown_parameter(self.rule, foreign[0])
        _check_whole("size", self.size, SMALLEST_SIZE_PX, LARGEST_SIZE_PX)
        for name, default in _defaults(self.rule, self.size).items():
            value = getattr(self, name)
            object.__setattr__(self, name, default if value is None else _plain(value))
        _check_values(self)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "InputRule":
        """The rule that the field `input` of a checkpoint's config.json describes."""
        if not isinstance(config, Mapping) or "rule" not in config:
            raise CheckpointError("The checkpoint's `input` names no rule.", names_hint("", PARAMETERS))
        known = {field.name for field in fields(cls)}
        if unknown := [name for name in config if name not in known]:
            raise _unknown_parameter(config["rule"], unknown[0])
        size = config.get("size", config.get("crop", DEFAULT_SIZE_PX))
        return cls(**{**config, "size": size})

    def parameter(self, name: str) -> Any:
        """The value of a parameter that this rule takes, such as `mean`."""
        value = getattr(self, name)
        if value is None:
            raise ValueError(f"The input rule {self.rule!r} takes no {name!r}.")
        return value

    def to_config(self) -> dict[str, object]:
        """What `from_config` reads: JSON types, without the parameters that the rule doesn't take."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if value is not None
        }

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of what `prepare` gives: one channel for `xrv`, else three unless it says one."""
        return self.size, self.size, 1 if self.rule == "xrv" else self.channels or 3


class Rule(Protocol):
    """What every way of preparing a radiograph says of itself: its name, its input's shape, and its parameters."""

    @property
    def rule(self) -> str: ...

    @property
    def input_shape(self) -> tuple[int, int, int]: ...

    def to_config(self) -> dict[str, object]: ...


@dataclass(frozen=True, eq=False)
class Prepared:
    """The network's input from one radiograph.

    array       (height, width, channels) float32, read-only
    frame       coordinates between this input and the radiograph
    statistics  of the array, with a verdict on the picture
    """

    array: np.ndarray
    frame: Frame
    rule: Rule
    statistics: InputStatistics

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the array, in hex."""
        return digest_of(self.array)


def prepare(radiograph: Radiograph, rule: InputRule | Mapping[str, Any]) -> Prepared:
    """What a network trained with `rule` sees of the radiograph. Raises CheckpointError for an unknown rule."""
    if not isinstance(rule, InputRule):
        rule = InputRule.from_config(rule)
    values, crop = RULES[rule.rule](radiograph, rule)
    array = np.empty(rule.input_shape, np.float32)
    for channel in range(array.shape[-1]):  # whole channels are copied faster than three equal values a pixel
        array[..., channel] = values[..., min(channel, values.shape[-1] - 1)]
    array.flags.writeable = False
    frame = Frame((radiograph.height, radiograph.width), rule.input_shape[:2], crop)
    return Prepared(array, frame, rule, input_statistics(array[..., : values.shape[-1]], radiograph.grey, crop))


def _original(radiograph: Radiograph, rule: InputRule) -> tuple[np.ndarray, Box]:
    """Pillow's bicubic to the square, then the mean and standard deviation of the picture itself over all channels."""
    values = _resized(radiograph, rule.size, rule.size, "bicubic") / 255.0
    return (values - values.mean()) / (values.std() + 1e-11), _whole(radiograph)


def _imagenet(radiograph: Radiograph, rule: InputRule) -> tuple[np.ndarray, Box]:
    """Shorter side to `resize`, central crop, mean and standard deviation per channel."""
    shorter = min(radiograph.height, radiograph.width)
    # int(), not round(): torchvision's long side
    height, width = (int(rule.parameter("resize") * side / shorter) for side in (radiograph.height, radiograph.width))
    top, left = round((height - rule.size) / 2), round((width - rule.size) / 2)
    resized = _resized(radiograph, height, width, rule.parameter("filter"))
    values = _standardised(resized[top : top + rule.size, left : left + rule.size], rule)
    down, across = radiograph.height / height, radiograph.width / width
    return values, (top * down, left * across, rule.size * down, rule.size * across)


def _resize_imagenet(radiograph: Radiograph, rule: InputRule) -> tuple[np.ndarray, Box]:
    """Straight to the square, then mean and standard deviation per channel."""
    return _standardised(_resized(radiograph, rule.size, rule.size, rule.parameter("filter")), rule), _whole(radiograph)


def _xrv(radiograph: Radiograph, rule: InputRule) -> tuple[np.ndarray, Box]:
    """[-1024, 1024], central square, then as `skimage.transform.resize` shrinks it. One channel: the first."""
    # torchxrayvision takes the first channel of a colour picture, not its luma
    values = radiograph.rgb[..., 0] / np.float32(255) if radiograph.colour else radiograph.grey
    side = min(values.shape)
    top, left = (length // 2 - side // 2 for length in values.shape)
    square = (2 * values[top : top + side, left : left + side] - 1) * np.float32(1024)
    weights = gaussian_then_linear(side, rule.size)
    resized = np.clip(weights @ square @ weights.T, square.min(), square.max())
    return resized[..., None], (float(top), float(left), float(side), float(side))


def _samplewise(radiograph: Radiograph, rule: InputRule) -> tuple[np.ndarray, Box]:
    """Averaged to `detail`, never enlarged to it; bicubic to the square; the picture's own mean and deviation."""
    values = _averaged(radiograph.grey, rule.detail) if rule.detail else radiograph.grey
    values = _averaged(values, rule.size)
    if values.shape != (rule.size, rule.size):
        values = cv2.resize(values, (rule.size, rule.size), interpolation=cv2.INTER_CUBIC)
    values = values.astype(np.float64)
    return ((values - values.mean()) / (values.std() + 1e-6))[..., None], _whole(radiograph)


def _scaled(radiograph: Radiograph, rule: InputRule) -> tuple[np.ndarray, Box]:
    """Straight to the square, then in the units of the rule's name."""
    pixels = _resized(radiograph, rule.size, rule.size, rule.parameter("filter")).astype(np.float32)
    if rule.channels == 1:
        pixels = pixels.mean(axis=-1, keepdims=True)
    return SCALES[rule.rule](pixels), _whole(radiograph)


RULES: dict[str, Callable[[Radiograph, InputRule], tuple[np.ndarray, Box]]] = {
    "original": _original,
    "imagenet": _imagenet,
    "resize_imagenet": _resize_imagenet,
    "xrv": _xrv,
    "samplewise": _samplewise,
    **dict.fromkeys(SCALES, _scaled),
}


def _whole(radiograph: Radiograph) -> Box:
    return 0.0, 0.0, float(radiograph.height), float(radiograph.width)


def _resized(radiograph: Radiograph, height: int, width: int, filter_name: str) -> np.ndarray:
    """(height, width, 1 or 3) uint8 by Pillow; equal channels are resized once, which gives the same numbers."""
    channels = radiograph.rgb if radiograph.colour else radiograph.rgb[..., 0]
    resized = Image.fromarray(channels).resize((width, height), FILTERS[filter_name])
    return np.asarray(resized).reshape(height, width, -1)


def _standardised(pixels: np.ndarray, rule: InputRule) -> np.ndarray:
    mean, std = (np.array(rule.parameter(name), np.float32) for name in ("mean", "std"))
    return (pixels / np.float32(255) - mean) / std


def _averaged(values: np.ndarray, side: int) -> np.ndarray:
    """Area-averaged to at most `side` pixels along each axis."""
    height, width = (min(side, length) for length in values.shape)
    if (height, width) == values.shape:
        return values
    return cv2.resize(values, (width, height), interpolation=cv2.INTER_AREA)


def _defaults(rule: str, size: int) -> dict[str, object]:
    if rule == "imagenet":
        resize = round(size * 256 / 224)
        return {"resize": resize, "filter": "bilinear", "crop": size, "mean": IMAGENET_MEAN, "std": IMAGENET_STD}
    if rule == "resize_imagenet":
        return {"filter": "bilinear", "mean": IMAGENET_MEAN, "std": IMAGENET_STD}
    return {"filter": "bilinear", "channels": 3} if rule in SCALES else {}


def _plain(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _check_values(rule: InputRule) -> None:
    if rule.resize is not None:
        _check_whole("resize", rule.resize, rule.size, 4 * LARGEST_SIZE_PX)
    if rule.crop is not None and rule.crop != rule.size:
        raise CheckpointError(f"The crop ({rule.crop}) is the input: it must equal its size ({rule.size}).")
    if rule.filter is not None and rule.filter not in FILTERS:
        raise CheckpointError(f"There is no filter {rule.filter!r}.", names_hint(str(rule.filter), FILTERS))
    if rule.detail is not None:
        _check_whole("detail", rule.detail, SMALLEST_SIZE_PX, LARGEST_SIZE_PX)
    if rule.channels not in (None, 1, 3):
        raise CheckpointError(f"The input's channels are {rule.channels!r}; they must be 1 or 3.")
    for name in ("mean", "std"):
        _check_per_channel(name, getattr(rule, name), above_zero=name == "std")


def _check_whole(name: str, value: object, smallest: int, largest: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not smallest <= value <= largest:
        raise CheckpointError(f"The input's {name} is {value!r}; it must be a whole number, {smallest} to {largest}.")


def _check_per_channel(name: str, values: Any, *, above_zero: bool) -> None:
    if values is None:
        return
    numbers = isinstance(values, tuple) and all(isinstance(value, float | int) for value in values)
    if not numbers or len(values) != 3 or not np.isfinite(values).all() or (above_zero and min(values) <= 0):
        above = " above zero" if above_zero else ""
        raise CheckpointError(f"The input's {name} is {values!r}; it must be three numbers{above}.")


def _unknown_parameter(rule: object, name: str) -> CheckpointError:
    known = ("size", *(PARAMETERS.get(rule, ()) if isinstance(rule, str) else ()))
    return CheckpointError(f"The input rule {rule!r} takes no {name!r}.", names_hint(name, known))
