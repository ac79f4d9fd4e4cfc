"""Checks of what a measure asks for: all boxes of a finding, and maps with the explanation's own options and seed."""

from collections.abc import Mapping
from functools import wraps
from typing import Any

import numpy as np

from explainers.contract.context import Context
from explainers.contract.measure import NotMeasurable
from explainers.kit.measure_relations import asked, equal, true_map
from explainers.kit.measure_runner import DERIVATIVES, MeasureRunner, explained, explainer_of
from explainers.kit.report import CheckFailed, NotApplicable

OTHER_BOX = (40.0, 12.0, 8.0, 8.0)
"""Far from the disc."""

OPTIONS, SEED = {"sign": "absolute"}, 3
"""Of the explanation whose map is asked for again: neither is the default."""


def boxes(runner: MeasureRunner) -> str:
    """Several boxes of a finding are one target: their order does not count, and a second one does."""
    from cxr.planted_network import Disc
    from explainers.kit.explainer_runner import DISC

    if not runner.needs_box():
        raise NotApplicable("It compares no map with a box.")
    top, left, height, width = Disc(*DISC).box
    of_disc, true = (float(top), float(left), float(height), float(width)), true_map()
    alone = asked(runner, true, box=OTHER_BOX).value
    both = asked(runner, true, box=OTHER_BOX, more_boxes=(of_disc,)).value
    exchanged = asked(runner, true, box=of_disc, more_boxes=(OTHER_BOX,)).value
    if equal(alone, both) or not equal(both, exchanged):
        raise CheckFailed(
            f"Of a box beside the evidence it says {alone}, with a second box on the evidence {both}, and with the two "
            f"exchanged {exchanged}. All boxes of a finding are one target: take subject.box and subject.more_boxes."
        )
    return "one target, in any order"


def again(runner: MeasureRunner) -> str:
    """Maps that it asks for have the options and the seed of the explanation, not the defaults."""
    explanation, original = explained(DERIVATIVES, tuple(OPTIONS.items()), SEED), explainer_of(DERIVATIVES)
    defaults = {option.name: option.default for option in original.options()}
    given: list[tuple[Mapping[str, Any], int]] = []

    class Watched(original):  # type: ignore[misc, valid-type]
        """Remembers what it is asked for."""

        @wraps(original.explain)
        def explain(self, context: Context, finding: str, **options: Any) -> np.ndarray:
            given.append((options, context.seed))
            values: np.ndarray = super().explain(context, finding, **options)
            return values

    try:
        runner.on(explanation, explainer=Watched)
    except NotMeasurable as error:
        raise NotApplicable(str(error)) from error
    if not given:
        raise NotApplicable("It asks for no map.")
    if any(defaults | dict(options) == defaults or not seed for options, seed in given):
        raise CheckFailed(
            f"Of a map with {OPTIONS} and the seed {SEED} it asks for another with the defaults. Use subject.again and "
            "subject.all_findings, which pass options and seed on."
        )
    return f"{len(given)} maps, as the explanation was made"
