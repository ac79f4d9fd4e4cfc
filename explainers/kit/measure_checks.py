"""Six checks of a measure, on explanations of which it is known how good they are."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from explainers.contract.explanation import Explanation
from explainers.contract.measure import Measure, Measured, NotMeasurable, Subject
from explainers.errors import describe_plugin_error
from explainers.kit.explainer_runner import DISC, disc, network
from explainers.kit.report import CheckFailed, NotApplicable
from explainers.running.measuring import check_measured
from hub.errors import CxrLensError

if TYPE_CHECKING:
    from explainers.registry import Registry

TRUE = ("grad_cam", {"layer": "relu"})
"""An explainer and its options that are exact on the planted network."""

USELESS = ("random_map", "centred_gaussian")
"""Controls: the one knows nothing of the picture and draws noise, the other shows the middle of every picture."""


RANDOM_MAPS = 7
"""Seeds of the random control whose median stands for it."""


class MeasureRunner:
    """Runs one measure class on explanations of the planted network."""

    def __init__(self, measure: type[Measure]) -> None:
        self.measure = measure

    def needs_box(self) -> bool:
        """Whether it says so, or says nothing of the true map without a box."""
        if self.measure.needs_box:
            return True
        try:
            self.on(_explained(TRUE[0], tuple(TRUE[1].items())), boxed=False)
        except (NotMeasurable, CheckFailed):
            return True
        return False

    def on(self, explanation: Explanation, *, boxed: bool = True) -> Measured:
        """What it says of an explanation; CheckFailed with a sentence if it raises."""
        from cxr.planted_network import FOR_DARK, Disc

        registry, picture = _registry(), disc(bright=explanation.finding != FOR_DARK)
        box = Disc(*DISC).box if boxed else None
        explainer = registry.explainers[explanation.explainer]
        subject = Subject(explanation, explainer, network(), picture, network().prepare(picture), box)
        try:
            return check_measured(self.measure().measure(subject))
        except (NotMeasurable, KeyboardInterrupt):
            raise  # no failure; the user's own
        except CxrLensError as error:
            raise CheckFailed(str(error)) from error
        except BaseException as error:
            raise CheckFailed(describe_plugin_error(error)) from error

    def all(self, finding: str = "") -> dict[str, Measured]:
        """{explainer: what it says}, of the true map and of those controls that it says something of.

        finding  default: the one that the bright disc speaks for
        """
        found = {}
        for name, options in (TRUE, *((name, {}) for name in USELESS)):
            try:
                found[name] = self.on(_explained(name, tuple(options.items()), finding=finding))
            except NotMeasurable:
                continue
        if not found:
            raise NotApplicable("It says nothing of any map of the planted network.")
        return found


@cache
def _registry() -> "Registry":
    from explainers.registry import Registry

    return Registry.standard()


@cache
def _explained(explainer: str, options: tuple, seed: int = 0, finding: str = "") -> Explanation:
    from cxr.planted_network import FOR_BRIGHT, FOR_DARK
    from explainers.running.comparison import Finished, compare

    *_, done = compare(
        network(),
        disc(bright=finding != FOR_DARK),
        finding or FOR_BRIGHT,
        [explainer],
        options={explainer: dict(options)},
        seed=seed,
        registry=_registry(),
    )
    assert isinstance(done, Finished), done
    return done.explanation


def bounds(runner: MeasureRunner) -> str:
    """Values are finite and within what is declared."""
    least, largest = runner.measure.bounds
    for name, found in runner.all().items():
        if found.value is None:
            continue
        value = float(found.value)
        below, above = least is not None and value < least, largest is not None and value > largest
        if not np.isfinite(value) or below or above:
            raise CheckFailed(
                f"Of {name} it says {value:.4g}, which is not within {runner.measure.bounds}. "
                "Declare wider bounds, or return None where the value is not defined."
            )
    return f"within {runner.measure.bounds}"


def sentence(runner: MeasureRunner) -> str:
    """A sentence for people, and figures that are JSON."""
    for name, found in runner.all().items():
        if len(found.sentence.split()) < 3:
            raise CheckFailed(f"Of {name} it says {found.sentence!r}. Say what was found in a sentence.")
        try:
            json.dumps(dict(found.figures), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise CheckFailed(f"Its figures are no JSON: {error}. Convert NumPy's numbers; leave NaN out.") from error
    return f"“{found.sentence}”"


def determinism(runner: MeasureRunner) -> str:
    """The same explanation gives the same value."""
    first, again = runner.all(), runner.all()
    for name in first:
        if first[name].value != again[name].value:
            raise CheckFailed(
                f"Of {name} it says {first[name].value} and then {again[name].value}. Draw with subject.rng only."
            )
    return "the same twice"


def purity(runner: MeasureRunner) -> str:
    """Explanation, input and network are left as they are."""
    explanation = _explained(TRUE[0], tuple(TRUE[1].items()))
    values = explanation.map.copy()
    before = network().state()
    try:
        runner.on(replace(explanation, map=values))
    except NotMeasurable as error:
        raise NotApplicable(str(error)) from error
    if not np.array_equal(values, explanation.map):
        raise CheckFailed("It writes into the explanation's map. Copy it first: subject.explanation.map.copy().")
    if network().state() != before:
        raise CheckFailed("It changes the network.")
    return "nothing is changed"


def empty(runner: MeasureRunner) -> str:
    """A map of zeros raises nothing but NotMeasurable, and gives no NaN."""
    explanation = _explained(TRUE[0], tuple(TRUE[1].items()))
    try:
        found = runner.on(replace(explanation, map=np.zeros_like(explanation.map)))
    except NotMeasurable as error:
        return f"not measurable: {error}"
    if found.value is not None and not np.isfinite(found.value):
        raise CheckFailed("Of a map of zeros it says a value that is not finite. Return None, or raise NotMeasurable.")
    return "a value" if found.value is not None else "no value"


def planted(runner: MeasureRunner) -> str:
    """What the measure calls better is the true map, not a map that knows nothing; for two findings."""
    from cxr.planted_network import FOR_BRIGHT, FOR_DARK

    better = runner.measure.better
    if not better:
        raise NotApplicable("It does not say which value is better.")
    for finding in (FOR_DARK, FOR_BRIGHT):  # the first and another of the network's labels
        true, others = _values(runner, finding)
        for name, value in others.items():
            if not (true > value if better == "higher" else true < value):
                raise CheckFailed(
                    f"Of the true map of {finding} it says {true:.3g}, of {name} {value:.3g}, and {better} is called "
                    "better. Measure the explained finding, swap the direction, leave `better` empty, or declare in "
                    "expected_failures what it can't distinguish."
                )
    return f"{true:.3g} for the true map, {', '.join(f'{value:.3g}' for value in others.values())} for the controls"


def _values(runner: MeasureRunner, finding: str) -> tuple[float, dict[str, float]]:
    """(of the true map, {control: of its map}); NotApplicable if it does not measure both."""
    found = {name: each.value for name, each in runner.all(finding).items() if each.value is not None}
    if TRUE[0] not in found or len(found) < 2:
        raise NotApplicable("It does not measure both a true map and one that knows nothing.")
    true = found.pop(TRUE[0])
    if "random_map" in found:
        # the median, since one random map may lie on the disc by chance
        values = [runner.on(_explained("random_map", (), seed, finding)).value for seed in range(RANDOM_MAPS)]
        found["random_map"] = float(np.median([value for value in values if value is not None]))
    if runner.needs_box():
        # shifted below zero it shows nothing, and nothing that lies in the box
        explanation = _explained(TRUE[0], tuple(TRUE[1].items()), finding=finding)
        below = replace(explanation, map=explanation.map - explanation.map.max() - 1)
        value = runner.on(below).value
        found |= {} if value is None else {"the same map below zero": value}
    return true, found


MEASURE_CHECKS: Mapping[str, Callable[[MeasureRunner], str]] = {
    "bounds": bounds,
    "sentence": sentence,
    "determinism": determinism,
    "purity": purity,
    "empty": empty,
    "planted": planted,
}
"""In the order in which they are run and reported."""
