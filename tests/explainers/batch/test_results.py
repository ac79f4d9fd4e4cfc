"""Results read back: tables, maps as explanations, paired differences."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cxr.datasets.storage import Folder
from cxr.reading.radiograph import read_radiograph
from explainers import compare, measure, results
from explainers.errors import OptionError
from explainers.output.look import Look
from explainers.running.measuring import MeasureDone


@pytest.fixture
def done(done) -> results.Results:
    """Grad-CAM and a random map of both findings of the twelve, with a measure."""
    return results.open(done)


def test_tables_are_arrow_and_become_data_frames(done):
    assert done.scores.num_rows == 24
    assert done.measures.num_rows == 48
    assert done.maps.num_rows == 48
    assert "cells" not in done.maps.column_names
    assert done.table("maps", ["cells", "rows"]).column_names == ["cells", "rows"]
    frame = done.scores.to_pandas()
    assert set(frame["finding"]) == {"Effusion", "Nodule"}
    assert done.explainers == ("grad_cam", "random_map")


def test_a_map_read_back_is_the_explanation_that_was_computed(done, source, tiny):
    image = source.items[4].image
    radiograph = read_radiograph(Path(source.root) / image)
    *_, event = compare(tiny, radiograph, "Nodule", ["grad_cam"])
    made = event.explanation
    (read,) = done.explanations(image=image, finding="Nodule", explainer="grad_cam")
    np.testing.assert_allclose(read.map, made.map, rtol=1e-5, atol=1e-6)
    ours, theirs = read.record(), made.record()
    for differs in ("seconds", "minimum", "maximum", "notes", "passes", "cached"):
        ours.pop(differs), theirs.pop(differs)
    assert ours == theirs
    assert read.promised_sum == pytest.approx(made.promised_sum, rel=1e-5)


def test_a_map_read_back_can_be_drawn_and_measured(done, source, tiny):
    (read,) = done.explanations(image=source.items[0].image, finding="Effusion", explainer="grad_cam")
    radiograph = read_radiograph(Path(source.root) / source.items[0].image)
    assert Look().picture(radiograph, [read]).size[0] > 64
    assert read.on_image().shape == (64, 64)
    *_, found = measure(tiny, radiograph, [read], ["finding_sensitivity"])
    assert isinstance(found, MeasureDone)
    assert found.measured is not None, found.reason


def test_maps_of_half_precision_are_read_back_in_their_unit(plan, source, carried_out, done, tmp_path):
    carried_out(replace(plan, out=str(tmp_path / "half"), half=True), source)
    halves = dict(results.open(str(tmp_path / "half")).keyed_explanations())
    for key, whole in done.keyed_explanations():
        np.testing.assert_allclose(halves[key].map, whole.map, atol=np.abs(whole.map).max() * 2**-11)


def test_maps_are_read_a_part_at_a_time(done, monkeypatch):
    from explainers.results import reading

    read = []
    whole = reading.read_part

    def counted(folder, table, name, columns=None):
        read.append((table, name))
        return whole(folder, table, name, columns)

    monkeypatch.setattr(reading, "read_part", counted)
    maps = done.explanations()
    next(maps)
    assert len(read) == 1
    assert sum(1 for _ in maps) == 47
    assert len(read) == 3


def test_what_is_not_there_is_refused_with_the_names_that_are(done, tmp_path):
    for wrong in ({"finding": "Mass"}, {"explainer": "grad_cm"}, {"image": "none.png"}):
        with pytest.raises(OptionError):
            list(done.explanations(**wrong))
    with pytest.raises(OptionError, match="Did you mean 'grad_cam'"):
        list(done.explanations(explainer="grad_cm"))
    with pytest.raises(OptionError, match="no column 'celsl'"):
        done.table("maps", ["celsl"])
    with pytest.raises(OptionError, match="no results"):
        results.open(str(tmp_path))


def test_a_batch_that_is_not_complete_is_left_out(plan, done):
    name = next((Path(plan.out) / "scores").iterdir())
    name.unlink()
    again = results.open(plan.out)
    assert again.scores.num_rows == 16
    assert again.maps.num_rows == 32
    assert len(list(again.explanations())) == 32


def test_results_behind_an_address_are_read_alike(plan, source, carried_out, done, tmp_path):
    carried_out(replace(plan, out=f"memory://{tmp_path.name}/x", measures=("finding_sensitivity",)), source)
    other = results.open(f"memory://{tmp_path.name}/x")
    assert other.scores.sort_by("image").equals(done.scores.sort_by("image"))
    assert len(list(other.explanations(finding="Effusion"))) == 24


def changed(results_: results.Results, table: str, column: str, by: float) -> None:
    """Add a number to a column of every part."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from cxr.datasets.parts import parquet_of, read_part
    from explainers.batch.parts import parts

    for name in parts(results_.folder, table):
        rows = read_part(results_.folder, table, name)
        at = rows.column_names.index(column)
        rows = rows.set_column(at, rows.schema.field(at), pc.add(rows[column], pa.scalar(by)))
        results_.folder.write(f"{table}/{name}", parquet_of(rows, dict(results_.about)))


