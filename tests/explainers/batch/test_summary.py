"""The summary page of a run."""

import base64
import re
from dataclasses import replace

import numpy as np
import pytest

from explainers import results
from explainers.results.summary import LEAST_PATIENTS, costs, errors, finding_figures, map_figures
from explainers.results.summary_page import summary_page


@pytest.fixture
def done(plan, source, carried_out) -> results.Results:
    """Maps of both findings, and a measure that says nothing of them."""
    carried_out(replace(plan, measures=("localisation",)), source)
    return results.open(plan.out)


def test_scores_are_summed_up_by_finding(done, source):
    effusion, nodule = finding_figures(done, resamples=20)
    scores = [row["score"] for row in done.scores.to_pylist() if row["finding"] == "Nodule"]
    assert nodule.quantiles[2] == pytest.approx(np.median(scores))
    assert nodule.counts.sum() == 12
    assert nodule.above == pytest.approx(np.mean(np.array(scores) >= 0.2))
    assert nodule.positives == sum(dict(item.labels)["Nodule"] for item in source.items)
    assert effusion.auc[1] <= effusion.auc[0] <= effusion.auc[2]


def test_agreement_is_the_mean_over_radiographs_and_findings(done):
    from explainers.agreement import agreement

    maps = dict(done.keyed_explanations())
    pairs = {key[:2] for key in maps}
    expected = np.mean([agreement([maps[*pair, name] for name in done.explainers]).spearman for pair in pairs], axis=0)
    np.testing.assert_allclose(map_figures(done).correlation, expected)


def test_a_mean_map_is_the_mean_and_needs_enough_patients(done, monkeypatch):
    from explainers.results import summary

    means = map_figures(done).means
    expected = np.mean([each.map for each in done.explanations(finding="Nodule", explainer="grad_cam")], axis=0)
    mean = means["Nodule", "grad_cam"]
    assert len(mean.patients) == 6 < LEAST_PATIENTS
    assert mean.mean is None, "six patients are too few"
    monkeypatch.setattr(summary, "LEAST_PATIENTS", 6)
    np.testing.assert_allclose(mean.mean, expected, rtol=1e-5)


def test_what_is_computed_for_all_findings_costs_once(done):
    by_name = {each.explainer: each for each in costs(done)}
    grad_cam = by_name["grad_cam"]
    # one way back a radiograph for both findings; the way forward is the scores'
    assert (grad_cam.radiographs, grad_cam.maps, grad_cam.passes) == (12, 2, 1)
    assert by_name["random_map"].passes == 0


def test_errors_are_counted_with_the_first_reason(done):
    ((table, code, count, sentence),) = errors(done)
    assert (table, code, count) == ("measures", "NOT_MEASURABLE", 48)
    assert sentence.endswith(".")


def test_the_page_stands_alone_and_shows_no_patient(done, monkeypatch):
    page = summary_page(done, resamples=20)
    assert "12 radiographs of 6 patients" in page
    assert "Agreement of explainers" in page
    assert "Mean maps" not in page, "six patients are too few"
    assert "<img" not in page
    assert not re.search(r"(?:src|href)=\"(?!data:)", page)
    assert "{{" not in page


def test_mean_maps_are_pictures_of_their_own_size(done, monkeypatch):
    from explainers.results import summary

    monkeypatch.setattr(summary, "LEAST_PATIENTS", 6)
    page = summary_page(done, resamples=20)
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert len(pictures) == 4
    assert all(base64.b64decode(each)[16:24] == (112).to_bytes(4, "big") * 2 for each in pictures)


def test_radiographs_are_shown_where_that_is_asked_for(done, source):
    page = summary_page(done, pictures=source.root, resamples=20)
    assert page.count("<img") == 3
    assert "not chosen" in page


def test_a_run_of_scores_alone_has_a_page_too(plan, source, carried_out, tmp_path):
    plain = replace(plan, out=str(tmp_path / "plain"), explainers=())
    carried_out(plain, source)
    page = summary_page(results.open(plain.out), resamples=20)
    assert "Scores" in page
    assert "Cost" not in page
