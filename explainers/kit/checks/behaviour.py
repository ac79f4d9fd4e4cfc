"""How an explainer behaves while it works: progress, cancelling, options, cost, and what it leaves behind."""

import builtins
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np

from explainers.contract.explainer import Explainer
from explainers.contract.explanation import Explanation
from explainers.contract.options import Option
from explainers.errors import Cancelled, OptionError
from explainers.hookspecs import hookimpl
from explainers.kit.checks.ranges import Maps, check_whole_range
from explainers.kit.explainer_runner import ExplainerRunner, Run, disc, network
from explainers.kit.report import CheckFailed, NotApplicable

PASSES_A_SECOND = 25
"""Passes per second on a slow machine, backward ones counted twice: a visitor expects a report at least that often."""

ALL, NEARLY_ALL = 0.999, 0.8
"""The fraction that says that all is done, and the share of the passes that must be made by then."""

EVERY = 0.05
"""Of the whole work: the share between two reports that is enough for long work."""

STEP = 32
"""Passes that may still be made once a run is cancelled: a batch of 16 forward, or of 8 forward and back."""

STARTER = (224, 224)
"""Rows and columns of the packaged network's input, for which the cost is counted."""


def progress(runner: ExplainerRunner) -> str:
    """Progress rises from 0 to 1 and is reported about once a second."""
    run = runner.run(disc())
    if run.passes <= PASSES_A_SECOND:
        run = _large(runner)
    if run.passes <= PASSES_A_SECOND:
        return f"not needed for {run.passes} passes"
    if not run.steps:
        raise CheckFailed(
            f"It makes {run.passes} passes and never calls context.progress(fraction, text). Call it after each batch: "
            "it also ends the run once the visitor cancels."
        )
    fractions = [step.fraction for step in run.steps]
    if any(later < earlier for earlier, later in pairwise(fractions)):
        raise CheckFailed("Progress runs backwards.")
    if abs(fractions[-1] - 1) > 1e-6:
        raise CheckFailed(f"Progress ends at {fractions[-1]:.2f}. Its last call must say 1.0.")
    early = [step.passes for step in run.steps if step.fraction > ALL and step.passes < NEARLY_ALL * run.passes]
    if early:
        raise CheckFailed(f"It says that all is done after {early[0]} of {run.passes} passes. Report done ÷ all.")
    made = [0, *(step.passes for step in run.steps), run.passes]
    longest = max(later - earlier for earlier, later in pairwise(made))
    if longest > max(PASSES_A_SECOND, EVERY * run.passes):
        raise CheckFailed(
            f"Between two reports {longest} of {run.passes} passes are made. Report at least every {PASSES_A_SECOND}, "
            f"or every {EVERY:.0%}."
        )
    return f"{len(run.steps)} reports in {run.passes} passes"


def _large(runner: ExplainerRunner) -> Run:
    """On an input as large as the packaged network's."""
    from cxr.planted_network import Disc, picture

    return runner.run(picture(Disc(80.0, 150.0), size=STARTER), on=network(size=STARTER))


def cancel(runner: ExplainerRunner) -> str:
    """A cancelled run ends within a step."""
    whole = runner.run(disc()).passes
    if whole <= STEP:
        raise NotApplicable(f"It makes {whole} passes, no more than a step.")
    last = 0

    def cancelled(made: int) -> bool:
        nonlocal last
        last = max(last, made)
        return made >= whole // 2

    try:
        run = runner.run(disc(), cancelled=cancelled)
    except Cancelled:
        return f"{last} of {whole} passes were made"
    raise CheckFailed(
        f"Cancelled half way, it went on to {run.passes} of {whole} passes. Call context.progress between batches "
        "and let Cancelled through: catch no Exception around it."
    )


def options(runner: ExplainerRunner) -> str:
    """Defaults and bounds run, what is outside is refused, and each option changes something."""
    declared = runner.explainer.options()
    if not declared:
        raise NotApplicable("It has no options.")
    maps = Maps(runner)
    for option in declared:
        _refused(runner, {option.name: object()}, option)
        for outside in _outside(option):
            _refused(runner, {option.name: outside}, option)
        if not any(_changes(maps, option, value, declared) for value in _others(option, runner)):
            raise CheckFailed(
                f"The option {option.name!r} changes nothing, whatever its value and that of one other option. "
                "Use it or drop it."
            )
        check_whole_range(maps, option)
    _refused(runner, {"no_such_option": 1}, declared[0])
    return f"{len(declared)} of them, each with an effect"


OTHER_PROCESSES = 6
"""Whose hashes are tried: other random numbers may give the same map of a small network once."""


