"""The kit on plugins whose authors had another style, right ones and wrong ones."""

import pytest

from explainers import Explainer, check_explainer, check_measure
from tests.explainers.kit.right_further import COSTLY, QUICK
from tests.explainers.kit.wrong_further import MISTAKES


def check(tried, names=None):
    return (check_explainer if issubclass(tried, Explainer) else check_measure)(tried, names)


@pytest.mark.parametrize(("mistake", "name", "words"), MISTAKES)
def test_a_mistake_is_found_and_named(mistake, name, words):
    (result,) = check(mistake, [name]).results
    assert result.outcome == "failed", result
    assert words in result.sentence


@pytest.mark.parametrize("right", [*QUICK, *(pytest.param(each, marks=pytest.mark.slow) for each in COSTLY)])
def test_what_is_right_in_an_unusual_style_passes(right):
    report = check(right)
    assert report.passed, str(report)
