"""Whether an explainer uses an option's whole range: no two values that should differ give one map."""

from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from explainers.contract.options import Option
from explainers.kit.checks.arithmetic import MOST_OF_AN_OPTION
from explainers.kit.explainer_runner import ExplainerRunner, disc, network
from explainers.kit.report import CheckFailed


class Maps:
    """Maps of the usual disc with some options, each computed once: many values are compared with each other."""

    def __init__(self, runner: ExplainerRunner) -> None:
        self.runner = runner
        self._known: dict[tuple[str, str], np.ndarray] = {}

    def of(self, options: dict[str, Any], finding: str) -> np.ndarray:
        """The map of a finding."""
        key = finding, repr(sorted(self.runner.options(options, network()).items()))
        if key not in self._known:
            self._known[key] = self.runner.map(disc(), finding, options=options)
        return self._known[key]


def check_whole_range(maps: Maps, option: Option) -> None:
    """All choices, a number's two halves and two steps from its default have an effect, or `options_in_effect` says no.

    Without one, a choice that is confused with another and an option that is clipped or rounded would pass.
    """
    from cxr.planted_network import SIZE

    runner = maps.runner
    for low, high in _pairs(option):
        given = [runner.options({option.name: value}, network()) for value in (low, high)]
        used = [runner.explainer.options_in_effect(each, SIZE)[option.name] for each in given]
        if low == high or used[0] == used[1]:
            continue
        if not any(_differs(maps, option.name, low, high, beside) for beside in _besides(runner, option)):
            one, other = (value if isinstance(value, str) else f"{value:g}" for value in (low, high))
            raise CheckFailed(
                f"The option {option.name!r} gives the same map at {one} and at {other}. Use its whole range, offer "
                "a smaller one, or say in options_in_effect which value is used."
            )


STEPS = 2
"""Of an option: a value so far from the default must give another map; that of one step may round to the same."""


def _pairs(option: Option) -> Iterator[tuple[Any, Any]]:
    """Values that must not give the same map."""
    if option.kind == "choice":
        yield from combinations(option.choices, 2)
    elif option.minimum is not None and option.maximum is not None:
        middle = (option.minimum + option.maximum) / 2
        yield from pairwise(type(option.default)(each) for each in (option.minimum, middle, option.maximum))
        if option.kind == "int" and option.maximum <= MOST_OF_AN_OPTION:
            step = STEPS * int(option.step or 1)
            near = option.default - step, option.default + step
            yield from ((option.default, value) for value in near if option.minimum <= value <= option.maximum)


def _differs(maps: Maps, name: str, low: Any, high: Any, beside: dict[str, Any]) -> bool:
    from cxr.planted_network import AGAINST_BRIGHT, FOR_BRIGHT

    for finding in (FOR_BRIGHT, AGAINST_BRIGHT):
        one, other = (maps.of({**beside, name: value}, finding) for value in (low, high))
        if not np.array_equal(one, other):
            return True
    return False


def _besides(runner: ExplainerRunner, option: Option) -> Iterator[dict[str, Any]]:
    """No other option, and then the largest value of each other number, which may lift a limit."""
    yield {}
    for each in runner.explainer.options():
        if each.name != option.name and each.maximum is not None:
            yield {each.name: type(each.default)(each.maximum)}
