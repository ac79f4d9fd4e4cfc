"""Checks of the map itself: shape, place, sign, unit, and whether it points at planted evidence."""

import numpy as np

from explainers.contract.explanation import NotFiniteError
from explainers.kit.explainer_runner import ExplainerRunner, disc, enlarged, even, network
from explainers.kit.report import CheckFailed

POSITIONS, HITS = 10, 9
"""Discs that are planted, and how many of them the maximum must hit."""

AT_BORDER = 0.3
"""Of the largest value for a disc in the middle: the least that a disc at the border must reach."""

FARTHEST = 0.25
"""Of the input's longer side: how far the middle of the map's magnitude may lie from a disc in a corner."""

RANDOM_NETWORKS = 3
"""Networks with random weights on which a map without a sign must not be negative."""

STRETCH = 0.06
"""By which the distance between two discs may be wrong in a map of the input's size."""

SHIFT_CELLS, SHIFT_PX = 0.6, 3.0
"""By which maps may be shifted on average: in cells, and in pixels where cells are small."""

PER_INPUT = ("logit per input unit",)

INPUT_RELATIVE = 0.02
"""By which a map may miss when the input's unit changes: random explainers round differently."""

BIASES = (3.0, -20.0)
"""That are added to all logits: with the second one, all are far below zero."""

TINY, SMALL_RELATIVE = 1e-4, 5e-3
"""By which output weights are multiplied, and by which the map may then miss being as small: float32 rounds logits."""

RELATIVE = 1e-3
"""By which a map of doubled weights may miss being twice the map."""


def shape(runner: ExplainerRunner) -> str:
    """Two axes, at most the input's size, in its proportions."""
    from cxr.planted_network import SIZE

    for size in (SIZE, SIZE[::-1]):
        rows, columns = runner.map(disc(30.0, 30.0), on=network(size=size)).shape
        off = min(abs(rows * size[1] / size[0] - columns), abs(columns * size[0] / size[1] - rows))
        if off > 1 and min(rows, columns) > 1:
            raise CheckFailed(
                f"For an input of {size[0]} × {size[1]} the map has {rows} × {columns} cells, not in the input's "
                "proportions. Cells tile the input evenly; return (y, x), not (x, y)."
            )
    return f"{rows} × {columns} cells for {size[0]} × {size[1]} pixels"


def dtype(runner: ExplainerRunner) -> str:
    """Real numbers."""
    raw = np.asarray(runner.run(disc()).raw)
    if raw.dtype.kind not in "fiu":
        raise CheckFailed(f"The map has values of type {raw.dtype}. Return an array of real numbers.")
    return str(raw.dtype)


def finite(runner: ExplainerRunner) -> str:
    """No NaN and no infinity, on a picture, on a blank one, and where every gradient is zero."""
    from cxr.planted_network import picture

    blank = picture(seed=1)
    for where, radiograph, on in (
        ("a picture", disc(), network()),
        ("a picture with nothing on it", blank, network()),
        ("a picture that is grey all over", even(), network()),
        ("a network whose gradients are all zero", disc(), network("blind")),
    ):
        try:
            runner.map(radiograph, on=on)
        except CheckFailed as error:
            if not isinstance(error.__cause__, NotFiniteError):
                raise
            raise CheckFailed(f"On {where}: {error} Guard divisions by sums that may be zero.") from error
    return "on a picture, a blank one, and without gradients"


def frame(runner: ExplainerRunner) -> str:
    """Evidence in a corner is shown in that corner, and at the border about as strongly as in the middle."""
    from cxr.planted_network import SIZE, corners

    places = []
    for y, x in corners():
        cells = runner.map(disc(y, x))
        found = _middle(cells, y, x)
        places.append((y, x, *found))
        if np.hypot(found[0] - y, found[1] - x) > FARTHEST * max(SIZE):
            raise CheckFailed(
                f"Evidence at row {y:.0f}, column {x:.0f} of {SIZE[0]} × {SIZE[1]} is shown around row {found[0]:.0f}, "
                f"column {found[1]:.0f}. Look for exchanged axes, flips, and enlarging with aligned corners."
            )
    # the border first: what is weak there looks as if it were shifted, and what is stretched looks shifted
    _check_border(runner)
    if cells.shape == SIZE:
        _check_stretch(np.array(places))
    _check_shift(np.array(places), cells.shape)
    return "in each of the four corners, and at the border"


