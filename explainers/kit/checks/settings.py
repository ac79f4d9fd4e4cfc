"""Checks of what an explainer is with its options at other values than the defaults, and of what it shows meanwhile."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from explainers.kit.checks.arithmetic import bounds, choices
from explainers.kit.explainer_runner import ExplainerRunner, Run, disc, enlarged, network
from explainers.kit.report import CheckFailed, NotApplicable

RELATIVE = 1e-3
"""By which a map of doubled weights may miss being twice the map."""

ALIKE, LEAST, MOST = 0.5, 0.4, 2.5
"""Least correlation of the last preview with the map, and bounds of their largest values' ratio: a preview may lack the
last part of the work."""


def settings(runner: ExplainerRunner) -> str:
    """With each option at other values, it is what it says it is: signed or not, random or not, in logits or not."""
    tried = list(_settings(runner))
    if not tried:
        raise NotApplicable("It has no options.")
    for given in tried:
        words = ", ".join(f"{name} = {value!r}" for name, value in given.items())
        try:
            _check_setting(runner, given)
        except CheckFailed as error:
            raise CheckFailed(f"With {words}: {error}") from error
    return f"as it says with {len(tried)} other settings"


def _settings(runner: ExplainerRunner) -> Iterator[dict[str, Any]]:
    """Each option by itself at its bounds and choices, but for the defaults."""
    defaults = runner.options({}, network())
    for given in (*bounds(runner), *choices(runner)):
        if any(defaults[name] != value for name, value in given.items()):
            yield given
    for option in runner.explainer.options():
        if option.kind == "bool":
            yield {option.name: not option.default}


def _check_setting(runner: ExplainerRunner, given: dict[str, Any]) -> None:
    from cxr.planted_network import AGAINST_BRIGHT

    explainer, options = runner.explainer, runner.options(given, network())
    once = runner.map(disc(), options=given).astype(np.float64)
    other_seed = runner.map(disc(), options=given, seed=1)
    if not explainer.is_stochastic(options) and not np.array_equal(once, other_seed):
        raise CheckFailed("Another seed gives another map, but is_stochastic says no.")
    signed = explainer.is_signed(options)
    lowest = min(once.min(), runner.map(disc(), AGAINST_BRIGHT, options=given).min())
    if not signed and lowest < 0:
        raise CheckFailed(f"The map has a value of {lowest:.3g}, but is_signed says that it has no sign.")
    if explainer.unit.startswith("logit"):
        doubled = runner.map(disc(), on=network(scale=2.0), options=given)
        most = 2 * RELATIVE * max(np.abs(once).max(), 1e-12)
        if doubled.shape != once.shape or np.abs(doubled - 2 * once).max() > most:
            raise CheckFailed(
                f"With output weights twice as large, the map of unit {explainer.unit!r} does not double. Normalise "
                "nothing, or state another unit."
            )


def previews(runner: ExplainerRunner) -> str:
    """The last preview is nearly the map."""
    run = runner.run(disc())
    shown = [step.preview for step in run.steps if step.preview is not None]
    if not shown:
        raise NotApplicable("It shows no map before it is done.")
    if not np.ptp(run.map):
        raise NotApplicable("Its map is the same everywhere, so that a preview can't resemble it.")
    _check_preview(run, np.asarray(shown[-1], np.float64))
    return f"{len(shown)} previews, the last one nearly the map"


def _check_preview(run: Run, last: np.ndarray) -> None:
    from cxr.planted_network import SIZE

    one, other = (enlarged(each.astype(np.float32), SIZE).ravel() for each in (last, run.map))
    ratio = np.abs(one).max() / max(np.abs(other).max(), 1e-12)
    alike = np.corrcoef(one, other)[0, 1] if one.std() and other.std() else 0.0
    if not (alike >= ALIKE and LEAST <= ratio <= MOST):
        raise CheckFailed(
            f"The last preview correlates with the map by {alike:.2f}, and its largest value is {ratio:.2g} times the "
            "map's. Pass the map as far as it is known, in its unit: sums so far divided by what is done."
        )
