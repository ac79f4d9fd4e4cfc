"""Options: declared once, as annotated parameters; checked, described and parsed from there."""

from typing import Annotated, Literal

import pytest

from explainers import Explainer, Layer, Range
from explainers.contract.options import check_options, declared_options, options_schema
from explainers.errors import OptionError


class Everything(Explainer):
    """One option of each kind.

    What it cannot show: anything.

    Options:
        count: how many
            of them
        share: how much
        free: any number
        on: whether it is on
        kind: which one
        layer: where
    Source:
        other: not an option
    """

    name, title, unit = "everything", "Everything", "logit"

    def explain(
        self,
        context,
        finding,
        *,
        count: Annotated[int, Range(2, 10, step=2)] = 4,
        share: Annotated[float, Range(0, 1)] = 0.5,
        free: float = -3.5,
        on: bool = False,
        kind: Literal["a", "b", 3] = "a",
        layer: Annotated[str, Layer()] = "relu",
    ):
        """Not called here."""


DEFAULTS = {"count": 4, "share": 0.5, "free": -3.5, "on": False, "kind": "a", "layer": "relu"}
LAYERS = ("conv1", "relu")


def checked(**given) -> dict:
    return check_options(Everything, given, layers=LAYERS, default_layer="conv1")


def test_what_is_not_given_has_its_default():
    assert checked() == DEFAULTS
    assert checked(count=6, kind=3) == DEFAULTS | {"count": 6, "kind": 3}


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"count": 3}, 3),  # the step is the slider's
        ({"count": 10.0}, 10),
        ({"share": 1}, 1.0),
        ({"share": 0}, 0.0),
        ({"free": 1e9}, 1e9),
        ({"on": True}, True),
        ({"layer": "conv1"}, "conv1"),
    ],
)
def test_a_value_that_fits_is_taken(given, taken):
    ((name, _),) = given.items()
    value = checked(**given)[name]
    assert value == taken
    assert type(value) is type(taken)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"count": 1}, "whole number from 2 to 10, not 1"),
        ({"count": 11}, "from 2 to 10"),
        ({"count": 4.5}, "whole number"),
        ({"count": "4"}, "whole number"),
        ({"count": True}, "whole number"),
        ({"count": None}, "whole number"),
        ({"share": -0.01}, "number from 0 to 1"),
        ({"share": float("nan")}, "number from 0 to 1"),
        ({"free": float("inf")}, "a number"),
        ({"free": 10**400}, "a number"),  # more than a float can hold
        ({"count": 10**400}, "whole number from 2 to 10"),
        ({"on": 1}, "true or false"),
        ({"on": "true"}, "true or false"),
        ({"kind": "c"}, "one of 'a', 'b', 3"),
        ({"kind": 3.0}, "one of"),
        ({"layer": "rel"}, "no layer 'rel'. Did you mean 'relu'?"),
        ({"layer": 7}, "no layer 7"),
        ({"cuont": 4}, "no option 'cuont'. Did you mean 'count'?"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_what_was_expected(given, words):
    with pytest.raises(OptionError) as caught:
        checked(**given)
    assert words in str(caught.value)
    assert "everything" in str(caught.value)


def test_a_layer_s_default_gives_way_where_the_network_has_no_such_layer():
    assert check_options(Everything, {}, layers=("conv1",), default_layer="conv1")["layer"] == "conv1"
    with pytest.raises(OptionError):
        check_options(Everything, {"layer": "relu"}, layers=("conv1",), default_layer="conv1")


def test_help_is_the_docstring_s_and_ends_with_its_part():
    helps = {option.name: option.help for option in Everything.options()}
    assert helps["count"] == "how many of them"
    assert helps["layer"] == "where"
    assert "other" not in helps


def test_the_schema_says_the_same_as_the_check():
    schema = options_schema(Everything)
    assert schema["additionalProperties"] is False
    assert schema["properties"]["count"] == {
        "type": "integer", "minimum": 2, "maximum": 10, "default": 4, "description": "how many of them",
    }  # fmt: skip
    assert schema["properties"]["kind"]["enum"] == ["a", "b", 3]
    assert schema["properties"]["layer"]["format"] == "layer"
    assert schema["properties"]["on"]["type"] == "boolean"
    assert "minimum" not in schema["properties"]["free"]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("count", "6", 6),
        ("share", "0.25", 0.25),
        ("on", "True", True),
        ("on", "false", False),
        ("kind", "3", 3),
        ("kind", "b", "b"),
        ("layer", "relu", "relu"),
    ],
)
def test_words_of_the_command_line_become_values(name, text, value):
    (option,) = [each for each in Everything.options() if each.name == name]
    parsed = option.parse(text, explainer="everything")
    assert parsed == value
    assert type(parsed) is type(value)


def test_a_word_that_is_no_number_is_refused():
    with pytest.raises(OptionError, match="'many'"):
        Everything.options()[0].parse("many", explainer="everything")


def with_bare(context, finding, *, strength=1):
    """No annotation."""


def with_required(context, finding, *, strength: int):
    """No default."""


def with_list(context, finding, *, strength: list[int] = [1]):  # noqa: B006 - what an author may write
    """A type without a control."""


def with_text(context, finding, *, strength: str = "a"):
    """A text that is no layer."""


def with_bytes(context, finding, *, strength: Literal[b"a", b"b"] = b"a"):
    """Choices that JSON can't hold."""


def with_wrong_default(context, finding, *, strength: Annotated[int, Range(2, 4)] = 5):
    """A default out of range."""


DECLARATIONS = [with_bare, with_required, with_list, with_text, with_bytes, with_wrong_default]


@pytest.mark.parametrize("function", DECLARATIONS)
def test_a_declaration_that_no_control_can_show_is_refused_by_name(function):
    with pytest.raises(TypeError, match="'strength'"):
        declared_options(function, "")


@pytest.mark.parametrize("annotation", ["Nope", "Literal.nope", "Annotated[int, Range(4, 2)]", "1 +"])
def test_an_annotation_that_can_not_be_read_is_refused_whatever_it_raises(annotation):
    def function(context, finding, *, strength=1):
        """Its annotation is text, as `from __future__ import annotations` leaves it."""

    function.__annotations__["strength"] = annotation
    with pytest.raises(TypeError, match="an annotation can't be read"):
        declared_options(function, "")


@pytest.mark.parametrize("bounds", [(1, 1), (2, 1), (0, 1, 0), (0, 1, -1), (0, float("inf")), (float("nan"), 1)])
def test_a_range_that_is_none_is_refused(bounds):
    with pytest.raises(ValueError, match="no range"):
        Range(*bounds)
