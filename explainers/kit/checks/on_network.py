"""Checks on any network, where the evidence is unknown: behaviour, not correctness."""

from collections.abc import Callable, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from explainers.kit.explainer_runner import ExplainerRunner
from explainers.kit.report import CheckFailed
from explainers.map_statistics import spearman

if TYPE_CHECKING:
    from cxr import Predictor
    from cxr.reading.radiograph import Radiograph

SAME = 0.999
"""Rank correlation from which maps of two findings are one picture. Findings of a real network share much of their
evidence, so this is far above what the planted networks are held to."""

DECLARED_FOR = 224
"""Side of the input for which a class declares its cost."""

FINDINGS = 3
"""Findings that are compared pair by pair, the first ones of the network's labels."""

Check = Callable[[ExplainerRunner, "Predictor", "Radiograph"], str]


def shape(runner: ExplainerRunner, predictor: "Predictor", radiograph: "Radiograph") -> str:
    """A finite map of the right shape, and no more passes than the class says."""
    run = runner.run(radiograph, predictor.labels[0], on=predictor)
    height, width = predictor.prepare(radiograph).array.shape[:2]
    most = round(runner.explainer.most_passes * max(1, height * width / DECLARED_FOR**2))
    if run.passes > most:
        raise CheckFailed(
            f"It costs {run.passes} passes on an input of {height} × {width}; {most} are allowed. Declare most_passes "
            "in the class."
        )
    return f"{' × '.join(map(str, run.map.shape))} cells, {run.passes} passes"


def determinism(runner: ExplainerRunner, predictor: "Predictor", radiograph: "Radiograph") -> str:
    """The same seed gives the same map."""
    one, same = (runner.map(radiograph, predictor.labels[0], on=predictor, seed=1) for _ in range(2))
    if not np.array_equal(one, same):
        raise CheckFailed("Two runs with one seed give two maps. Draw all random numbers from context.rng.")
    return "the same map twice"


def finding(runner: ExplainerRunner, predictor: "Predictor", radiograph: "Radiograph") -> str:
    """Findings have maps of their own."""
    maps = [runner.map(radiograph, label, on=predictor) for label in predictor.labels[:FINDINGS]]
    found = [spearman(one, other) for one, other in combinations(maps, 2)]
    if found and min(found) >= SAME:
        raise CheckFailed(
            f"It shows the same whatever is asked: maps of {len(maps)} findings correlate by {min(found):.3f} or more. "
            "Explain the logit of the finding that is asked for; if that is its purpose, say control = True."
        )
    return f"maps of findings correlate by {min(found):.2f} to {max(found):.2f}" if found else "there is one finding"


def purity(runner: ExplainerRunner, predictor: "Predictor", radiograph: "Radiograph") -> str:
    """Input and scores are as they were."""
    prepared = predictor.prepare(radiograph).array
    before = predictor.forward(prepared[None])
    run = runner.run(radiograph, predictor.labels[0], on=predictor, writable=True)
    if not np.array_equal(run.context.input, prepared):
        raise CheckFailed("It writes to context.input, which others are explaining too. Work on a copy.")
    if not np.array_equal(predictor.forward(prepared[None]), before):
        raise CheckFailed("The network answers differently afterwards. Others use it at the same time.")
    return "input and scores are left alone"


NETWORK_CHECKS: Mapping[str, Check] = {
    "shape": shape,
    "determinism": determinism,
    "finding": finding,
    "purity": purity,
}
"""In the order in which they are run and reported."""
