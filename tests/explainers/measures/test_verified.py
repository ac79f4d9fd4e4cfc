"""Verified maps: on networks whose evidence is known, against whole passes, and where the limits are."""

import json
from dataclasses import replace

import numpy as np
import pytest

from cxr.fills import fill_values
from explainers import Registry, measure
from explainers.claims import FILLS, TOLERANCE
from explainers.contract.measure import Subject

TRUE = ("grad_cam", {"layer": "relu"})
"""Exact on the planted networks: the cells sum to the logit less its bias."""

PLACES = 6


def verified(predictor, radiograph, explanation, name="verified_grid", shared=None):
    *_, done = measure(predictor, radiograph, [explanation], [name], shared=shared)
    assert done.measured is not None, done.reason
    return done.measured


@pytest.fixture(scope="module")
def explain(planted):
    from tests.explainers.measures.conftest import explained

    registry = Registry.standard()
    return lambda radiograph, name, finding="Mass", **options: explained(
        planted, radiograph, name, finding, registry, options
    )


@pytest.fixture(scope="module")
def pictures():
    """{finding: pictures with its disc at places of their own}."""
    from cxr.planted_network import AGAINST_BRIGHT, FOR_BRIGHT, FOR_DARK, Disc, at_random, picture

    rng = np.random.default_rng(5)
    return {
        finding: [picture(Disc(*at_random(rng), bright=finding != FOR_DARK), seed=seed) for seed in range(PLACES)]
        for finding in (FOR_BRIGHT, FOR_DARK, AGAINST_BRIGHT)
    }


@pytest.mark.parametrize("name", ["verified", "verified_grid"])
@pytest.mark.parametrize("finding", ["Mass", "Nodule", "Effusion"])
def test_the_true_map_is_confirmed_for_and_against(planted, explain, pictures, finding, name):
    for radiograph in pictures[finding]:
        explanation = explain(radiograph, TRUE[0], finding, **TRUE[1])
        assert verified(planted, radiograph, explanation, name).value >= 0.95


def test_the_upside_down_map_is_contradicted(planted, explain, pictures):
    radiograph = pictures["Mass"][0]
    explanation = explain(radiograph, TRUE[0], **TRUE[1])
    found = verified(planted, radiograph, replace(explanation, map=-explanation.map))
    assert found.value == 0
    assert found.figures["contradicted"] >= 0.95


def test_random_controls_are_confirmed_by_chance(planted, explain, pictures):
    """Chance is half of the cells whose changes have one sign under all fills: a random sign is right half the time."""
    shares, chances = [], []
    for radiograph in pictures["Mass"]:
        explanation = explain(radiograph, TRUE[0], **TRUE[1])
        # a map that claims something everywhere, so that every cell is tried
        found = verified(planted, radiograph, replace(explanation, map=np.ones_like(explanation.map)))
        changes = np.array([list(each["changes"].values()) for each in found.figures["cells"]])
        tolerance = TOLERANCE * max(1.0, abs(planted.predict(radiograph)["Mass"].logit))
        settled = (changes > tolerance).all(axis=1) | (changes < -tolerance).all(axis=1)
        chances.append(settled.mean() / 2)
        shares.append(found.figures["controls"]["random"])
    assert np.mean(shares) == pytest.approx(np.mean(chances), abs=0.03)
    assert np.mean(shares) < 0.2


def test_the_true_map_beats_every_control(planted, explain, pictures):
    for radiograph in pictures["Nodule"]:
        found = verified(planted, radiograph, explain(radiograph, TRUE[0], "Nodule", **TRUE[1]))
        assert set(found.figures["controls"]) == {"random", "edges", "centre", "average map"}
        assert found.value > max(found.figures["controls"].values()) + 0.2


def test_changes_are_those_of_whole_passes(planted, explain, pictures):
    radiograph = pictures["Effusion"][1]
    explanation = explain(radiograph, "occlusion", "Effusion", patch=16, stride=16)
    found = verified(planted, radiograph, explanation, "verified")
    picture = planted.prepare(radiograph).array
    rows, columns = explanation.map.shape
    assert found.figures["grid"] == [rows, columns]
    height, width = picture.shape[0] // rows, picture.shape[1] // columns
    logit = planted.forward(picture[None])[0, planted.labels.index("Effusion")]
    for cell in found.figures["cells"]:
        part = (slice(cell["row"] * height, (cell["row"] + 1) * height),
                slice(cell["column"] * width, (cell["column"] + 1) * width))  # fmt: skip
        for fill in FILLS:
            covered = picture.copy()
            covered[part] = np.broadcast_to(fill_values(picture, fill, sigma_px=height / 2), picture.shape)[part]
            change = planted.forward(covered[None])[0, planted.labels.index("Effusion")] - logit
            assert cell["changes"][fill] == pytest.approx(change, abs=1e-5)
        claim = explanation.map[cell["row"], cell["column"]]
        assert cell["expected"] == pytest.approx(-claim, abs=1e-5)
        kept = [-np.sign(claim) * value > TOLERANCE * max(1, abs(logit)) for value in cell["changes"].values()]
        assert cell["state"] == {3: "confirmed", 0: "contradicted"}.get(sum(kept), "depends on the fill")


