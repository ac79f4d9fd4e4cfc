"""Options of an explainer: declared once, as annotated keyword-only parameters; everything else is derived from them.

One validation serves page, endpoints and command line; controls, JSON Schema and help texts come from the same place.
"""

import inspect
import math
import re
import types
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from explainers.errors import OptionError, brief
from hub.errors import names_hint

LIST_LAYERS = "`python -m explainers layers`"
"""The command that lists a network's layers."""


@dataclass(frozen=True)
class Range:
    """Bounds of a number, both included; `step` is that of the page's slider, values between steps are valid."""

    minimum: float
    maximum: float
    step: float | None = None

    def __post_init__(self) -> None:
        finite = math.isfinite(self.minimum) and math.isfinite(self.maximum)
        if not finite or not self.minimum < self.maximum or (self.step is not None and not self.step > 0):
            raise ValueError(
                f"{self} is no range: the minimum must be below the maximum, both finite, and the step above zero."
            )


@dataclass(frozen=True)
class Layer:
    """Marks a text as the name of one of the network's layers that have a map: `Annotated[str, Layer()]`."""


@dataclass(frozen=True)
class Deprecated:
    """Marks an option that is still accepted, and says what takes its place: `Annotated[int, Deprecated("…")]`.

    It is offered nowhere. Where it is used, the explanation notes the sentence.
    """

    sentence: str


@dataclass(frozen=True)
class Option:
    """One option.

    kind        "int", "float", "bool", "choice" or "layer"
    choices     what a choice may be
    help        the docstring's sentence on it
    deprecated  what takes its place, where it is only still accepted; else ""
    """

    name: str
    kind: str
    default: Any
    choices: tuple = ()
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    help: str = ""
    deprecated: str = ""

    def check(self, value: object, *, explainer: str, layers: Iterable[str] | None = None) -> Any:
        """The value, if this option can take it; a float for an int. OptionError says what was expected.

        `layers` are the names that a layer option may have; None leaves them to the network.
        """
        if self.kind == "layer":
            return self._check_layer(value, explainer, layers)
        if self.kind == "choice":
            for choice in self.choices:
                if type(choice) is type(value) and choice == value:
                    return choice
        elif self.kind == "bool" and isinstance(value, bool):
            return value
        elif self.kind in ("int", "float") and isinstance(value, int | float) and self._is_number(value):
            number = int(value) if self.kind == "int" else float(value)
            if (self.minimum is None or number >= self.minimum) and (self.maximum is None or number <= self.maximum):
                return number
        raise OptionError(f"{explainer}: {self.name!r} must be {self.expected()}, not {value!r}.")

    def parse(self, text: str, *, explainer: str) -> Any:
        """The value that a word on the command line stands for; what can't be converted is left for `check`."""
        if self.kind == "bool" and text.lower() in ("true", "false"):
            return text.lower() == "true"
        if self.kind == "choice":
            return next((choice for choice in self.choices if str(choice) == text), text)
        if self.kind in ("int", "float"):
            convert = int if self.kind == "int" else float
            try:
                return convert(text)
            except ValueError as error:
                raise OptionError(f"{explainer}: {self.name!r} must be {self.expected()}, not {text!r}.") from error
        return text

    def expected(self) -> str:
        """What a value must be, in words."""
        if self.kind == "choice":
            return f"one of {', '.join(map(repr, self.choices))}"
        if self.kind == "bool":
            return "true or false"
        if self.kind == "layer":
            return "the name of a layer"
        bounds = f" from {self.minimum:g} to {self.maximum:g}" if self.minimum is not None else ""
        return f"a {'whole ' if self.kind == 'int' else ''}number{bounds}"

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the value."""
        kinds = {"int": "integer", "float": "number", "bool": "boolean", "layer": "string"}
        schema: dict[str, Any] = {"enum": list(self.choices)} if self.kind == "choice" else {"type": kinds[self.kind]}
        bounds = {"minimum": self.minimum, "maximum": self.maximum}
        schema |= {key: value for key, value in bounds.items() if value is not None}
        if self.kind == "layer":
            schema["format"] = "layer"
        if self.deprecated:
            schema["deprecated"] = True
        return schema | {"default": self.default, "description": self.help}

    def _is_number(self, value: int | float) -> bool:
        if isinstance(value, bool):
            return False
        try:
            number = float(value)
        except OverflowError:  # a whole number beyond what a float can hold
            return False
        return math.isfinite(number) and (self.kind == "float" or number.is_integer())

    def _check_layer(self, value: object, explainer: str, layers: Iterable[str] | None) -> str:
        if not isinstance(value, str) or (layers is not None and value not in layers):
            raise OptionError(
                f"{explainer}: the network has no layer {value!r}.",
                names_hint(str(value), layers or (), list_all=LIST_LAYERS),
            )
        return value


def declared_options(function: Callable, docstring: str) -> tuple[Option, ...]:
    """The options that a function's keyword-only parameters declare.

    Raises TypeError, with the parameter's name, for one without annotation or default, or of a type that no control
    can show; TypeError too where an annotation can't be evaluated.
    """
    try:
        hints = get_type_hints(function, include_extras=True)
    except Exception as error:  # postponed annotations run a plugin's code here, which may raise anything
        raise TypeError(f"an annotation can't be read: {brief(error).rstrip('.')}") from error
    helps = _helps(docstring)
    parameters = inspect.signature(function).parameters.values()
    return tuple(
        _declared(parameter, hints.get(parameter.name), helps.get(parameter.name, ""))
        for parameter in parameters
        if parameter.kind is parameter.KEYWORD_ONLY
    )


def _declared(parameter: inspect.Parameter, annotation: Any, text: str) -> Option:
    name, default = parameter.name, parameter.default
    if annotation is None or default is parameter.empty:
        raise TypeError(f"option {name!r} needs an annotation and a default")
    marks: tuple = ()
    if get_origin(annotation) is Annotated:
        annotation, *rest = get_args(annotation)
        marks = tuple(rest)
    bounds = next((mark for mark in marks if isinstance(mark, Range)), None)
    plain = all(isinstance(each, str | int | float) for each in get_args(annotation))  # what JSON can hold
    if get_origin(annotation) is Literal and plain:
        option = Option(name, "choice", default, choices=get_args(annotation), help=text)
    elif annotation is str and any(isinstance(mark, Layer) or mark is Layer for mark in marks):
        option = Option(name, "layer", default, help=text)
    elif annotation in (int, float, bool):
        option = Option(name, annotation.__name__, default, help=text)
        if bounds:
            option = replace(option, minimum=bounds.minimum, maximum=bounds.maximum, step=bounds.step)
    else:
        shown = (
            annotation if isinstance(annotation, types.GenericAlias) else getattr(annotation, "__name__", annotation)
        )
        raise TypeError(
            f"option {name!r} has the type {shown}; int, float, bool, a plain Literal or a Layer was expected"
        )
    sentences = [mark.sentence for mark in marks if isinstance(mark, Deprecated)]
    option = replace(option, deprecated=" ".join(sentences))
    try:
        option.check(default, explainer="default")
    except OptionError as error:
        raise TypeError(f"option {name!r} has a default that it can't take: {error.sentence}") from error
    return option


def _helps(docstring: str) -> dict[str, str]:
    """{name: text} of the docstring's part "Options:", one `name: text` a line, indented; longer texts go on below."""
    lines = iter(inspect.cleandoc(docstring).splitlines())
    if not any(line.strip() == "Options:" for line in lines):
        return {}
    helps: dict[str, str] = {}
    for line in lines:
        if line and not line[0].isspace():
            break
        if match := re.match(r"\s+(\w+)\s*:\s+(.*)", line):
            name, helps[match[1]] = match[1], match[2]
        elif helps and line.strip():
            helps[name] += f" {line.strip()}"
    return helps