def test_differences_are_paired_by_radiograph_and_finding(plan, source, carried_out, done, tmp_path):
    other = replace(plan, out=str(tmp_path / "other"), batch=5, measures=("finding_sensitivity",))
    carried_out(other, source)
    second = results.open(other.out)
    changed(second, "scores", "score", -0.25)
    changed(second, "measures", "value", 0.5)
    second = results.open(other.out)
    found = {
        (row["figure"], row["finding"], row["explainer"]): row
        for row in results.compare(done, second, maps=True, resamples=50).to_pylist()
    }
    score = found["score", "Nodule", None]
    # the same shift everywhere: every resample gives it
    assert (score["difference"], score["low"], score["high"]) == pytest.approx((0.25, 0.25, 0.25))
    assert (score["images"], score["patients"]) == (12, 6)
    assert score["a"] - score["b"] == pytest.approx(0.25)
    assert found["auc", "Effusion", None]["difference"] == 0, "a shift changes no order"
    assert found["finding_sensitivity", "Effusion", "grad_cam"]["difference"] == pytest.approx(-0.5)
    assert found["rank correlation", "Effusion", "random_map"]["difference"] == pytest.approx(1)


def test_auc_and_its_interval_are_those_of_an_evaluation(done, source):
    from cxr.evaluation.auc import auc_of

    rows = [row for row in done.scores.to_pylist() if row["finding"] == "Nodule"]
    expected = auc_of(np.array([row["label"] for row in rows]), np.array([row["score"] for row in rows]))
    (found,) = [
        row
        for row in results.compare(done, done, resamples=50).to_pylist()
        if (row["figure"], row["finding"]) == ("auc", "Nodule")
    ]
    assert (found["a"], found["b"]) == (expected, expected)
    assert (found["difference"], found["low"], found["high"]) == (0, 0, 0)


def test_an_interval_is_wider_where_patients_differ(done):
    from explainers.results.comparing import Resamples

    # two patients, one with a difference of 0, one with 1: draws give 0, 1/2 and 1
    low, high = Resamples(["a", "a", "b", "b"], 200).interval(lambda weights: weights @ [0, 0, 1, 1] / weights.sum())
    assert (low, high) == (0, 1)


def test_runs_without_a_common_radiograph_are_refused(plan, source, carried_out, done, tmp_path):
    empty = replace(plan, out=str(tmp_path / "empty"))
    carried_out(empty, replace(source, items=()))
    with pytest.raises(OptionError, match="no radiograph in common"):
        results.compare(done, results.open(empty.out))


def test_nothing_of_a_folder_is_changed_by_reading(plan, done):
    before = {name: Folder.at(plan.out).read(name) for name in Folder.at(plan.out).names()}
    list(done.explanations())
    results.compare(done, done, maps=True, resamples=20)
    assert before == {name: Folder.at(plan.out).read(name) for name in Folder.at(plan.out).names()}