def test_the_quick_form_tries_twelve_cells_and_the_other_all(planted, explain, pictures):
    radiograph = pictures["Mass"][2]
    noise = np.random.default_rng(0).normal(size=(64, 96)).astype(np.float32)
    explanation = replace(explain(radiograph, "integrated_gradients"), map=noise)
    quick, whole = (verified(planted, radiograph, explanation, name) for name in ("verified", "verified_grid"))
    assert quick.figures["cells_tried"] == 12
    assert quick.figures["grid"] == whole.figures["grid"] == [9, 14]
    assert whole.figures["cells_tried"] == 9 * 14
    assert whole.figures["share_of_claims_tried"] == 1
    assert (quick.arrays["claims"] > 0).sum() == 12
    assert quick.arrays["claims"].shape == (9, 14)
    json.dumps([dict(quick.figures), dict(whole.figures)], allow_nan=False)
    shares = [whole.figures[state] for state in ("confirmed", "contradicted", "depends on the fill")]
    assert sum(shares) == pytest.approx(1, abs=1e-3)
    assert whole.value == pytest.approx(shares[0], abs=1e-4)


def test_the_next_map_on_the_same_cells_costs_no_pass(planted, explain, pictures):
    from cxr.pass_counts import count_passes

    radiograph, shared = pictures["Mass"][3], {}
    first = explain(radiograph, TRUE[0], **TRUE[1])
    verified(planted, radiograph, replace(first, map=np.ones_like(first.map)), shared=shared)
    with count_passes() as counter:
        verified(planted, radiograph, explain(radiograph, TRUE[0], "Effusion", **TRUE[1]), shared=shared)
        before = counter.forward
        verified(planted, radiograph, first, shared=shared)
        assert counter.forward == before


def test_a_map_of_zeros_claims_nothing(planted, explain, pictures):
    radiograph = pictures["Mass"][0]
    empty = replace(explain(radiograph, TRUE[0], **TRUE[1]), map=np.zeros((4, 6), np.float32))
    *_, done = measure(planted, radiograph, [empty], ["verified"])
    assert done.code == "NOT_MEASURABLE"


def test_another_fill_than_evidence_can_look_like_evidence(planted, explain):
    """The limit of fills: where the darkest value of the input is a dark disc elsewhere, black draws a dark disc."""
    from cxr.planted_network import Disc, picture

    plain = picture(Disc(22.0, 66.0, bright=True))
    beside = picture(Disc(22.0, 66.0, bright=True), Disc(46.0, 20.0, bright=False))
    states = {}
    for name, radiograph in (("plain", plain), ("beside", beside)):
        explanation = explain(radiograph, TRUE[0], "Nodule", **TRUE[1])
        # it claims that every cell is evidence for the dark disc
        found = verified(planted, radiograph, replace(explanation, map=np.ones_like(explanation.map)))
        states[name] = [cell["changes"]["black"] for cell in found.figures["cells"]]
    assert max(states["beside"]) > 1
    assert max(states["beside"]) > 3 * max(states["plain"])


def test_evidence_that_is_there_twice_is_confirmed_in_neither_place():
    """The limit of covering one cell at a time: a network that asks for the larger of two places."""

    class Either:
        labels = ("Mass",)
        input = np.zeros((4, 8, 1), np.float32)
        logits = np.array([1.0], np.float32)

        def occluded(self, windows, fill):
            # the logit is 1 if either of two cells is left as it was, and only one is covered at a time
            return np.ones((len(windows), 1), np.float32)

    from explainers.claims import CONTRADICTED, Claims, Covering, Grid

    claims = Claims.of_cells(np.array([1.0, 0, 0, 1]))
    found = Covering(Either(), Grid.of((1, 4), (4, 8)), {}, ()).judge(claims, claims.strongest(None), "Mass")
    assert found.share(CONTRADICTED) == 1


def test_controls_are_others_for_another_radiograph(planted, explain, pictures):
    one, other = pictures["Mass"][:2]
    shares = [verified(planted, each, explain(each, TRUE[0], **TRUE[1])).figures["controls"]["random"]
              for each in (one, one, other)]  # fmt: skip
    assert shares[0] == shares[1]
    assert shares[0] != shares[2]


def test_a_cancelled_run_ends(planted, explain, pictures):
    from explainers.errors import Cancelled
    from explainers.verification import verify

    radiograph = pictures["Mass"][0]
    explanation = explain(radiograph, TRUE[0], **TRUE[1])
    subject = Subject(
        explanation, Registry.standard().explainers[TRUE[0]], planted, radiograph, planted.prepare(radiograph),
        cancelled=lambda: True,
    )  # fmt: skip
    with pytest.raises(Cancelled):
        verify(subject, most_cells=12, random_maps=1)