def time(runner: ExplainerRunner) -> str:
    """Costs no more than it says, at the packaged network's size."""
    run = _large(runner)
    most = runner.explainer.most_passes
    if run.passes > most:
        raise CheckFailed(
            f"At its defaults it costs {run.passes} passes on a picture of {STARTER[0]} × {STARTER[1]}; {most} are "
            "allowed. Make the defaults cheaper, or say most_passes in the class."
        )
    return f"{run.passes} passes, at most {most}"


def provenance(runner: ExplainerRunner) -> str:
    """What the host records is enough to get the map again."""
    one = _compared(runner, {}, 7)
    missing = [name for name in ("model", "input_digest", "versions", "options") if getattr(one, name) in (None, "")]
    if missing:
        raise CheckFailed(f"The record lacks {', '.join(missing)}.")
    record = one.record()
    again = _compared(runner, record["options"], record["seed"])
    if not np.array_equal(one.map, again.map) or again.input_digest != record["input_digest"]:
        raise CheckFailed("Run again from its own record, it gives another map. What else does the map depend on?")
    for number in range(OTHER_PROCESSES):
        with _other_hashes(number):
            other_process = _compared(runner, record["options"], record["seed"])
        if not np.array_equal(one.map, other_process.map):
            raise CheckFailed(
                "It uses hash(), which is another number in every process, so its record gives another map there. Use "
                "a digest of hashlib, or draw from context.rng."
            )
    return "its record gives the same map again"


@contextmanager
def _other_hashes(number: int) -> Iterator[None]:
    """Texts have other hashes in the block, as they do in another process; PYTHONHASHSEED decides there."""
    original = builtins.hash
    builtins.hash = lambda value: original((number, value)) if isinstance(value, str) else original(value)
    try:
        yield
    finally:
        builtins.hash = original


def _compared(runner: ExplainerRunner, options: dict[str, Any], seed: int) -> Explanation:
    """One explanation, the way pages and endpoints get it."""
    from cxr.planted_network import FOR_BRIGHT
    from explainers.registry import Registry
    from explainers.running.comparison import Failed, Finished, compare

    registry = Registry()
    registry.register(_Plugin(runner.explainer), name="on trial")
    name = runner.explainer.name
    given = {name: options} if options else {}
    for event in compare(network(), disc(), FOR_BRIGHT, [name], options=given, seed=seed, registry=registry):
        if isinstance(event, Finished):
            return event.explanation
        if isinstance(event, Failed):
            raise CheckFailed(event.reason)
    raise AssertionError("a comparison ended without a result")


class _Plugin:
    """A plugin that brings the explainer on runner."""

    def __init__(self, explainer: type[Explainer]) -> None:
        self.explainer = explainer

    @hookimpl
    def cxr_lens_explainers(self) -> list[type[Explainer]]:
        return [self.explainer]


def _refused(runner: ExplainerRunner, given: dict[str, Any], option: Option) -> None:
    try:
        runner.options(given, network())
    except OptionError:
        return
    raise CheckFailed(f"The option {option.name!r} takes {next(iter(given.values()))!r}, which is out of its bounds.")


def _outside(option: Option) -> Iterator[object]:
    if option.minimum is not None and option.maximum is not None:
        yield from (option.minimum - 1, option.maximum + 1)
    yield {"int": "many", "float": "many", "bool": "perhaps"}.get(option.kind, "no such thing")


def _others(option: Option, runner: ExplainerRunner) -> list[Any]:
    """Values beside the default: both bounds of a number, every other choice, another layer."""
    if option.kind == "bool":
        return [not option.default]
    if option.kind == "choice":
        return [choice for choice in option.choices if choice != option.default]
    if option.kind == "layer":
        used = runner.options({}, network())[option.name]
        return [layer for layer in network().layers if layer != used]
    if option.minimum is not None:
        return [kind for kind in (option.minimum, option.maximum) if kind != option.default]
    return [option.default + 1, option.default * 2 + 1]


def _changes(maps: Maps, option: Option, value: Any, declared: tuple[Option, ...]) -> bool:
    """Whether a value gives another map of some finding: by itself, or beside another value of one other option."""
    from cxr.planted_network import AGAINST_BRIGHT, FOR_BRIGHT

    besides: list[dict[str, Any]] = [{}]
    besides += [
        {each.name: other} for each in declared if each.name != option.name for other in _others(each, maps.runner)
    ]
    return any(
        not np.array_equal(maps.of({**beside, option.name: value}, finding), maps.of(beside, finding))
        for beside in besides
        for finding in (FOR_BRIGHT, AGAINST_BRIGHT)
    )
