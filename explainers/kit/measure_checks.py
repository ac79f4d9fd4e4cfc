"""Checks of a measure, on explanations of which it is known how good they are."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from explainers.contract.measure import Measured, NotMeasurable
from explainers.kit import measure_evidence, measure_figures, measure_relations, measure_requests
from explainers.kit.explainer_runner import network, other_global_numbers
from explainers.kit.measure_runner import DERIVATIVES, TRUE, USELESS, MeasureRunner, explained
from explainers.kit.report import CheckFailed, NotApplicable

ROUNDING = 1e-6

RANDOM_MAPS = 7
"""Seeds of the random control whose median stands for it."""


def measurable(runner: MeasureRunner) -> str:
    """It says something of one map at least; else no other check says anything of it."""
    try:
        return f"of {', '.join(runner.all())}"
    except NotApplicable as error:
        raise CheckFailed(
            "It says nothing of any map of the kit's networks, so that nothing can be checked. If what it needs is not "
            "there, declare so in expected_failures, and test it on a network that has it."
        ) from error


def bounds(runner: MeasureRunner) -> str:
    """Values are finite and within what is declared; shares lie within 0 and 1, or say how far they go."""
    if runner.measure.unit.startswith("share") and runner.measure.bounds == (None, None):
        raise CheckFailed(
            f"Its unit is {runner.measure.unit!r}, and it declares no bounds. Say bounds = (0, 1), and return 0.5 for "
            "a half, not 50."
        )
    for name, found in runner.all().items():
        _check_bounds(runner, name, found)
    return f"within {runner.measure.bounds}"


def _check_bounds(runner: MeasureRunner, name: str, found: Measured) -> None:
    """The value, and the figures beside it that are shares: all where the value is one, and those called so."""
    for figure, share in found.figures.items():
        called = runner.measure.bounds == (0, 1) or str(figure).startswith("share")
        if called and isinstance(share, float) and not -ROUNDING <= share <= 1 + ROUNDING:
            raise CheckFailed(f"Of {name} its figure {figure!r} is {share:.4g}; shares lie within 0 and 1.")
    if found.value is None:
        return
    (least, largest), value = runner.measure.bounds, float(found.value)
    below, above = least is not None and value < least, largest is not None and value > largest
    if not np.isfinite(value) or below or above:
        raise CheckFailed(
            f"Of {name} it says {value:.4g}, which is not within {runner.measure.bounds}. "
            "Declare wider bounds, or return None where the value is not defined."
        )


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
    first = runner.all()
    with other_global_numbers():
        again = runner.all()
    for name in first:
        if first[name].value != again[name].value:
            raise CheckFailed(
                f"Of {name} it says {first[name].value} and then {again[name].value}. Draw with subject.rng only."
            )
    return "the same twice"


def purity(runner: MeasureRunner) -> str:
    """Explanation, input and network are left as they are."""
    explanation = explained(TRUE[0], tuple(TRUE[1].items()))
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
    explanation = explained(TRUE[0], tuple(TRUE[1].items()))
    try:
        found = runner.on(replace(explanation, map=np.zeros_like(explanation.map)))
    except NotMeasurable as error:
        return f"not measurable: {error}"
    if found.value is not None and not np.isfinite(found.value):
        raise CheckFailed("Of a map of zeros it says a value that is not finite. Return None, or raise NotMeasurable.")
    return "a value" if found.value is not None else "no value"


def extremes(runner: MeasureRunner) -> str:
    """Of maps that are negative, constant, one cell or very large, values stay within what is declared."""
    explanation = explained(TRUE[0], tuple(TRUE[1].items()))
    values = explanation.map
    for name, other in (
        ("a map below zero", -np.abs(values) - 1),
        ("a constant map", np.ones_like(values)),
        ("a map of one cell", np.ones((1, 1), np.float32)),
        ("a map a million times as large", 1e6 * values),
        ("a map of pixels", np.random.default_rng(0).normal(size=explanation.frame.input_size).astype(np.float32)),
    ):
        try:
            found = runner.on(replace(explanation, map=other))
        except NotMeasurable:
            continue
        _check_bounds(runner, name, found)
    return "within bounds for negative, constant, single, large and fine maps"


def unit(runner: MeasureRunner) -> str:
    """With output weights twice as large a value in logits doubles, and a share, rank or correlation stays."""
    doubled, given = network(scale=2.0), tuple(TRUE[1].items())
    power = 1.0 if runner.measure.unit == "logit" else 0.0
    once, twice = (explained(TRUE[0], given, on=on) for on in (network(), doubled))
    # not the true map, of which many figures are 0 or 1
    noise = np.random.default_rng(1).normal(size=once.map.shape).astype(np.float32) * float(once.map.std())
    try:
        one = runner.on(replace(once, map=once.map + noise)).value
        two = runner.on(replace(twice, map=twice.map + 2 * noise), given=doubled).value
    except NotMeasurable as error:
        raise NotApplicable(str(error)) from error
    if one is None or two is None:
        raise NotApplicable("It has no value.")
    if abs(two - 2**power * one) > 0.02 * max(abs(one), 0.05):
        raise CheckFailed(
            f"Of a map and of one of a network with weights twice as large it says {one:.4g} and {two:.4g}, though its "
            f"unit is {runner.measure.unit!r}. A share or a correlation is divided by what is as large as it is; a "
            "value in logits is divided by nothing."
        )
    return "doubles with the logits" if power else "the same in other units"


def crop(runner: MeasureRunner) -> str:
    """The true map is better than controls also where the network sees a part of the picture only."""
    from cxr.planted_network import FOR_DARK

    if not runner.measure.better:
        raise NotApplicable("It does not say which value is better.")
    on = network(margin=(16, 8))
    found = {}
    for name, options in (TRUE, *((each, {}) for each in USELESS)):
        try:
            value = runner.on(explained(name, tuple(options.items()), 0, FOR_DARK, on), given=on).value
        except NotMeasurable:
            continue
        if value is not None:
            found[name] = value if runner.measure.better == "higher" else -value
    true = found.pop(TRUE[0], None)
    if true is None or not found:
        raise NotApplicable("It does not measure both a true map and one that knows nothing.")
    if true <= np.median(list(found.values())):
        raise CheckFailed(
            "On a picture of which the network sees a part, the true map is no better than controls. Compare in one "
            "frame: explanation.on_image() is the radiograph's, explanation.on_input() the network's."
        )
    return "the true map is better on a part of a picture, too"


def planted(runner: MeasureRunner) -> str:
    """What the measure calls better is a true map, not one that knows nothing; for two findings, and derivatives."""
    from cxr.planted_network import FOR_BRIGHT, FOR_DARK

    better = runner.measure.better
    if not better:
        raise NotApplicable("It does not say which value is better.")
    for finding in (FOR_DARK, FOR_BRIGHT):  # the first and another of the network's labels
        true, others = _values(runner, finding)
        _check_better(runner, f"the true map of {finding}", true, others)
    derivatives = _derivatives(runner)
    if derivatives is not None:
        _check_better(runner, f"the derivatives of {finding}", derivatives, others)
    return f"{true:.3g} for the true map, {', '.join(f'{value:.3g}' for value in others.values())} for the controls"


def _check_better(runner: MeasureRunner, name: str, true: float, others: Mapping[str, float]) -> None:
    better = runner.measure.better
    for other, value in others.items():
        if not (true > value if better == "higher" else true < value):
            raise CheckFailed(
                f"Of {name} it says {true:.3g}, of {other} {value:.3g}, and {better} is called better. Measure the "
                "explained finding, swap the direction, leave `better` empty, or declare in expected_failures what it "
                "can't distinguish."
            )


def _derivatives(runner: MeasureRunner) -> float | None:
    """What it says of the bright disc's derivatives; None where it says nothing of them."""
    try:
        return runner.on(explained(DERIVATIVES, ())).value
    except NotMeasurable:
        return None


