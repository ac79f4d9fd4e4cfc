"""Runs: which rows there are, what is resumed, what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cxr.datasets.parts import METADATA
from cxr.datasets.storage import Folder
from cxr.reading.radiograph import read_radiograph
from explainers import compare, measure
from explainers.batch import parts
from explainers.batch.schemas import TABLES, schema_of
from explainers.errors import OptionError
from explainers.running.comparison import Finished
from explainers.running.measuring import MeasureDone


def test_scores_are_those_of_a_single_prediction(plan, source, carried_out, tiny, table):
    carried_out(plan, source)
    rows = table(plan.out, "scores").to_pylist()
    assert len(rows) == 12 * 2
    assert [row["image"] for row in rows[::2]] == [item.image for item in source.items]
    item = source.items[2]
    expected = tiny.predict(read_radiograph(Path(source.root) / item.image))
    for row in (row for row in rows if row["image"] == item.image):
        found = expected[row["finding"]]
        assert row["logit"] == pytest.approx(found.logit, rel=1e-5)
        assert (row["above"], row["threshold"]) == (found.above_threshold, found.threshold)
        assert row["label"] == dict(item.labels)[row["finding"]]
        assert (row["patient"], row["height"], row["error"]) == ("2", 64, None)
        assert row["warnings"] == list(expected.warnings)


def test_maps_are_those_of_a_single_comparison(plan, source, carried_out, tiny, table):
    carried_out(plan, source)
    rows = {(row["image"], row["finding"], row["explainer"]): row for row in table(plan.out, "maps").to_pylist()}
    assert len(rows) == 12 * 2 * 2
    image = source.items[5].image
    radiograph = read_radiograph(Path(source.root) / image)
    for event in compare(tiny, radiograph, "Nodule", plan.explainers):
        if isinstance(event, Finished):
            made, row = event.explanation, rows[image, "Nodule", event.explainer]
            cells = np.reshape(row["cells"], (row["rows"], row["columns"]))
            np.testing.assert_allclose(cells, made.map, rtol=1e-5, atol=1e-6)
            assert (row["unit"], row["signed"], row["scale"]) == (made.unit, made.signed, 1.0)
            assert row["minimum"] == pytest.approx(float(made.map.min()), rel=1e-5)
            assert json.loads(row["options"]) == dict(made.options)
            assert row["input_digest"] == made.input_digest


def test_scores_and_grad_cam_of_a_batch_cost_one_pass_a_radiograph(plan, source, carried_out, tiny, monkeypatch):
    sizes = []
    forward = tiny._network.forward_with
    monkeypatch.setattr(
        tiny._network, "forward_with", lambda batch, layer: (sizes.append(len(batch)), forward(batch, layer))[1]
    )
    carried_out(replace(plan, explainers=("grad_cam",)), source)
    assert sizes == [4, 4, 4]


def test_measures_are_those_of_a_single_measurement(plan, source, carried_out, tiny, table):
    carried_out(replace(plan, explainers=("grad_cam",), measures=("finding_sensitivity", "localisation")), source)
    rows = {(row["image"], row["finding"], row["measure"]): row for row in table(plan.out, "measures").to_pylist()}
    assert len(rows) == 12 * 2 * 2
    image = source.items[3].image
    radiograph = read_radiograph(Path(source.root) / image)
    *_, event = compare(tiny, radiograph, "Effusion", ["grad_cam"])
    *_, done = measure(tiny, radiograph, [event.explanation], ["finding_sensitivity"])
    assert isinstance(done, MeasureDone)
    row = rows[image, "Effusion", "finding_sensitivity"]
    assert row["value"] == pytest.approx(done.measured.value, abs=1e-6)
    assert row["sentence"] == done.measured.sentence
    without_box = rows[image, "Effusion", "localisation"]
    assert without_box["value"] is None
    assert without_box["error"]["code"] == "NOT_MEASURABLE"
    assert parts.failures(Folder.at(plan.out)) == (0, 0), "that a measure says nothing is no failure"


@pytest.mark.parametrize(
    ("findings", "expected"), [(("all",), 24), (("Nodule",), 12), (("top:1",), 12), (("labelled",), 0)]
)
def test_which_findings_are_explained(plan, source, carried_out, findings, expected, table):
    positives = sum(
        value for item in source.items for finding, value in item.labels if finding in ("Effusion", "Nodule")
    )
    carried_out(replace(plan, explainers=("grad_cam",), findings=findings), source)
    assert table(plan.out, "maps").num_rows == (expected or positives)
    if findings == ("top:1",):
        scores = {(row["image"], row["finding"]): row["logit"] for row in table(plan.out, "scores").to_pylist()}
        for row in table(plan.out, "maps").to_pylist():
            # thresholds 0.9 and 0.2 are logits 2.197 and -1.386
            margins = {
                "Effusion": scores[row["image"], "Effusion"] - 2.197,
                "Nodule": scores[row["image"], "Nodule"] + 1.386,
            }
            assert row["finding"] == max(margins, key=margins.get)


def test_wrong_findings_are_refused_before_anything_is_written(plan, source, carried_out):
    from cxr.errors import FindingError

    for words, error in ((("top:0",), OptionError), (("top:3",), OptionError), (("Mass",), FindingError)):
        with pytest.raises(error):
            carried_out(replace(plan, findings=words), source)
    assert not Path(plan.out).exists()


def test_half_precision_loses_little_and_never_overflows(plan, source, carried_out, tmp_path, table):
    one, other = replace(plan, out=str(tmp_path / "one")), replace(plan, out=str(tmp_path / "half"), half=True)
    carried_out(one, source)
    carried_out(other, source)
    assert pq.read_schema(next((tmp_path / "half" / "maps").iterdir())).field("cells").type == pa.list_(pa.float16())
    for whole, half in zip(table(one.out, "maps").to_pylist(), table(other.out, "maps").to_pylist(), strict=True):
        cells = np.array(half["cells"], np.float64) * half["scale"]
        largest = max(abs(whole["minimum"]), abs(whole["maximum"]))
        np.testing.assert_allclose(cells, whole["cells"], atol=largest * 2**-11)


PLUGIN = """
from explainers import Explainer, hookimpl