def _middle(cells: np.ndarray, y: float, x: float) -> tuple[float, float]:
    """(row, column) of the middle of a map's magnitude, enlarged to the input."""
    from cxr.planted_network import SIZE

    magnitude = np.abs(enlarged(cells, SIZE))
    magnitude -= np.median(magnitude)  # a level everywhere is no place
    magnitude = np.maximum(magnitude, 0) ** 2
    if not magnitude.any():
        raise CheckFailed(f"The map of a disc at row {y}, column {x} is flat. It must show where the evidence is.")
    rows, columns = (np.arange(side) + 0.5 for side in SIZE)
    return magnitude.sum(axis=1) @ rows / magnitude.sum(), magnitude.sum(axis=0) @ columns / magnitude.sum()


def _check_shift(places: np.ndarray, cells: tuple[int, ...]) -> None:
    """Discs `(n, 4)`, (y, x, row, column) as shown, are on average where they are: less than a cell away."""
    from cxr.planted_network import SIZE

    off = (places[:, 2:] - places[:, :2]).mean(axis=0)
    for axis, word in ((0, "rows"), (1, "columns")):
        if abs(off[axis]) > max(SHIFT_CELLS * SIZE[axis] / cells[axis], SHIFT_PX):
            raise CheckFailed(
                f"Discs near the four corners are shown {abs(off[axis]):.1f} {word} too far "
                f"{'down or right' if off[axis] > 0 else 'up or left'} on average. Look for a map that is shifted by a "
                "cell, or an index that is off by one."
            )


def _check_stretch(places: np.ndarray) -> None:
    """Discs `(n, 4)`, (y, x, row, column) as shown, are as far apart in a map of pixels as in the picture."""
    for axis, word in ((0, "top and bottom"), (1, "left and right")):
        true, found = places[:, axis], places[:, axis + 2]
        far = true > true.mean()
        stretch = (found[far].mean() - found[~far].mean()) / (true[far].mean() - true[~far].mean())
        if abs(stretch - 1) > STRETCH:
            raise CheckFailed(
                f"Discs at {word} are shown {abs(stretch - 1):.0%} too far {'apart' if stretch > 1 else 'together'}. "
                "Do not enlarge with corners aligned: cells tile the input, with their middles half a cell from the "
                "border. Return the map on its own cells."
            )


def _check_border(runner: ExplainerRunner) -> None:
    """A disc that touches two borders is shown about as strongly as one in the middle."""
    from cxr.planted_network import RADIUS, SIZE

    middle = _strength(runner, SIZE[0] / 2, SIZE[1] / 2)
    for y in (RADIUS, SIZE[0] - RADIUS):
        for x in (RADIUS, SIZE[1] - RADIUS):
            found = _strength(runner, float(y), float(x))
            if found < AT_BORDER * middle:
                raise CheckFailed(
                    f"A disc at the border, at row {y}, column {x}, reaches {found / middle:.0%} of what a disc in the "
                    "middle reaches. Cover the input up to its last row and column, and divide sums over overlapping "
                    "windows by the number of windows on each place."
                )


def _strength(runner: ExplainerRunner, y: float, x: float) -> float:
    """The largest magnitude of a disc's map above the map's level."""
    magnitude = np.abs(runner.map(disc(y, x)).astype(np.float64))
    return float(magnitude.max() - np.median(magnitude))


def sign(runner: ExplainerRunner) -> str:
    """What speaks against a finding is negative in a signed map, and nothing is in an unsigned one."""
    from cxr.planted_network import AGAINST_BRIGHT, FOR_BRIGHT, SIZE

    if not runner.explainer.is_signed(runner.options({}, network())):
        networks = [network(), *(network("randomised", seed=seed) for seed in range(RANDOM_NETWORKS))]
        lowest = min(runner.map(disc(), finding, on=on).min() for on in networks for finding in on.labels)
        if lowest < 0:
            raise CheckFailed(f"The map has a value of {lowest:.3g} but says signed = False. Set signed = True.")
        return "never negative, as an unsigned map"
    for finding, expected in ((FOR_BRIGHT, 1), (AGAINST_BRIGHT, -1)):
        centre = enlarged(runner.map(disc(), finding), SIZE)[_at(disc_box())].mean()
        if not centre * expected > 0:
            raise CheckFailed(
                f"Evidence {'for' if expected > 0 else 'against'} the finding has {centre:.3g} at its centre. Positive "
                "must raise the logit and negative lower it; if the map has no sign by design, set signed = False."
            )
    return "evidence for is positive, against negative"


