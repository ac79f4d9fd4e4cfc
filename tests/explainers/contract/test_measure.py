"""What a measure declares of itself, and what is refused."""

import json

import pytest

from explainers import Measure, Registry
from explainers.contract.measure import check_measure_class
from explainers.errors import PluginError

MEASURES = Registry.standard().measures


class Spread(Measure):
    """How far the map spreads.

    Nothing else.
    """

    name, title, unit, bounds, better = "spread", "Spread", "share", (0, 1), "lower"

    def measure(self, subject):
        raise NotImplementedError


def test_a_measure_is_neither_quick_nor_in_need_of_a_box_unless_it_says_so():
    assert (Spread.quick, Spread.needs_box) == (False, False)


def test_the_built_in_measures_say_which_are_quick_and_which_need_a_box():
    quick = {name for name, each in MEASURES.items() if each.quick}
    assert quick == {"completeness", "finding_sensitivity", "head_stability", "relevance_gain", "verified"}
    assert {name for name, each in MEASURES.items() if each.needs_box} == {"localisation"}


@pytest.mark.parametrize("attribute", ["quick", "needs_box"])
def test_what_is_neither_true_nor_false_is_refused(attribute):
    with pytest.raises(PluginError, match=f"{attribute} = 'yes'"):
        check_measure_class(type("Wrong", (Spread,), {attribute: "yes"}))


def test_a_description_is_json_and_holds_what_the_class_declares():
    described = json.loads(json.dumps(Spread.describe()))
    assert described == {
        "name": "spread", "title": "Spread", "aliases": [], "unit": "share", "better": "lower", "bounds": [0, 1],
        "reference": "", "quick": False, "needs_box": False, "summary": "How far the map spreads.",
    }  # fmt: skip
