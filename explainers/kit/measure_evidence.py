"""Checks of a measure by what is known of the planted networks: where their evidence is, and what it is worth."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from explainers.contract.explanation import Explanation
from explainers.contract.measure import Measured, NotMeasurable
from explainers.kit.explainer_runner import disc, network
from explainers.kit.measure_relations import ELSEWHERE, OFF, asked, equal, true_map
from explainers.kit.measure_runner import TRUE, MeasureRunner, explained
from explainers.kit.report import CheckFailed, NotApplicable

if TYPE_CHECKING:
    from cxr.planted_network import PlantedPredictor

CELLS = 2
"""Cells by which a map is moved away from its evidence: more than a disc is wide."""

TIES = 0.25
"""Share of a value that may come from the order of cells that are all zero."""

MOVES = 0.1
"""Share of the bounds by which a map that moves with the picture may miss the best value."""

NOISES = (0.0, 0.3, 1.0, 2.0, 5.0, 20.0)
"""Standard deviations of the noise that is added to maps, as shares of the map's own, so that verdicts differ."""


def level(runner: MeasureRunner) -> str:
    """Where the map's level counts, the true map's own level is better than a third of it and than three times it."""
    if not runner.measure.better:
        raise NotApplicable("It does not say which value is better.")
    sign = 1 if runner.measure.better == "higher" else -1
    true = true_map()
    one, three = (asked(runner, replace(true, map=by * true.map)).value for by in (1, 3))
    if one is None or three is None or equal(one, three):
        raise NotApplicable("The map's level does not count.")
    third = asked(runner, replace(true, map=true.map / 3)).value
    if third is None or sign * one <= max(sign * third, sign * three):
        raise CheckFailed(
            f"Of the true map it says {one:.3g}, of a third of it {third}, of three times it {three:.3g}, and "
            f"{runner.measure.better} is called better. Compare the map's sum or level with what the method promises."
        )
    return f"{one:.3g} for the true map, {third:.3g} and {three:.3g} for a third and three times it"


def worth(runner: MeasureRunner) -> str:
    """A value in logits is at most what the disc is worth, which is all evidence that there is."""
    if runner.measure.unit != "logit":
        raise NotApplicable("Its value is not in logits.")
    from cxr.planted_network import picture

    value = asked(runner, true_map()).value
    with_disc, without = (network().forward(network().prepare(each).array[None])[0, 0] for each in (disc(), picture()))
    largest = abs(float(with_disc - without))
    if value is None or abs(value) > (1 + OFF) * largest:
        raise CheckFailed(
            f"Of the true map it says {value} logits, and no change of this picture is worth more than {largest:.3g}. "
            "Divide by the number of steps, fills or cells that are summed."
        )
    return f"{value:.3g} of {largest:.3g} logits"


def still(runner: MeasureRunner) -> str:
    """Where it calls a map that never changes the best, it calls one good that moves as the picture does."""
    better, (least, largest) = runner.measure.better, runner.measure.bounds
    if not better or least is None or largest is None:
        raise NotApplicable("It has no best value.")
    best = largest if better == "higher" else least
    never, moving = (asked(runner, explained(name, ())).value for name in ("centred_gaussian", "edges"))
    if never is None or moving is None or abs(never - best) > OFF:
        raise NotApplicable("What counts is not how much a map changes.")
    if abs(moving - best) > MOVES * (largest - least):
        raise CheckFailed(
            f"Of a map that never changes it says {never:.3g}, and {moving:.3g} of the picture's edges, which move as "
            "the picture does. Move maps back before they are compared, and leave out what came in at the border."
        )
    return f"{never:.3g} for a map that never changes, {moving:.3g} for one that moves with the picture"


def refits(runner: MeasureRunner) -> str:
    """Where it reads output layers fitted on other patients: the best value if all agree, a bad one if none do."""
    (least, largest), better = runner.measure.bounds, runner.measure.better
    if not better or least is None or largest is None or _says(runner, network(spread=None)) is not None:
        raise NotApplicable("It reads no output layers fitted on other patients, or has no bounds.")
    best = largest if better == "higher" else least
    agreeing, random = (_says(runner, network(spread=spread)) for spread in (0.0, 1000.0))
    if agreeing is None or abs(agreeing - best) > OFF:
        raise CheckFailed(f"Where all output layers are one it says {agreeing}; {best} is the best value.")
    if random is None or abs(random - best) < (largest - least) / 2:
        raise CheckFailed(f"Where output layers are random it says {random}, which is in the better half.")
    return f"{agreeing:.3g} where all agree, {random:.3g} where none do"


