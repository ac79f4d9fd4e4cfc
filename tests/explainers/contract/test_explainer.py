"""The contract: which classes are taken, and which maps."""

import numpy as np
import pytest

from explainers import Explainer
from explainers.contract.explainer import check_explainer_class
from explainers.contract.explanation import check_map
from explainers.errors import ExplainerError, PluginError


def made(**attributes) -> type[Explainer]:
    """An explainer's class that keeps the contract but for what is given."""
    good = {"name": "mine", "title": "Mine", "unit": "logit", "explain": lambda self, context, finding: None}
    return type("Mine", (Explainer,), {"__doc__": "First line\nof two.\n\nMore.", **good, **attributes})


def test_a_good_class_is_taken():
    mine = made()
    assert check_explainer_class(mine) is mine
    assert mine.summary() == "First line of two."
    assert (mine.signed, mine.control, mine.reference) == (True, False, "")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (made(name=None), "has no 'name'"),
        (made(title=" "), "has no 'title'"),
        (made(unit=3), "has no 'unit'"),
        (made(name="My-Name"), "snake case"),
        (made(name="../evil"), "snake case"),
        (made(name="a" * 65), "snake case"),
        (made(signed=1), "'signed' of type int, not True or False"),
        (made(control="no"), "'control' of type str"),
        (made(reference=None), "'reference' of type NoneType, not a text"),
        (made(explain=None), "does not define explain"),
        (made(explain=property(lambda self: None)), "does not define explain"),
        (made(api=2), "contract 2; this is contract 1"),
        (made(explain=lambda self, picture, model: None), "explain(self, picture, model)"),
        (made(explain=lambda self, context, finding, layer="relu": None), "options after the star"),
        (made(explain=lambda self, context, finding, *rest: None), "options after the star"),
        (made(explain=lambda self, context, finding, **rest: None), "options after the star"),
        (made(explain=lambda self, context, finding, *, strength=1: None), "'strength'"),
        (type("Empty", (Explainer,), {"name": "empty", "title": "Empty", "unit": "x"}), "does not define explain"),
        (object, "not a subclass of Explainer"),
        (7, "int"),
        (made()(), "an instance"),
    ],
)
def test_a_class_that_breaks_the_contract_is_refused_in_the_author_s_words(given, words):
    with pytest.raises(PluginError) as caught:
        check_explainer_class(given)
    assert words in str(caught.value)


@pytest.mark.parametrize("values", [[[1, 2], [3, 4]], np.ones((2, 2), np.int8), np.ones((2, 2), np.float64)])
def test_a_map_becomes_float32_and_can_not_be_changed(values):
    taken = check_map(values, (8, 8, 3))
    assert taken.dtype == np.float32
    assert taken.tolist() == np.array(values, float).tolist()
    with pytest.raises(ValueError, match="read-only"):
        taken[0, 0] = 1


def test_the_plugin_s_own_array_stays_its_own():
    values = np.ones((2, 2), np.float32)
    check_map(values, (8, 8, 3))
    values[0, 0] = 2


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (None, "returned nothing (None). Is a `return` missing?"),
        ("map", "not real numbers"),
        (np.ones((2, 2), complex), "not real numbers"),
        (np.ones((2, 2), bool), "not real numbers"),
        (np.ones(4), "shape (4,)"),
        (np.ones((2, 2, 1)), "shape (2, 2, 1)"),
        (3.0, "shape ()"),
        (np.ones((0, 2)), "(0, 2) cells"),
        (np.ones((9, 8)), "(9, 8) cells"),
        (np.array([[0, np.nan], [np.inf, 1]]), "2 values of 4"),
        (np.array([[-np.inf]]), "1 values of 1"),
        (np.array([[1e300, 1.0]]), "1 values of 2"),  # float32 ends at 3.4e38
    ],
)
def test_what_is_no_map_is_refused_with_what_it_is(values, words):
    with pytest.raises(ExplainerError) as caught:
        check_map(values, (8, 8, 3))
    assert words in str(caught.value)


def test_by_default_findings_are_explained_one_after_another():
    class Each(Explainer):
        """Gives the length of the finding's name."""

        name, title, unit = "each", "Each", "letters"

        def explain(self, context, finding, *, times: int = 1):
            return np.full((1, 1), times * len(finding))

    assert Each().explain_findings(None, ["Mass", "Edema"], times=2).tolist() == [[[8]], [[10]]]
