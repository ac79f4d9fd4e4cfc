"""Checks of what a map must depend on (finding, weights, seed) and must not (other pictures, threads, earlier runs)."""

import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count

import numpy as np

from explainers.contract.explainer import Explainer
from explainers.kit.explainer_runner import DISC, ExplainerRunner, disc, network, other_global_numbers
from explainers.kit.report import CheckFailed
from explainers.map_statistics import spearman

SAME = 0.9
"""Rank correlation from which two maps are the same picture."""

NETWORKS = 5
"""Networks with random weights."""

RELATIVE = 1e-5
"""By which a map may differ when only the company changes: batches of another size round differently."""


def determinism(runner: ExplainerRunner) -> str:
    """The same seed gives the same map, and no global generator is touched."""
    network()  # building it uses NumPy's global generator
    before = _global_state().copy(), random.getstate()
    one, other = (runner.map(disc(), seed=seed) for seed in (1, 2))
    after = _global_state(), random.getstate()
    with other_global_numbers():
        same = runner.map(disc(), seed=1)
    if not np.array_equal(one, same):
        raise CheckFailed("Two runs with one seed give two maps. Draw all random numbers from context.rng.")
    if not np.array_equal(before[0], after[0]) or before[1] != after[1]:
        raise CheckFailed(
            "A global random generator was used. Draw from context.rng, which is seeded and nobody else's."
        )
    if runner.explainer.stochastic and np.array_equal(one, other):
        raise CheckFailed("It says stochastic = True, but another seed gives the same map. Draw from context.rng.")
    if runner.explainer.stochastic and np.array_equal(one, runner.map(disc(), seed=1, digest="another picture")):
        raise CheckFailed(
            "It uses the same random numbers for every picture. Draw from context.rng: seed and picture decide its "
            "numbers."
        )
    if not runner.explainer.stochastic and not np.array_equal(one, other):
        raise CheckFailed("Another seed gives another map. Say so: stochastic = True.")
    slow = _on_a_slow_machine(runner)
    if slow is None or not np.array_equal(one, slow):
        raise CheckFailed(
            "On a slow machine it gives another map, or none. Let no clock decide how much is computed: offer an "
            "option instead."
        )
    return "the seed decides" if runner.explainer.stochastic else "the same for every seed"


def finding(runner: ExplainerRunner) -> str:
    """Two findings with evidence in two places have two maps."""
    from cxr.planted_network import FOR_BRIGHT, FOR_DARK, Disc, picture

    both = picture(Disc(*DISC), Disc(DISC[0] + 20, DISC[1] - 45, bright=False))
    found = spearman(runner.map(both, FOR_BRIGHT), runner.map(both, FOR_DARK))
    if found >= SAME:
        raise CheckFailed(
            f"The maps of two findings whose evidence lies in different places correlate by {found:.2f}. Explain the "
            "logit of the finding that is asked for."
        )
    return f"maps of two findings correlate by {found:.2f}"


def weights(runner: ExplainerRunner) -> str:
    """Networks with other weights have other maps."""
    from cxr.planted_network import FOR_BRIGHT

    own, found = runner.map(disc()), []
    prepared = network().prepare(disc()).array[None]
    logit = network().forward(prepared)[0]
    for seed in range(NETWORKS):
        randomised = network("randomised", seed=seed)
        if np.abs(randomised.forward(prepared)[0] - logit).max() < 0.1:
            raise AssertionError(f"the network {seed} answers the same")  # the kit's own fault, not the author's
        found.append(spearman(own, runner.map(disc(), FOR_BRIGHT, on=randomised)))
    if np.median(found) >= SAME:
        raise CheckFailed(
            f"With random weights the map stays the same (median rank correlation {np.median(found):.2f} over "
            f"{NETWORKS} networks). It shows the picture, not what the network does with it, or keeps the map of "
            "another network. If the picture is its purpose, say control = True and declare the failure."
        )
    return f"maps of random networks correlate by {np.median(found):.2f}"


def batch(runner: ExplainerRunner) -> str:
    """A map doesn't depend on what was explained before, nor on what is explained with it."""
    from cxr.planted_network import FOR_DARK

    alone = runner.map(disc())
    runner.map(disc(32.0, 18.0, bright=False), FOR_DARK)
    after = runner.map(disc())
    if not _close(alone, after):
        raise CheckFailed(
            "The map of a picture changes once another picture has been explained. Keep nothing between calls, on the "
            "class or in the module, that is not found by the input itself."
        )
    context = runner.run(disc()).context
    maps = runner.all_findings(context, context.labels)
    alone_again = runner.all_findings(context, context.labels[:1])
    if not runner.explainer.stochastic and not _close(alone_again[0], maps[0]):
        raise CheckFailed("explain_findings gives a finding another map when other findings are asked for with it.")
    if runner.explainer.explain_findings is not Explainer.explain_findings:
        check = _check_nearest if runner.explainer.stochastic else _check_findings
        check(runner, context.labels)
    return "the same alone and in company"


