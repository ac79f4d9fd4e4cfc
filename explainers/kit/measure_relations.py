"""Checks of a measure by relations: what it says of one explanation, beside what it says of a related one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from explainers.contract.explanation import Explanation
from explainers.contract.measure import Measured, NotMeasurable
from explainers.kit.explainer_runner import DISC, network
from explainers.kit.measure_runner import TRUE, MeasureRunner, explained
from explainers.kit.report import CheckFailed, NotApplicable

if TYPE_CHECKING:
    from cxr.planted_network import PlantedPredictor

ELSEWHERE = (40.0, 30.0)
"""(y, x) of a disc in another picture."""

SAME = 1e-3
"""By which a value may differ where nothing that counts does: as a share, and in its unit where it is small."""

CONTROLS: Mapping[str, str] = {"edges": "edges", "centre": "centred_gaussian"}
"""Controls by the names that measures give them in their figures, and the explainers that show the same."""

OFF = 0.1
"""By which what a measure says of a control in its figures may differ from what it says when it is asked, and by which
the best map may miss the best value."""


def true_map(finding: str = "", place: tuple[float, float] = DISC) -> Explanation:
    return explained(TRUE[0], tuple(TRUE[1].items()), 0, finding, None, place)


def asked(runner: MeasureRunner, explanation: Explanation, **given: Any) -> Measured:
    """What it says, with the arguments of `MeasureRunner.on`; NotApplicable where it says nothing."""
    try:
        return runner.on(explanation, **given)
    except NotMeasurable as error:
        raise NotApplicable(str(error)) from error


def scale(runner: MeasureRunner) -> str:
    """A map that is three times as large claims the same order and the same shares."""
    one, three = _of_levels(runner, (1, 3))
    if different := _difference(one, three, figures=runner.measure.bounds == (0, 1)):
        raise CheckFailed(
            f"Of a map and of the same map three times as large it says other things: {different}. Compare ranks, "
            "signs or shares, or declare in expected_failures why the map's level counts."
        )
    return "the same for a map three times as large"


def _of_levels(runner: MeasureRunner, levels: Sequence[float]) -> list[Measured]:
    """What it says of a noisy map at several levels."""
    once = true_map()
    noise = np.random.default_rng(1).normal(size=once.map.shape).astype(np.float32) * float(once.map.std())
    return [asked(runner, replace(once, map=by * (once.map + noise))) for by in levels]


def names(runner: MeasureRunner) -> str:
    """With the network's findings in another order it says the same of each."""
    from cxr.planted_network import FOR_BRIGHT, FOR_DARK, LABELS

    on = network(labels=(*LABELS[1:], LABELS[0]))
    for finding in (FOR_BRIGHT, FOR_DARK):
        one = asked(runner, true_map(finding))
        other = asked(runner, explained(TRUE[0], tuple(TRUE[1].items()), 0, finding, on), given=on)
        if different := _difference(one, other, nested=True):
            raise CheckFailed(
                f"Of {finding} it says something else once the network's findings are in another order: {different}. "
                "Look results up by the finding's name, with context.labels.index(finding)."
            )
    return "the same with findings in another order"


def opposite(runner: MeasureRunner) -> str:
    """The true map upside down is not as good as the true map."""
    if not runner.measure.better:
        raise NotApplicable("It does not say which value is better.")
    true = true_map()
    one, other = (asked(runner, replace(true, map=by * true.map)).value for by in (1, -1))
    if one is None or other is None:
        raise NotApplicable("It has no value.")
    if not (one > other if runner.measure.better == "higher" else one < other):
        raise CheckFailed(
            f"Of the true map it says {one:.3g}, of its negative {other:.3g}, and {runner.measure.better} is called "
            "better. Keep the map's sign, or declare in expected_failures why it does not count."
        )
    return f"{one:.3g} for the true map, {other:.3g} for its negative"


def company(runner: MeasureRunner) -> str:
    """What it says does not depend on what was measured before."""
    from cxr.planted_network import AGAINST_BRIGHT, FOR_BRIGHT, FOR_DARK

    # the first two show one picture
    cases = [(FOR_BRIGHT, DISC), (AGAINST_BRIGHT, DISC), (FOR_DARK, ELSEWHERE), (FOR_DARK, DISC)]
    alone = [asked(runner, true_map(*case), place=case[1]) for case in cases]
    shared: dict = {}
    for (finding, place), before in zip(cases, alone, strict=True):
        found = runner.on(true_map(finding, place), place=place, shared=shared)
        if different := _difference(before, found, nested=True):
            raise CheckFailed(
                f"It says something else once another picture or finding was measured: {different}. Name the network, "
                "the input's digest and, where it counts, the finding in the keys of subject.shared."
            )
    return "the same alone and after others"


def perfect(runner: MeasureRunner) -> str:
    """Of a map that is its box it says the best value that there is, and of all but its box none of the better half."""
    from cxr.planted_network import Disc

    (least, largest), better = runner.measure.bounds, runner.measure.better
    if not runner.needs_box() or not better or least is None or largest is None:
        raise NotApplicable("It compares no map with a box, between two bounds.")
    true, sign = true_map(), 1 if better == "higher" else -1
    top, left, height, width = Disc(*DISC).box
    inside = np.zeros(true.frame.input_size, np.float32)
    inside[top : top + height, left : left + width] = 1
    right, wrong = (asked(runner, replace(true, map=values)).value for values in (inside, 1 - inside))
    best = largest if better == "higher" else least
    if right is None or abs(right - best) > OFF:
        raise CheckFailed(f"Of a map that is the box and nothing else it says {right}; {best} is the best value.")
    if wrong is None or sign * (wrong - (least + largest) / 2) > 0:
        raise CheckFailed(f"Of a map that is all but the box it says {wrong}, which is in the better half.")
    return f"{right:.3g} for the box, {wrong:.3g} for all but the box"