def check_options(
    explainer: Any, given: Mapping[str, Any], *, layers: Collection[str], default_layer: str
) -> dict[str, Any]:
    """All of an explainer's options: those given, checked, and the defaults of the others.

    A layer's default that this network doesn't have gives way to `default_layer`; a network without layers can't have
    the map, so that the layer's name does not matter. Raises OptionError for an unknown
    name or a value that an option can't take.
    """
    known = {option.name: option for option in explainer.options()}
    if foreign := sorted(map(str, given.keys() - known.keys())):
        raise OptionError(f"{explainer.name} has no option {foreign[0]!r}.", names_hint(foreign[0], known))
    values = {}
    for name, option in known.items():
        value = given.get(name, option.default)
        if option.kind == "layer" and name not in given and layers and value not in layers:
            value = default_layer
        values[name] = option.check(value, explainer=explainer.name, layers=layers or None)
    return values


def deprecations(explainer: Any, options: Mapping[str, Any]) -> list[str]:
    """A sentence for each deprecated option that has another value than its default."""
    return [
        f"The option {option.name!r} of {explainer.name} is deprecated. {option.deprecated}"
        for option in explainer.options()
        if option.deprecated and options[option.name] != option.default
    ]


def options_schema(explainer: Any) -> dict:
    """JSON Schema of an explainer's options as one object; deprecated ones are marked as such."""
    return {
        "type": "object",
        "properties": {option.name: option.schema() for option in explainer.options()},
        "additionalProperties": False,
    }
