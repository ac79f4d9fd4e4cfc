"""Checks of a map's numbers against what can be computed without it: sums, finite differences, magnitudes, channels."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from explainers.contract.explainer import Explainer
from explainers.kit.explainer_runner import DISC, ExplainerRunner, Run, disc, network
from explainers.kit.report import CheckFailed, NotApplicable

if TYPE_CHECKING:
    from cxr.planted_network import PlantedPredictor
    from cxr.reading.radiograph import Radiograph

DERIVATIVE = "logit per input unit"

SUM_RELATIVE, SUM_LEAST = {"linear": 0.01, "planted": 0.15, "randomised": 0.15}, 1e-2
"""By which a sum may miss what is promised: as a share, more where an integral is not linear, and in logits where the
promise is small."""

SLOPE_RELATIVE = 0.02
"""Of the largest slope: by which a derivative may miss the quotient of differences."""

LEAST_SUM, MOST_CELL = 0.2, 2.0
"""Of the logit's fall without the disc: the least that a map's magnitudes sum to, and the most that one cell has."""

MOST_OF_AN_OPTION = 128
"""Options with a larger upper bound are not tried there."""

CHANNEL_RELATIVE = 0.05
"""By which the response to one channel may differ from that to another, for the same change of the logit."""

MARGIN = (16, 8)
"""Rows and columns of a picture that a cropping network does not see."""


def sums(runner: ExplainerRunner) -> str:
    """Where a sum is promised, the cells sum to it: for each choice of an option, for findings for and against."""
    from cxr.planted_network import AGAINST_BRIGHT, FOR_BRIGHT

    promised = 0
    for settings in choices(runner):
        for kind, given in (("linear", {}), ("planted", {}), ("randomised", {"seed": 5})):
            if kind != "linear" and runner.explainer.stochastic:
                continue  # an estimate; on a linear network it is exact
            for finding in (FOR_BRIGHT, AGAINST_BRIGHT):
                run = runner.run(disc(), finding, on=network(kind, **given), options=settings)
                promise = run.context.notes.get("promised_sum", {}).get(finding)
                if promise is not None:
                    _check_sum(run, promise, settings, SUM_RELATIVE[kind])
                    promised += 1
    if not promised:
        raise NotApplicable("It promises no sum.")
    return f"kept {promised} times"


def _check_sum(run: Run, promise: float, settings: dict[str, Any], relative: float) -> None:
    total = float(run.map.sum(dtype=np.float64))
    if abs(total - promise) > max(relative * abs(promise), SUM_LEAST):
        given = f" with {settings}" if settings else ""
        raise CheckFailed(
            f"The cells sum to {total:.4g}{given}; context.promise_sum said {promise:.4g}. Look for a mean in place of "
            "a sum, a missing factor or a sign, or promise nothing."
        )


def derivative(runner: ExplainerRunner) -> str:
    """A map in logits per input unit is the quotient of differences, pixel by pixel, where the network is linear."""
    from cxr.planted_network import FOR_BRIGHT, SIZE

    if runner.explainer.unit != DERIVATIVE:
        raise NotApplicable(f"Its unit is {runner.explainer.unit!r}.")
    on = network("linear")
    slopes = _slopes(on)
    for settings in choices(runner):
        for finding in (FOR_BRIGHT, on.labels[-1]):
            values = runner.map(disc(), finding, on=on, options=settings)
            if values.shape != SIZE:
                raise NotApplicable("Its cells are larger than a pixel.")
            expected = slopes[..., on.labels.index(finding)]
            if not runner.explainer.is_signed(runner.options(settings, on)):
                expected = np.abs(expected)
            _check_slopes(values, expected)
    return "that of differences, at every pixel"


def _slopes(on: "PlantedPredictor") -> np.ndarray:
    """(h, w, n): what one input unit more in all channels of a pixel adds to each logit of a linear network."""
    from cxr.planted_network import SIZE

    base = on.prepare(disc()).array
    none = on.forward(base[None])[0]
    found = []
    for row in range(SIZE[0]):
        batch = np.repeat(base[None], SIZE[1], axis=0)
        batch[np.arange(SIZE[1]), row, np.arange(SIZE[1])] += 100.0
        found.append((on.forward(batch) - none) / 100.0)
    return np.stack(found)


def _check_slopes(values: np.ndarray, expected: np.ndarray) -> None:
    scale = np.abs(expected).max()
    off = np.abs(values - expected) / scale
    if off.max() <= SLOPE_RELATIVE:
        return
    y, x = np.unravel_index(off.argmax(), off.shape)
    raise CheckFailed(
        f"At row {y}, column {x} the map has {values[y, x]:.4g}; one input unit more there changes the logit by "
        f"{expected[y, x]:.4g}. Sum the derivative over the channels; take no mean, no shifted and no other pixel."
    )


def magnitude(runner: ExplainerRunner) -> str:
    """A map in logits is as large as the logit's fall without the evidence, neither far more nor far less."""
    from cxr.planted_network import FOR_BRIGHT, picture

    if runner.explainer.unit != "logit":
        raise NotApplicable(f"Its unit is {runner.explainer.unit!r}.")
    on = network()
    with_disc, without = (on.forward(on.prepare(each).array[None])[0] for each in (disc(), picture()))
    fall = float(with_disc[on.labels.index(FOR_BRIGHT)] - without[on.labels.index(FOR_BRIGHT)])
    for settings in bounds(runner):
        values = np.abs(runner.map(disc(), options=settings).astype(np.float64))
        total, largest = float(values.sum()), float(values.max())
        if total < LEAST_SUM * fall or largest > MOST_CELL * fall:
            given = f" With {settings}," if settings else ""
            raise CheckFailed(
                f"Without the disc the logit falls by {fall:.3g}.{given} the largest cell has {largest:.3g}, all "
                f"magnitudes sum to {total:.3g}. Look for a sum in place of a mean, or a mean in place of a sum."
            )
    return f"largest {largest:.2g}, sum {total:.2g}, for a fall of {fall:.2g} logits"