def controls(runner: MeasureRunner) -> str:
    """What its figures say of a control is what it says of that control's map when it is asked."""
    true, tried = true_map(), []
    for name, explainer in CONTROLS.items():
        found = asked(runner, replace(true, map=explained(explainer, ()).map))
        beside = found.figures.get("controls")
        if not isinstance(beside, Mapping) or name not in beside:
            continue
        if found.value is None or abs(found.value - float(beside[name])) > OFF * max(1.0, abs(found.value)):
            raise CheckFailed(
                f"Of the map of {explainer} it says {found.value:.3g}, but {beside[name]:.3g} of the control {name!r} "
                "beside it. Measure controls as the map is measured, and build them as those explainers do."
            )
        tried.append(name)
    if not tried:
        raise NotApplicable("Its figures have no 'controls'.")
    return f"as asked, for {', '.join(tried)}"


def symmetry(runner: MeasureRunner) -> str:
    """Of a transposed picture, network and map it says nearly the same; compared with a box, the same, also turned."""
    from cxr.planted_network import SIZE

    plain, other, (y, x) = network(stride=1), network(size=SIZE[::-1], stride=1), DISC
    cases: list[tuple[PlantedPredictor, tuple[float, float], str, Moved]] = [(other, (x, y), TRANSPOSED, _transposed)]
    # other measures draw random numbers, or change the picture in one direction
    boxed, tolerance = runner.needs_box(), OFF
    if boxed:
        tolerance = SAME
        cases.append((plain, (SIZE[0] - y, SIZE[1] - x), "all turned by half", _turned))
    one = asked(runner, _of(plain, DISC), given=plain)
    for on, place, words, moved in cases:
        found = asked(runner, _of(on, place), given=on, place=place)
        _check_moved(one, found, words, moved, tolerance, figures=boxed)
        if boxed:
            fine = _fine()
            before = asked(runner, replace(_of(plain, DISC), map=fine), given=plain)
            after = asked(runner, replace(_of(on, place), map=moved(fine).copy()), given=on, place=place)
            _check_moved(before, after, words, moved, tolerance, figures=True)
    return "the same transposed"


TRANSPOSED = "rows and columns exchanged"

Moved = Callable[[np.ndarray], np.ndarray]


def _transposed(values: np.ndarray) -> np.ndarray:
    return values.T


def _turned(values: np.ndarray) -> np.ndarray:
    return values[::-1, ::-1]


def _check_moved(one: Measured, other: Measured, words: str, moved: Moved, tolerance: float, *, figures: bool) -> None:
    """CheckFailed if a moved map has another value, other figures, or arrays that are not moved with it."""
    different = _difference(one, other, tolerance, figures=figures)
    for name, values in one.arrays.items():
        before, after = np.asarray(moved(np.asarray(values))), np.asarray(other.arrays[name])
        # cells of nearly the same value may change their rank
        if not different and (before.shape != after.shape or (before != after).mean() > OFF):
            different = f"its array {name!r} is not moved with the map"
    if different:
        raise CheckFailed(
            f"Of a map and of the same map with {words} it says other things: {different}. Look for an axis that is "
            "treated in another way, for a shift, and for an index that is off by one."
        )


def _fine() -> np.ndarray:
    """(y, x) float32 of the usual input's size: signed noise around the disc, so that half a pixel counts."""
    from cxr.planted_network import RADIUS, SIZE

    rows, columns = (np.arange(side) + 0.5 for side in SIZE)
    near = np.exp(-((rows[:, None] - DISC[0]) ** 2 + (columns - DISC[1]) ** 2) / (2 * (2 * RADIUS) ** 2))
    return (near * np.random.default_rng(2).normal(0.5, size=SIZE)).astype(np.float32)


def _of(on: "PlantedPredictor", place: tuple[float, float]) -> Explanation:
    return explained(TRUE[0], tuple(TRUE[1].items()), 0, "", on, place)


def equal(one: float | None, other: float | None, tolerance: float = SAME) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= tolerance * max(1.0, abs(one))


def _difference(
    one: Measured, other: Measured, tolerance: float = SAME, *, figures: bool = False, nested: bool = False
) -> str:
    """What differs, in words; "" where nothing does.

    figures  compare the figures that are single numbers, too; nested: all figures
    """
    if not equal(one.value, other.value, tolerance):
        return " and ".join("no value" if value is None else f"{value:.4g}" for value in (one.value, other.value))
    for name in one.figures.keys() & other.figures.keys() if figures or nested else ():
        before, after = one.figures[name], other.figures[name]
        single = isinstance(before, float | bool) and isinstance(after, float | bool)
        if (nested and not _same_figures(before, after)) or (single and not equal(before, after, tolerance)):
            return f"its figure {name!r} is {before} and {after}"
    return ""


def _same_figures(one: object, other: object) -> bool:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same_figures(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same_figures, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= SAME * max(1.0, abs(one))
    return one == other