def _check_findings(runner: ExplainerRunner, labels: Sequence[str]) -> None:
    """`explain_findings` gives each finding the map of `explain`, for any findings in any order."""
    single = {label: runner.map(disc(), label) for label in labels}
    for findings in (labels, labels[::-1], labels[1:], labels[-1:], labels[::2]):
        together = runner.all_findings(runner.run(disc()).context, findings)
        for at, finding in enumerate(findings):
            if len(together) != len(findings) or not _close(single[finding], together[at]):
                raise CheckFailed(
                    f"explain_findings of {', '.join(findings)} gives {finding} another map than explain does. Return "
                    "the maps in the order of the findings that were asked for, by their place in context.labels."
                )


def _check_nearest(runner: ExplainerRunner, labels: Sequence[str]) -> None:
    """A map of `explain_findings` is more like that of its own finding than like another's, whatever was drawn."""
    single = {label: runner.map(disc(), label).astype(np.float64) for label in labels}
    for findings in (labels[::-1], labels[1:], labels[::2]):
        together = runner.all_findings(runner.run(disc()).context, findings)
        for at, finding in enumerate(findings):
            values = np.asarray(together[at], np.float64)
            off = {each: float(np.abs(single[each] - values).sum()) for each in labels}
            if off[finding] > min(off.values()):
                raise CheckFailed(
                    f"explain_findings of {', '.join(findings)} gives {finding} the map of {min(off, key=off.get)}. "  # type: ignore[arg-type]
                    "Return the maps in the order of the findings that were asked for."
                )


def names(runner: ExplainerRunner) -> str:
    """With the network's findings in another order each finding has the same map."""
    from cxr.planted_network import FOR_BRIGHT, FOR_DARK, LABELS

    other, digest = network(labels=(*LABELS[1:], LABELS[0])), network().prepare(disc()).digest
    for label in (FOR_BRIGHT, FOR_DARK):
        one, same = (runner.map(disc(), label, on=on, digest=digest) for on in (network(), other))
        if not _close(one, same):
            raise CheckFailed(
                f"{label} has another map once the network's findings are in another order. Look its place up with "
                "context.labels.index(finding) in every call, and keep none."
            )
    return "the same with findings in another order"


def purity(runner: ExplainerRunner) -> str:
    """Input and network are as they were."""
    own = network.__wrapped__()  # a fresh one, since an earlier check may have changed the others
    before, run = own.state(), runner.run(disc(), on=own, writable=True)
    if not np.array_equal(run.context.input, own.prepare(disc()).array):
        raise CheckFailed("It writes to context.input, which others are explaining too. Work on a copy.")
    if own.state() != before:
        raise CheckFailed("It changes the network's weights or layers. Others use the network at the same time.")
    return "input and network are left alone"


def threads(runner: ExplainerRunner) -> str:
    """Four threads at once give what one after another gives."""
    places = [(12.0 + 3 * number, 12.0 + 6 * number) for number in range(8)]
    in_turn = [runner.map(disc(y, x)) for y, x in places]
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(lambda place: runner.map(disc(*place)), places))
    wrong = sum(not _close(one, other) for one, other in zip(in_turn, at_once, strict=True))
    if wrong:
        raise CheckFailed(
            f"{wrong} of 8 maps differ when 4 threads explain at once. Keep what belongs to a call in local variables."
        )
    return "8 maps in 4 threads are those in turn"


def _on_a_slow_machine(runner: ExplainerRunner) -> np.ndarray | None:
    """The usual map; None if there is none."""
    with _slow_clock():
        try:
            return runner.map(disc(), seed=1)
        except CheckFailed:
            return None


CLOCKS = ("time", "monotonic", "perf_counter", "process_time")


@contextmanager
def _slow_clock() -> Iterator[None]:
    """Between two looks at a clock a minute passes in the block."""
    originals = {name: getattr(time, name) for name in CLOCKS}
    looks = count()
    try:
        for name, original in originals.items():
            setattr(time, name, lambda original=original: original() + 60.0 * next(looks))
        yield
    finally:
        for name, original in originals.items():
            setattr(time, name, original)


def _global_state() -> np.ndarray:
    """NumPy's global generator."""
    state = np.random.get_state(legacy=True)
    assert isinstance(state, tuple)
    return np.asarray(state[1])


def _close(one: np.ndarray, other: np.ndarray) -> bool:
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    return one.shape == other.shape and bool(np.abs(one - other).max() <= RELATIVE * max(np.abs(one).max(), 1e-12))
