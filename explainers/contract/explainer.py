"""The contract between the host and an explainer: one class, one file. The manual is `Explainer`'s docstring."""

import inspect
import re
import threading
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from cachetools import LRUCache, cached

from explainers.contract.options import Option, declared_options, options_schema
from explainers.contract.summaries import first_paragraph
from explainers.errors import PluginError

if TYPE_CHECKING:
    from explainers.contract.context import Context

API = 1
"""Version of this contract. A plugin written for another one is left out and reported."""


class Explainer:
    """Base class: subclass it, name it, and return a map from `explain`.

        class InputTimesGradient(Explainer):
            \"\"\"Gradient of the logit times the input. Source: Shrikumar et al. 2016.\"\"\"

            name, title, unit = "input_times_gradient", "Input × gradient", "logit"

            def explain(self, context, finding):
                return (context.input * context.input_gradient(finding)).sum(-1)

    What is explained is always the logit of one finding, never its score. Options are keyword-only parameters of
    `explain` with an annotation and a default: int, float, bool, `Literal[…]`, `Annotated[int, Range(8, 64, step=8)]`,
    `Annotated[str, Layer()]`; each becomes a control, and its help is the line `name: text` under "Options:" in the
    class's docstring.
    """

    # unique, snake case: what API and command line call it
    name: ClassVar[str]
    # what people read above the picture
    title: ClassVar[str]
    # of one value of the map, such as "logit"
    unit: ClassVar[str]
    # whether values below zero mean evidence against the finding
    signed: ClassVar[bool] = True
    # paper or project
    reference: ClassVar[str] = ""
    # True for a map that must lose against a real explanation: noise, edges, a fixed point
    control: ClassVar[bool] = False
    # whether it is compared where nobody chose explainers; the others are offered
    by_default: ClassVar[bool] = True
    # whether it draws from `context.rng`, so that another seed gives another map
    stochastic: ClassVar[bool] = False
    # the most that its default options may cost on an input of 224 × 224, in passes: one forward is one, one back is
    # two. A larger input may cost more in proportion to its area. The page computes the cheapest maps first
    most_passes: ClassVar[int] = 3000
    # {a check of `check_explainer`: why it is failed by design}
    expected_failures: ClassVar[Mapping[str, str]] = MappingProxyType({})
    # what the network must give, such as ("input_gradient",); None for what the code's calls of the context need
    needs: ClassVar[Sequence[str] | None] = None
    # version of the contract that it was written for
    api: ClassVar[int] = API

    def explain(self, context: "Context", finding: str) -> np.ndarray:
        """A map `(y, x)` of any size up to the input's, signed, in `unit`, its cells tiling the input evenly."""
        raise NotImplementedError(f"{type(self).__name__} must define explain(self, context, finding)")

    def explain_findings(self, context: "Context", findings: Sequence[str], **options: Any) -> np.ndarray:
        """Maps `(len(findings), y, x)`. Override it where one pass serves all findings."""
        return np.stack([self.explain(context, finding, **options) for finding in findings])

    @classmethod
    def options(cls) -> tuple[Option, ...]:
        """The options that `explain` declares."""
        return _options_of(cls)

    @classmethod
    def options_in_effect(cls, options: Mapping[str, Any], input_size: Sequence[int]) -> dict[str, Any]:
        """The options with the values that take effect on an input of `input_size` (height, width).

        Override it where an option is limited by another one or by the input. The explanation records these values.
        """
        return dict(options)

    @classmethod
    def is_signed(cls, options: Mapping[str, Any]) -> bool:
        """Whether maps with these options are signed. Override it where that depends on an option."""
        return cls.signed

    @classmethod
    def is_stochastic(cls, options: Mapping[str, Any]) -> bool:
        """Whether maps with these options depend on the seed. Override it where that depends on an option."""
        return cls.stochastic

    @classmethod
    def summary(cls) -> str:
        """The docstring's first paragraph, on one line."""
        return first_paragraph(inspect.getdoc(cls))

    @classmethod
    def describe(cls) -> dict[str, Any]:
        """What pages, endpoints and the command line show of the explainer, as JSON; `options` is a JSON Schema."""
        return {
            "name": cls.name,
            "title": cls.title,
            "unit": cls.unit,
            "signed": cls.signed,
            "control": cls.control,
            "by_default": cls.by_default,
            "reference": cls.reference,
            "summary": cls.summary(),
            "options": options_schema(cls),
        }