def planted(runner: ExplainerRunner) -> str:
    """The maximum lies on the disc, or within a cell of it, and more of the map on it than of a bell in the middle."""
    from cxr.planted_network import SIZE, Disc, at_random

    rng = np.random.default_rng(0)
    hits, mass, chance = 0, [], []
    for number in range(POSITIONS):
        y, x = at_random(rng)
        cells = runner.map(disc(y, x, seed=number))
        values = enlarged(cells, SIZE)
        box = Disc(y, x).box
        slack = [side / count for side, count in zip(SIZE, cells.shape, strict=True)]
        peak = np.argwhere(values == values.max()).mean(axis=0) + 0.5
        hits += all(start - more <= at <= start + length + more
                    for at, start, length, more in zip(peak, box[:2], box[2:], slack, strict=True))  # fmt: skip
        positive = np.maximum(values, 0)
        mass.append(positive[_at(box)].sum() / max(positive.sum(), 1e-30))
        chance.append(_bell(SIZE)[_at(box)].sum() / _bell(SIZE).sum())
    if hits < HITS:
        raise CheckFailed(
            f"The maximum lies on {hits} of {POSITIONS} planted discs. Is the finding's own logit explained?"
        )
    if np.mean(mass) <= np.mean(chance):
        raise CheckFailed(
            f"On average {np.mean(mass):.1%} of the positive map lies on the disc, no more than a bell in the middle "
            f"has there ({np.mean(chance):.1%})."
        )
    return f"{hits} of {POSITIONS} hit; {np.mean(mass):.0%} of the map on the disc, {np.mean(chance):.0%} by chance"


def unit(runner: ExplainerRunner) -> str:
    """A map in logits doubles with the output layer's weights; a shifted bias changes none."""
    once = runner.map(disc()).astype(np.float64)
    scale = max(np.abs(once).max(), 1e-12)
    _check_other_findings(runner, once, scale)
    for bias in BIASES:
        shifted = runner.map(disc(), on=network(bias=bias))
        if shifted.shape != once.shape or np.abs(shifted - once).max() > RELATIVE * scale:
            raise CheckFailed(
                "A constant added to every logit changes the map. Explain differences of the logit, or gradients, not "
                "its level, its sign or a score, whose slope depends on the level."
            )
    if not runner.explainer.unit.startswith("logit"):
        return f"no level in it; its unit is {runner.explainer.unit!r}"
    doubled = runner.map(disc(), on=network(scale=2.0))
    if doubled.shape != once.shape or np.abs(doubled - 2 * once).max() > 2 * RELATIVE * scale:
        raise CheckFailed(
            f"With output weights twice as large, the map of unit {runner.explainer.unit!r} does not double. Normalise "
            "nothing, or state another unit."
        )
    tiny = runner.map(disc(), on=network(scale=TINY)) / TINY
    if tiny.shape != once.shape or np.abs(tiny - once).max() > SMALL_RELATIVE * scale:
        raise CheckFailed(
            f"With output weights {1 / TINY:,.0f} times as small, the map is not as much smaller. Round nothing, and "
            "compare with no fixed number: where a map's values are small, that is all of it."
        )
    _check_input_unit(runner, once, scale)
    return "doubles with the logit; no level in it; as stated if the input's unit changes"


def _check_other_findings(runner: ExplainerRunner, once: np.ndarray, scale: float) -> None:
    """A constant added to the logits of all findings but the one that is explained changes nothing."""
    others = runner.map(disc(), on=network(bias=(0.0, 3.0, -2.0)))
    if others.shape != once.shape or np.abs(others - once).max() > RELATIVE * scale:
        raise CheckFailed(
            "A constant added to the logits of the other findings changes the map. Explain the logit of the finding "
            "that is asked for alone, and normalise over no findings."
        )


def _check_input_unit(runner: ExplainerRunner, once: np.ndarray, scale: float) -> None:
    """With the input in units half as large, and the same logits, a map in logits stays and a derivative halves."""
    digest = network().prepare(disc()).digest  # random explainers get the same random numbers
    rescaled = runner.map(disc(), on=network(input_scale=2.0), digest=digest)
    power = -1 if runner.explainer.unit in PER_INPUT else 0 if runner.explainer.unit == "logit" else None
    if power is None:
        return
    if rescaled.shape != once.shape or np.abs(rescaled - 2.0**power * once).max() > INPUT_RELATIVE * scale:
        raise CheckFailed(
            f"The map's unit is {runner.explainer.unit!r}, but with input values twice as large and the same logits it "
            f"does not {'halve' if power else 'stay the same'}. A gradient is a logit per input unit; multiplied by a "
            "difference of inputs it is a logit."
        )


def disc_box() -> tuple[int, int, int, int]:
    """The box of the usual disc."""
    from cxr.planted_network import Disc
    from explainers.kit.explainer_runner import DISC

    return Disc(*DISC).box


def _at(box: tuple[int, int, int, int]) -> tuple[slice, slice]:
    top, left, height, width = box
    return slice(max(0, top), top + height), slice(max(0, left), left + width)


def _bell(size: tuple[int, int]) -> np.ndarray:
    rows, columns = ((np.arange(side) + 0.5) / side - 0.5 for side in size)
    return np.exp(-(rows[:, None] ** 2 + columns**2) / (2 * 0.25**2))
