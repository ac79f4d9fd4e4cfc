"""What programs send: any argument may be anything, and a refusal names it."""

import math
from collections.abc import Callable

import pytest

from explainers.contract.options import check_options
from explainers.errors import OptionError
from explainers.page.api.requests import (
    LARGEST_SEED,
    CompareRequest,
    EndpointRequest,
    ExplainRequest,
    NetworkRequest,
    PredictRequest,
    shown,
)
from explainers.registry import Registry

GOOD = {
    "model": "",
    "window": "",
    "finding": "",
    "explainer": "grad_cam",
    "explainers": None,
    "options": None,
    "seed": 0,
    "measures": None,
    "box": None,
    "regions": 0.0,
}
REQUESTS = (NetworkRequest, PredictRequest, ExplainRequest, CompareRequest)
ARGUMENTS = [(request, name) for request in REQUESTS for name in request.model_fields]


def checked(request: type[EndpointRequest], **given: object) -> EndpointRequest:
    return request.check(**{name: GOOD[name] for name in request.model_fields} | given)


def refusal_of(check: Callable[[], object]) -> str | None:
    """The sentence with which something is refused, None if it is not; any other error goes up."""
    try:
        check()
    except OptionError as error:
        return error.sentence
    return None


@pytest.mark.parametrize("request_type", REQUESTS)
def test_what_endpoints_have_by_default_is_accepted(request_type):
    assert checked(request_type)


@pytest.mark.parametrize(("request_type", "name"), ARGUMENTS, ids=lambda each: getattr(each, "__name__", each))
def test_anything_in_place_of_an_argument_is_accepted_or_refused_with_its_name(request_type, name, wrong_values):
    more = {"not a number": math.nan, "infinite": math.inf, "too many digits": 10**5000, "surrogate": "\ud800"}
    for what, wrong in (wrong_values | more).items():
        refusal = refusal_of(lambda wrong=wrong: checked(request_type, **{name: wrong}))
        assert refusal is None or (repr(name) in refusal and len(refusal) < 300), what


@pytest.mark.parametrize(
    "box",
    [
        [10**400, 0, 1, 1],
        [0, 0, 1, 10**400],
        [math.nan, 0, 1, 1],
        [0, 0, math.inf, 1],
        [0, 0, 0, 5],
        [0, 0, 5, -1],
        [1, 2, 3],
        [1, 2, 3, 4, 5],
        [1, 2, 3, "4"],
        [1, 2, 3, True],
        "all",
        {"top": 1},
    ],
    ids=str,
)
def test_a_box_that_is_none_is_refused(box):
    with pytest.raises(OptionError, match="'box' must be"):
        checked(CompareRequest, box=box).checked_box()


def test_a_box_may_be_of_whole_numbers_or_left_out():
    assert checked(CompareRequest, box=[1, 2, 3, 4]).checked_box() == (1, 2, 3, 4)
    assert checked(CompareRequest, box=[]).checked_box() is None


@pytest.mark.parametrize("seed", [-1, LARGEST_SEED + 1, 1.5, "7", True, None, 10**400])
def test_a_seed_that_is_none_is_refused(seed):
    with pytest.raises(OptionError, match=f"'seed' must be a whole number from 0 to {LARGEST_SEED}"):
        checked(ExplainRequest, seed=seed)


def test_a_wrong_value_is_repeated_if_it_is_short():
    assert shown("seven") == "'seven'"
    assert shown("x" * 10**6) == "a long text"
    assert shown(10**5000) == "a number of so many digits"
    assert shown({"a": 1}) == "an object"


@pytest.mark.parametrize("name", sorted(Registry.standard().explainers))
def test_anything_in_place_of_an_option_is_accepted_or_refused_with_its_name(name, wrong_values):
    explainer = Registry.standard().explainers[name]
    layers = ("conv5_block16_concat", "relu")
    for option in explainer.options():
        for what, wrong in (wrong_values | {"not a number": math.nan, "infinite": math.inf}).items():
            given = {option.name: wrong}
            refusal = refusal_of(
                lambda given=given: check_options(explainer, given, layers=layers, default_layer="relu")
            )
            assert refusal is None or option.name in refusal or "layer" in refusal, what


def test_descriptions_of_arguments_complete_a_sentence():
    for request_type in REQUESTS:
        for name, field in request_type.model_fields.items():
            assert field.description, name
            assert field.description[0].islower() or field.description[0] in "[{", name
