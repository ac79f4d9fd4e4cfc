"""The guard against slower work: ratios of interleaved jobs beside a reference."""

import importlib.util
from pathlib import Path

import pytest

FILE = Path(__file__).parent / "benchmarks" / "ratios.py"


@pytest.fixture(scope="module")
def ratios():
    spec = importlib.util.spec_from_file_location("ratios", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_ratio_is_taken_round_by_round(ratios):
    # rounds 1/2, 4/4, 3/2, 8/4, 5/2: sorted .5, 1, 1.5, 2, 2.5
    assert ratios.ratio([1, 4, 3, 8, 5], [2, 4, 2, 4, 2]) == (1, 1.5, 2)
    assert ratios.ratio([1, 4, 3, 8, 5], [2, 4, 2, 4, 2], factor=2) == (0.5, 0.75, 1)


def test_only_what_lies_beyond_the_spread_is_worse(ratios):
    before = {name: ratios.Ratio(1.0, 1.1, 1.2) for name in ("same", "slower", "faster", "gone")}
    now = {
        "same": ratios.Ratio(1.15, 1.25, 1.4),
        "slower": ratios.Ratio(1.25, 1.3, 1.4),
        "faster": ratios.Ratio(0.7, 0.8, 0.9),
        "new": ratios.Ratio(9, 9, 9),
    }
    assert dict(ratios.changes(now, before)) == {"slower": "worse", "faster": "better"}


def test_a_reference_is_read_as_it_was_written(ratios, tmp_path):
    found = {"one picture": ratios.Ratio(0.25, 0.3, 0.35)}
    ratios.write(tmp_path / "reference.json", found, "onnxruntime")
    read, where = ratios.read(tmp_path / "reference.json")
    assert read == found
    assert where.endswith("cores, onnxruntime")


def test_jobs_are_interleaved_and_the_fastest_repeat_counts(ratios):
    order = []
    spent = ratios.interleaved({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 2, repeats=2)
    assert order == ["a", "b", *["a", "a", "b", "b"] * 2]
    assert {name: len(each) for name, each in spent.items()} == {"a": 2, "b": 2}