def _values(runner: MeasureRunner, finding: str) -> tuple[float, dict[str, float]]:
    """(of the true map, {control: of its map}); NotApplicable if it does not measure both."""
    found = {name: each.value for name, each in runner.all(finding).items() if each.value is not None}
    if TRUE[0] not in found or len(found) < 2:
        raise NotApplicable("It does not measure both a true map and one that knows nothing.")
    true = found.pop(TRUE[0])
    if "random_map" in found:
        # the median, since one random map may lie on the disc by chance
        values = [runner.on(explained("random_map", (), seed, finding)).value for seed in range(RANDOM_MAPS)]
        found["random_map"] = float(np.median([value for value in values if value is not None]))
    if runner.needs_box():
        # shifted below zero it shows nothing, and nothing that lies in the box
        explanation = explained(TRUE[0], tuple(TRUE[1].items()), finding=finding)
        below = replace(explanation, map=explanation.map - explanation.map.max() - 1)
        value = runner.on(below).value
        found |= {} if value is None else {"the same map below zero": value}
    return true, found


MEASURE_CHECKS: Mapping[str, Callable[[MeasureRunner], str]] = {
    "measurable": measurable,
    "bounds": bounds,
    "sentence": sentence,
    "determinism": determinism,
    "purity": purity,
    "empty": empty,
    "extremes": extremes,
    "planted": planted,
    "unit": unit,
    "crop": crop,
    "scale": measure_relations.scale,
    "opposite": measure_relations.opposite,
    "company": measure_relations.company,
    "perfect": measure_relations.perfect,
    "controls": measure_relations.controls,
    "symmetry": measure_relations.symmetry,
    "names": measure_relations.names,
    "figures": measure_figures.figures,
    "level": measure_evidence.level,
    "worth": measure_evidence.worth,
    "elsewhere": measure_evidence.elsewhere,
    "mirror": measure_evidence.mirror,
    "still": measure_evidence.still,
    "refits": measure_evidence.refits,
    "verdicts": measure_evidence.verdicts,
    "boxes": measure_requests.boxes,
    "again": measure_requests.again,
}
"""In the order in which they are run and reported."""