def _says(runner: MeasureRunner, on: "PlantedPredictor", finding: str = "") -> float | None:
    """Its value of the true map on a network; None where it says nothing."""
    try:
        return runner.on(explained(TRUE[0], tuple(TRUE[1].items()), 0, finding, on), given=on).value
    except NotMeasurable:
        return None


def elsewhere(runner: MeasureRunner) -> str:
    """The true map is better than the same map two cells away from its evidence, in each direction."""
    if not runner.measure.better:
        raise NotApplicable("It does not say which value is better.")
    sign, true = 1 if runner.measure.better == "higher" else -1, true_map(place=ELSEWHERE)
    one = asked(runner, true, place=ELSEWHERE).value
    if one is None:
        raise NotApplicable("It has no value.")
    for words, shift, axis in (("up", -CELLS, 0), ("down", CELLS, 0), ("left", -CELLS, 1), ("right", CELLS, 1)):
        found = asked(runner, replace(true, map=np.roll(true.map, shift, axis)), place=ELSEWHERE).value
        if found is not None and sign * (one - found) <= TIES * abs(one):
            raise CheckFailed(
                f"Of the true map it says {one:.3g}, of the same map moved {words} by {CELLS} cells {found:.3g}. Look "
                "for windows that are too large, or declare in expected_failures why the place does not count."
            )
    return f"{one:.3g} where the evidence is, and worse beside it"


def mirror(runner: MeasureRunner) -> str:
    """Of evidence against a finding it says what it says of the same evidence for another."""
    from cxr.planted_network import AGAINST_BRIGHT, FOR_BRIGHT

    if not runner.measure.better:
        raise NotApplicable("It does not say which value is better, and may describe one sign alone.")
    if runner.needs_box():
        raise NotApplicable("Evidence against a finding is not in its box.")
    one = asked(runner, true_map(FOR_BRIGHT)).value
    other = _says(runner, network(), AGAINST_BRIGHT)
    if not equal(one, other, TIES):
        raise CheckFailed(
            f"Of the evidence for {FOR_BRIGHT} it says {one}, and {other} of {AGAINST_BRIGHT}, whose map and logit are "
            "its negative. Keep negative cells, and take magnitudes where signs do not count."
        )
    return f"{one} for a finding and against another"


def verdicts(runner: MeasureRunner) -> str:
    """A better value has no worse verdict, where the class names its verdicts from the best to the worst."""
    named, better = runner.measure.verdicts, runner.measure.better
    if not named or not better:
        raise NotApplicable("It does not name its verdicts from the best to the worst.")
    found = sorted(_of_noisy_maps(runner), key=lambda each: each.value or 0.0, reverse=better == "higher")
    if not found:
        raise NotApplicable("It has no verdict on maps of the planted network.")
    for one in found:
        if one.verdict not in named:
            raise CheckFailed(f"It says {one.verdict!r}, which is not among its verdicts {', '.join(named)}.")
    for one, other in pairwise(found):
        if named.index(one.verdict) > named.index(other.verdict):
            raise CheckFailed(
                f"At {one.value:.3g} it says {one.verdict!r}, and at {other.value:.3g}, which is worse, "
                f"{other.verdict!r}. Compare with the limits the other way round, or name the verdicts best first."
            )
    return ", ".join(dict.fromkeys(one.verdict for one in found))


def _of_noisy_maps(runner: MeasureRunner) -> Iterator[Measured]:
    """What it says of a true map and of edges, the more noisy the worse they are."""
    for explanation in (true_map(), explained("edges", ())):
        for noisy in _noisy(explanation):
            try:
                found = runner.on(noisy)
            except NotMeasurable:
                continue
            if found.value is not None and found.verdict:
                yield found


def _noisy(explanation: Explanation) -> Iterator[Explanation]:
    noise = np.random.default_rng(4).normal(size=explanation.map.shape).astype(np.float32)
    for share in NOISES:
        yield replace(explanation, map=explanation.map + share * noise * float(explanation.map.std()))
