"""What a logit gives away beside its finding."""

import numpy as np
import pytest

from cxr.evaluation.labels import LabelTable
from cxr.evaluation.shortcuts import farthest, mean_distance, shortcuts


def table(labels, **columns) -> LabelTable:
    rows = tuple(map(str, range(len(labels))))
    return LabelTable(rows, rows, ("Mass", "Edema"), np.asarray(labels, np.float32), columns)


@pytest.fixture
def scored():
    """400 pictures, half without a finding: Edema's logit follows the view, Mass's its finding alone."""
    rng = np.random.default_rng(0)
    labels = np.zeros((400, 2))
    labels[:100, 0] = labels[100:200, 1] = 1
    views = np.where(rng.random(400) < 0.5, "AP", "PA")
    noise = rng.standard_normal((400, 2))
    logits = np.stack([noise[:, 0] + 3 * labels[:, 0], noise[:, 1] + 3 * (views == "AP")], axis=1)
    sources = tuple(np.array(["one", "two", "three"])[rng.integers(3, size=400)])
    return table(labels, view=tuple(views), source=sources, sex=("",) * 400), logits


def test_a_logit_that_follows_the_view_is_told_from_one_that_does_not(scored):
    labels, logits = scored
    found = shortcuts(labels, logits)
    view = found["view AP"]  # of two values one is enough
    assert sum(view["pictures"]) == 200  # those without a finding alone
    assert view["auc"]["Edema"][0] > 0.95
    assert view["auc"]["Mass"][1] < 0.5 < view["auc"]["Mass"][2]
    assert farthest(view["auc"]) == "Edema"
    assert mean_distance(view["auc"]) == pytest.approx(
        (abs(view["auc"]["Edema"][0] - 0.5) + abs(view["auc"]["Mass"][0] - 0.5)) / 2
    )


def test_of_three_sources_each_stands_against_the_rest_and_an_empty_column_says_nothing(scored):
    assert set(shortcuts(*scored)) == {"view AP", "source one", "source two", "source three", "any finding"}


def test_any_finding_is_measured_on_all_pictures(scored):
    labels, logits = scored
    sick = shortcuts(labels, logits)["any finding"]
    assert sick["pictures"] == [200, 200]
    # half of the sick have a mass, which its logit puts above nearly all; the others are at chance: about 3/4
    assert sick["auc"]["Mass"][0] == pytest.approx(0.74, abs=0.05)


def test_few_pictures_say_nothing():
    few = table(np.zeros((100, 2)), view=("AP",) * 10 + ("PA",) * 90)
    assert shortcuts(few, np.random.default_rng(0).standard_normal((100, 2))) == {}