# a plugin that is read again has classes of its own
@cached(LRUCache(256), lock=threading.Lock())
def _options_of(explainer: type[Explainer]) -> tuple[Option, ...]:
    """Cached: reading signature and docstring takes as long as a Grad-CAM map."""
    return declared_options(explainer.explain, inspect.getdoc(explainer) or "")


KINDS = {
    "signed": bool,
    "control": bool,
    "by_default": bool,
    "stochastic": bool,
    "reference": str,
    "most_passes": int,
    "expected_failures": Mapping,
}
WORDS = {bool: "True or False", str: "a text", int: "a whole number", Mapping: "a dictionary"}


def check_explainer_class(explainer: object) -> type[Explainer]:
    """The class, if it keeps the contract; PluginError says what doesn't, with the author's own signature."""
    if not isinstance(explainer, type) or not issubclass(explainer, Explainer):
        kind = "an instance" if isinstance(explainer, Explainer) else type(explainer).__name__
        raise PluginError(f"The hook returned {kind}, not a subclass of Explainer.", "Return the class itself.")
    _check_attributes(explainer)
    if explainer.api != API:
        raise PluginError(f"{explainer.name!r} was written for contract {explainer.api!r}; this is contract {API}.")
    _check_signature(explainer)
    return explainer


def _check_attributes(explainer: type[Explainer]) -> None:
    for attribute in ("name", "title", "unit"):
        value = getattr(explainer, attribute, None)
        if not isinstance(value, str) or not value.strip():
            raise PluginError(f"{explainer.__name__} has no {attribute!r}.", f"Set {attribute} = '…' in the class.")
    for attribute, kind in KINDS.items():
        value = getattr(explainer, attribute)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            words = WORDS[kind]
            raise PluginError(f"{explainer.__name__} has {attribute!r} of type {type(value).__name__}, not {words}.")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", explainer.name):
        raise PluginError(f"The name {explainer.name!r} is not in snake case.", "Such as 'input_times_gradient'.")


def _check_signature(explainer: type[Explainer]) -> None:
    if explainer.explain is Explainer.explain or not callable(explainer.explain):
        raise PluginError(f"{explainer.name!r} does not define explain.", "def explain(self, context, finding): …")
    signature = inspect.signature(explainer.explain)
    shown = f"explain{signature}"
    positional = [p for p in signature.parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    variable = [p for p in signature.parameters.values() if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if [p.name for p in positional] != ["self", "context", "finding"] or variable:
        raise PluginError(
            f"{explainer.name!r} defines {shown}.",
            "It must be explain(self, context, finding, *, option: int = 1, …), with options after the star.",
        )
    try:
        names = [option.name for option in explainer.options()]
    except TypeError as error:
        raise PluginError(f"{explainer.name!r} defines {shown}: {error}.") from error
    _check_findings_signature(explainer, names)


def _check_findings_signature(explainer: type[Explainer], options: Sequence[str]) -> None:
    """`explain_findings` takes every option of `explain`, since the host passes all of them."""
    signature = inspect.signature(explainer.explain_findings)
    if any(each.kind is each.VAR_KEYWORD for each in signature.parameters.values()):
        return
    takes = [each.name for each in signature.parameters.values() if each.kind is each.KEYWORD_ONLY]
    missing, more = sorted(set(options) - set(takes)), sorted(set(takes) - set(options))
    if missing or more:
        difference = " and ".join(
            f"{verb} {', '.join(map(repr, names))}" for verb, names in (("lacks", missing), ("adds", more)) if names
        )
        raise PluginError(
            f"{explainer.name!r} defines explain_findings{signature}, which {difference}.",
            "Give explain and explain_findings the same options.",
        )