class Moody(Explainer):
    name, title, unit = "moody", "Moody", "logit"

    def explain(self, context, finding):
        if context.logits[0] > LIMIT:
            raise RuntimeError("not today")
        return context.input[..., 0]

@hookimpl
def cxr_lens_explainers():
    return [Moody]
"""


def test_an_explainer_that_fails_gets_rows_with_errors_and_the_others_their_maps(
    plan, source, carried_out, tmp_path, table
):
    (tmp_path / "moody.py").write_text(PLUGIN.replace("LIMIT", "-1e9"))
    plan = replace(plan, explainers=("moody", "grad_cam"), plugins=(str(tmp_path / "moody.py"),))
    carried_out(plan, source)
    rows = table(plan.out, "maps").to_pylist()
    assert {row["explainer"] for row in rows if row["error"]} == {"moody"}
    assert all(row["error"]["code"] == "EXPLAINER" and row["cells"] is None for row in rows if row["error"])
    assert sum(row["error"] is None for row in rows) == 24
    assert parts.failures(Folder.at(plan.out)) == (0, 24)


def test_every_file_says_what_made_it_and_no_path(plan, source, carried_out, dataset):
    carried_out(replace(plan, measures=("finding_sensitivity",)), source)
    for name in TABLES:
        for file in (Path(plan.out) / name).iterdir():
            schema = pq.read_schema(file)
            assert schema.equals(schema_of(name))
            about = json.loads(schema.metadata[METADATA])
            assert (about["schema"], about["table"], about["model"]["name"]) == (1, name, "tiny")
            assert about["explainers"]["grad_cam"]["options"] == {"layer": "relu"}
            assert {"input", "versions", "seed", "command"} <= set(about)
            assert str(dataset).encode() not in file.read_bytes()
    assert str(dataset) not in (Path(plan.out) / "run.json").read_text()


def test_nothing_is_left_running_when_the_caller_goes_away(plan, source, tiny):
    import threading

    from explainers.batch.worker import Worker
    from explainers.registry import Registry

    worker = Worker(plan, tiny, Registry.standard())
    reports = worker.run(source.items)
    next(reports)
    reports.close()
    names = ("reading", "scoring", "explaining")
    assert not [each for each in threading.enumerate() if each.name.startswith(names)]