def bounds(runner: ExplainerRunner) -> Iterator[dict[str, Any]]:
    """No option, and each number by itself at its bounds, but for an upper one that may mean a thousand passes."""
    yield {}
    for option in runner.explainer.options():
        if option.minimum is not None and option.maximum is not None:
            yield {option.name: type(option.default)(option.minimum)}
            if option.maximum <= MOST_OF_AN_OPTION:
                yield {option.name: type(option.default)(option.maximum)}


def channels(runner: ExplainerRunner) -> str:
    """The network weighs its input's channels unequally, and a map in logits must weigh them in the same way."""
    from cxr.planted_network import FOR_BRIGHT

    if runner.explainer.unit != "logit" or not runner.explainer.is_signed(runner.options({}, network())):
        raise NotApplicable("Only a signed map in logits follows each channel in proportion.")
    on = network("linear")
    prepared = on.prepare(disc())
    before = _total(runner, on, prepared.array)
    place, found = on.labels.index(FOR_BRIGHT), []
    # a fine pattern of no mean: what blurs, averages or looks for extremes does not see it
    pattern = 0.1 * np.random.default_rng(0).choice([-1, 1], size=(16, 16)).astype(np.float32)
    for channel in range(3):
        changed = prepared.array.copy()
        changed[40:56, 8:24, channel] += pattern - pattern.mean()
        moved = on.forward(np.stack([prepared.array, changed]))[:, place]
        found.append((_total(runner, on, changed) - before) / float(moved[1] - moved[0]))
    if not np.allclose(found, found[0], rtol=CHANNEL_RELATIVE) or not found[0]:
        raise CheckFailed(
            "For one logit more through the first, second and third channel of the input, the map's sum grows by "
            f"{', '.join(f'{each:.3g}' for each in found)}. These must be equal and not zero: sum products over "
            "the channels, and use each channel's own weight."
        )
    return f"each logit adds {found[0]:.3g} to the map's sum, through each channel"


def _total(runner: ExplainerRunner, on: "PlantedPredictor", array: np.ndarray) -> float:
    """The map's sum for a prepared input, with the random numbers of the usual picture."""
    given = _Prepared(on, array)
    return float(runner.map(disc(), on=given, digest="channels").sum(dtype=np.float64))  # type: ignore[arg-type]


