"""What browsers ask for: whatever is sent, the answer is a request or a sentence."""

import json
from typing import Any

import pytest

from explainers.errors import OptionError
from explainers.page.panels import discover
from explainers.page.requests import BrowserRequest


def all_requests(base: type[BrowserRequest] = BrowserRequest) -> list[type[BrowserRequest]]:
    """Every request class of every panel."""
    discover()
    return [each for kind in base.__subclasses__() for each in (kind, *all_requests(kind))]


def deep(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


WRONG = {
    "nothing": None,
    "a truth value": True,
    "no number": float("nan"),
    "infinity": float("inf"),
    "a number of 401 digits": 10**400,
    "a negative number": -(10**30),
    "a number with a fraction": 1.5,
    "a long text": "x" * 100_000,
    "a huge list": ["grad_cam"] * 100_000,
    "a list of numbers beyond all bounds": [1e308, -1e308, 1e308, 10**400],
    "nested lists": deep(200),
    "nested dictionaries": {"grad_cam": {"window": {"of": {"a": {}}}}},
    "a dictionary with huge numbers": {"grad_cam": {"window": 10**400}},
}

VALID = {
    "CompareRequest": {
        "run": 1,
        "finding": "Mass",
        "explainers": ["grad_cam"],
        "options": {"grad_cam": {"layer": "relu"}},
    },
    "MeasureRequest": {"run": 1, "measures": ["stability"], "panels": ["grad_cam"]},
    "RegionRequest": {"run": 1, "box": [0, 0.1, 0.5, 0.5], "fill": "mean", "frozen": True, "model": ""},
    "CamSumRequest": {"run": 1, "model": "starter", "cell": 3},
    "SampleRequest": {"name": "phantom"},
    "UploadRequest": {"file": "/tmp/x", "window": None},
    "ScoreRequest": {"model": ""},
    "NetworkRequest": {"model": "starter"},
}


def refusal(kind: type[BrowserRequest], data: object) -> OptionError | None:
    """The sentence with which the data are refused; None if they make a request."""
    try:
        kind.from_event(data)
    except OptionError as error:
        return error
    return None


@pytest.mark.parametrize("kind", all_requests(), ids=lambda kind: kind.__name__)
def test_a_valid_request_is_taken_and_each_wrong_value_ends_in_a_sentence(kind):
    valid = VALID[kind.__name__]
    assert kind.from_event(json.loads(json.dumps(valid)))
    for wrong in WRONG.values():
        for data in (wrong, *(valid | {name: wrong} for name in valid)):
            error = refusal(kind, data)
            assert error is None or 10 < len(str(error)) < 400
    with pytest.raises(OptionError, match="not valid"):
        kind.from_event(None)


@pytest.mark.parametrize(
    ("kind", "name", "wrong"),
    [
        ("CompareRequest", "explainers", []),
        ("CompareRequest", "networks", ["a", "b", "c"]),
        ("CompareRequest", "run", True),
        ("RegionRequest", "box", [0, 0, 0.001, 0.5]),
        ("RegionRequest", "box", [0, 0, float("nan"), 0.5]),
        ("RegionRequest", "fill", "paint"),
        ("MeasureRequest", "measures", "stability"),
        ("CamSumRequest", "cell", -1),
        ("CamSumRequest", "cell", 1.5),
    ],
)
def test_these_values_are_refused_by_name(kind, name, wrong):
    (request,) = [each for each in all_requests() if each.__name__ == kind]
    with pytest.raises(OptionError, match="not valid"):
        request.from_event(VALID[kind] | {name: wrong})
