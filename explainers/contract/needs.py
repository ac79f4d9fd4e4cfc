"""What an explainer needs of a network: found by the methods of the context that its code calls, or declared."""

import types
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cxr.capabilities import (
    ATTENTIONS,
    CAPABILITIES,
    FORWARD_FROM,
    INPUT_GRADIENT,
    LAYER_GRADIENT,
    LAYERS,
    not_available,
)
from explainers.contract.explainer import Explainer

if TYPE_CHECKING:
    from cxr.predictor import Predictor

NEEDED_BY = {
    "activations": (LAYERS,),
    "layer_gradient": (LAYERS, LAYER_GRADIENT),
    "forward_from": (LAYERS, FORWARD_FROM),
    "input_gradient": (INPUT_GRADIENT,),
    "attentions": (ATTENTIONS,),
}
"""Methods of the context, and what a network has to give for them."""


def needs_of(explainer: type[Explainer]) -> tuple[str, ...]:
    """What a network must give, of `cxr.capabilities.CAPABILITIES`, in their order."""
    if explainer.needs is not None:
        return tuple(each for each in CAPABILITIES if each in explainer.needs)
    return _needed_by_code(explainer)  # type: ignore[arg-type]  # mypy holds that classes are not hashable


@lru_cache(maxsize=256)
def _needed_by_code(explainer: type[Explainer]) -> tuple[str, ...]:
    called = {name for code in _codes(explainer) for name in code.co_names}
    found = {need for name in called & set(NEEDED_BY) for need in NEEDED_BY[name]}
    if any(option.kind == "layer" for option in explainer.options()):
        found.add(LAYERS)
    return tuple(each for each in CAPABILITIES if each in found)


def why_not_available(explainer: type[Explainer], predictor: "Predictor") -> str:
    """Why an explainer has no map of this network, in a sentence; "" where it can have one."""
    missing = set(needs_of(explainer)) - predictor.capabilities
    return str(not_available(missing)) if missing else ""


def unavailable(explainers: Mapping[str, type[Explainer]], predictor: "Predictor") -> dict[str, str]:
    """{explainer: why it has no map of this network}, of those that have none."""
    reasons = {name: why_not_available(each, predictor) for name, each in explainers.items()}
    return {name: reason for name, reason in reasons.items() if reason}


def _codes(explainer: type[Explainer]) -> Iterator[types.CodeType]:
    """All code of the class and of its bases below Explainer, and of the functions of their modules that they use."""
    seen: set[int] = set()
    own = [each for each in explainer.__mro__ if issubclass(each, Explainer) and each is not Explainer]
    waiting: list[Any] = [value for each in own for value in vars(each).values()]
    while waiting:
        value = waiting.pop()
        function = getattr(value, "__func__", getattr(value, "fget", getattr(value, "__wrapped__", value)))
        if not isinstance(function, types.FunctionType) or id(function) in seen:
            continue
        seen.add(id(function))
        for code in _nested(function.__code__):
            yield code
            used = (function.__globals__.get(name) for name in code.co_names)
            waiting += [each for each in used if _is_the_authors(each, function.__module__)]


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _nested(constant)


def _is_the_authors(value: Any, module: str) -> bool:
    """Whether a function is of the same package as the code that uses it."""
    package = str(getattr(value, "__module__", "")).partition(".")[0]
    return isinstance(value, types.FunctionType) and package == module.partition(".")[0]