class _Prepared:
    """A network with one prepared input, whatever the picture."""

    def __init__(self, on: "PlantedPredictor", array: np.ndarray) -> None:
        self._on, self._array = on, array

    def __getattr__(self, name: str) -> Any:
        return getattr(self._on, name)

    def prepare(self, radiograph: "Radiograph") -> Any:
        """The given input for the checks' picture, and the network's own for any other."""
        prepared = self._on.prepare(radiograph)
        return replace(prepared, array=self._array.copy()) if radiograph is disc() else prepared


def crop(runner: ExplainerRunner) -> str:
    """What the network does not see changes nothing, on a picture that is not square."""
    from cxr.planted_network import SIZE, Disc, picture

    (down, across), (height, width) = MARGIN, SIZE
    size, inside = (height + 2 * down, width + 2 * across), Disc(DISC[0] + down, DISC[1] + across)
    plain, other = picture(inside, size=size), _other_margin(picture(inside, size=size))
    one, same = (runner.map(each, on=network(margin=MARGIN)) for each in (plain, other))
    if one.shape != same.shape or np.abs(one - same).max() > 1e-5 * max(1e-12, float(np.abs(one).max())):
        raise CheckFailed(
            "The map depends on a part of the radiograph that the network does not see. Read context.input, whose "
            "frame is the network's, not context.radiograph."
        )
    return "only what the network sees counts"


def _other_margin(radiograph: "Radiograph") -> "Radiograph":
    """The radiograph with white above and black below what the network sees: another mean and another range."""
    down = MARGIN[0]
    grey, rgb = radiograph.grey.copy(), radiograph.rgb.copy()
    for rows, value in ((slice(0, down), 1.0), (slice(-down, None), 0.0)):
        grey[rows], rgb[rows] = value, round(255 * value)
    grey.flags.writeable = False
    return replace(radiograph, grey=grey, rgb=rgb)


def layer(runner: ExplainerRunner) -> str:
    """The layer that is asked for is the layer that is read."""
    names = [option.name for option in runner.explainer.options() if option.kind == "layer"]
    if not names:
        raise NotApplicable("It has no layer to choose.")
    for name in names:
        for wanted in list(network().layers):
            for read in _layers_read(runner, {name: wanted}):
                if read - {wanted}:
                    raise CheckFailed(
                        f"Asked for the layer {wanted!r}, it reads {', '.join(sorted(read - {wanted}))}. Pass the "
                        "option on to context.activations and context.layer_gradient."
                    )
    return "the one that is asked for"


def _layers_read(runner: ExplainerRunner, settings: dict[str, Any]) -> Iterator[set[str]]:
    """The layers that `explain` and `explain_findings` read."""
    from cxr.planted_network import FOR_BRIGHT

    watched = _Watched(network())
    run = runner.run(disc(), on=watched, options=settings)  # type: ignore[arg-type]
    yield watched.read
    if runner.explainer.explain_findings is not Explainer.explain_findings:
        watched.read = set()
        runner.all_findings(run.context, [FOR_BRIGHT], settings)
        yield watched.read


class _Watched:
    """A network that remembers which layers were read through it."""

    def __init__(self, on: "PlantedPredictor") -> None:
        self._on, self.read = on, set[str]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._on, name)

    def activations(self, batch: np.ndarray, layer: str) -> np.ndarray:
        """As the network's."""
        self.read.add(layer)
        return self._on.activations(batch, layer)

    def layer_gradient(self, batch: np.ndarray, layer: str, finding: str | None = None) -> np.ndarray:
        """As the network's."""
        self.read.add(layer)
        return self._on.layer_gradient(batch, layer, finding)


def choices(runner: ExplainerRunner) -> Iterator[dict[str, Any]]:
    """No option, and each choice and each layer by itself."""
    yield {}
    for option in runner.explainer.options():
        values = option.choices if option.kind == "choice" else network().layers if option.kind == "layer" else ()
        yield from ({option.name: value} for value in values)
