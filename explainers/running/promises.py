"""What the host holds every shown map to: a promised sum is kept, and both methods of a plugin give one map.

The plugin kit checks more; these checks are cheap enough to be made on what is shown.
"""

from collections.abc import Mapping, MutableMapping
from typing import Any

import numpy as np

from explainers.contract.context import Context
from explainers.contract.explainer import Explainer
from explainers.errors import Cancelled, describe_plugin_error

SUM_RELATIVE, SUM_LEAST = 0.25, 0.05
"""By which a sum may miss what is promised: as a share, and in logits. Integrals and samples are not exact."""

MAP_RELATIVE = 1e-3
"""Of the largest value: by which the maps of `explain` and `explain_findings` may differ."""

Examined = MutableMapping[type[Explainer], str]
"""{explainer class: how its two methods disagree, or ""}: each class is examined once."""


def broken_sum(values: np.ndarray, promised: float | None) -> str:
    """A sentence if the cells miss the sum that the method promises by far, else ""."""
    if promised is None:
        return ""
    total = float(values.sum(dtype=np.float64))
    if abs(total - promised) <= max(SUM_RELATIVE * abs(promised), SUM_LEAST):
        return ""
    return f"The cells sum to {total:.3g}, but the method promises {promised:.3g}."


def disagreement(
    explainer: type[Explainer],
    context: Context,
    finding: str,
    options: Mapping[str, Any],
    shown: np.ndarray,
    examined: Examined,
) -> str:
    """A sentence if `explain` gives another map than the shown one, which `explain_findings` gave, else "".

    context  a new one, with the same seed. Each class runs once more, and what was found is said of all of its maps.
    Raises Cancelled.
    """
    if explainer not in examined:
        examined[explainer] = _disagreement(explainer, context, finding, options, shown)
    return examined[explainer]


def _disagreement(
    explainer: type[Explainer], context: Context, finding: str, options: Mapping[str, Any], shown: np.ndarray
) -> str:
    try:
        alone = np.asarray(explainer().explain(context, finding, **options), np.float64)
    except Cancelled:
        raise
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything
        return f"explain_findings gives a map, explain does not: {describe_plugin_error(error)}"
    if alone.shape == shown.shape and np.abs(alone - shown).max() <= MAP_RELATIVE * max(np.abs(alone).max(), 1e-12):
        return ""
    return "explain and explain_findings of this plugin give two maps of this finding: one of them is wrong."
