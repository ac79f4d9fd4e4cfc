"""Mistakes that others collected beside this project: each is found, in words that name it."""

from pathlib import Path

import pytest

from explainers import check_explainer, check_measure

SHARED = Path(__file__).resolve().parents[4] / "shared" / "wrong-plugins"

SENTENCES = {
    "corner_aligned": ("frame", "corners aligned"),
    "findings_by_position": ("batch", "in the order of the findings that were asked for"),
    "hash_seed": ("provenance", "hash()"),
    "ig_no_difference": ("unit", "A gradient is a logit per input unit"),
    "measure_first_finding": ("planted", "Measure the explained finding"),
    "measure_min_max": ("planted", "the same map below zero"),
    "modifies_weights": ("finite", "changes the network's weights"),
    "option_clipped": ("options", "the same map at 66 and at 128"),
    "overlaps_summed": ("frame", "divide sums over overlapping windows"),
    "stride_off_by_one": ("frame", "up to its last row and column"),
}
"""The check that finds each mistake that was collected beside this project, and what it says of it."""

MOVED = {
    "explainers.measures.localisation import on_square": "explainers.box_scores import sample_with_box as on_square",
    "explainers.measuring import NotMeasurable": "explainers import NotMeasurable",
}
"""Imports of one of them, and where what they import is now: it must fail for its own mistake."""


@pytest.mark.parametrize("name", SENTENCES)
def test_every_collected_mistake_is_found_and_named(name):
    file = SHARED / f"{name}.py"
    if not file.is_file():
        pytest.skip("the collection of wrong plugins is not beside this checkout")
    text = file.read_text()
    for old, new in MOVED.items():
        text = text.replace(old, new)
    space: dict = {}
    exec(compile(text, file.name, "exec"), space)
    kind = "cxr_lens_explainers" if "cxr_lens_explainers" in space else "cxr_lens_measures"
    check = check_explainer if kind == "cxr_lens_explainers" else check_measure
    expected, sentence = SENTENCES[name]
    (result,) = check(space[kind]()[0], [expected]).results
    assert not result.ok
    assert sentence in result.sentence
