"""A check of places: what a map shows of one disc does not depend on another disc far away."""

from typing import TYPE_CHECKING

import numpy as np

from explainers.kit.explainer_runner import DISC, ExplainerRunner, disc, enlarged, network
from explainers.kit.report import CheckFailed, NotApplicable

if TYPE_CHECKING:
    from cxr.reading.radiograph import Radiograph

FAR = (DISC[0] + 22.0, DISC[1] - 46.0)
"""(y, x) of the other disc: no detector and no cell sees both."""

AROUND_PX = 8
"""Around a disc: a map of cells has them beyond its border."""

RELATIVE = 0.3
"""By which the first disc's largest value may change: fills and random numbers depend on the whole picture a little."""


def local(runner: ExplainerRunner) -> str:
    """A map in logits shows the same of a disc when there is another one far away: nothing is scaled to the rest."""
    from cxr.planted_network import Disc, picture

    if not runner.explainer.unit.startswith("logit"):
        raise NotApplicable(f"Its unit is {runner.explainer.unit!r}.")
    both = picture(Disc(*DISC), Disc(*FAR))
    digest = network().prepare(disc()).digest  # random explainers get the same random numbers
    alone, beside = (_largest(runner, each, digest) for each in (disc(), both))
    if abs(beside - alone) > RELATIVE * alone:
        raise CheckFailed(
            f"A disc reaches {alone:.3g} alone, and {beside:.3g} once there is another disc far away. Scale nothing to "
            "the map's largest value or to the logit, and clip nothing at a share of the cells: drawing does that."
        )
    return f"{alone:.3g} for a disc alone, {beside:.3g} beside another one"


def _largest(runner: ExplainerRunner, radiograph: "Radiograph", digest: str) -> float:
    """The largest magnitude around the first disc."""
    from cxr.planted_network import SIZE, Disc

    values = np.abs(enlarged(runner.map(radiograph, digest=digest), SIZE))
    top, left, height, width = Disc(*DISC).box
    rows = slice(max(0, top - AROUND_PX), top + height + AROUND_PX)
    return float(values[rows, max(0, left - AROUND_PX) : left + width + AROUND_PX].max())
