"""Scoring a table: which rows, which logits, what goes on where it was ended."""

import numpy as np
import pytest

from cxr.__main__ import main
from cxr.datasets.parts import rows_of
from cxr.datasets.storage import Folder
from cxr.errors import LabelError
from cxr.evaluation import scoring
from cxr.evaluation.labels import read_labels
from cxr.evaluation.scoring import features_of_table, score_table
from cxr.evaluation.stored_answers import NAME, TABLE
from cxr.phantom.dataset import write_dataset
from cxr.reading.radiograph import read_radiograph

COUNT = 12


@pytest.fixture(scope="module")
def chests(tmp_path_factory):
    """(labels.csv, its pictures): the third of twelve is missing, the fourth is broken."""
    folder = tmp_path_factory.mktemp("chests")
    write_dataset(folder, folder / "labels.csv", COUNT, size=64)
    table, images = read_labels(folder / "labels.csv"), folder / "images"
    (images / table.images[2]).unlink()
    (images / table.images[3]).write_bytes(b"no picture")
    return folder / "labels.csv", images


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(scoring, "BATCH", 4)


def test_logits_are_those_of_single_predictions_and_what_cannot_be_read_is_left_out(chests, tiny, capsys):
    labels, images = chests
    table = read_labels(labels)
    ours, again = score_table([tiny, tiny], table, images)
    kept = [name for row, name in enumerate(table.images) if row not in (2, 3)]
    assert list(ours.table.images) == kept
    assert ours.table.findings == tiny.labels
    assert "2 pictures are skipped" in capsys.readouterr().err
    for name, row in zip(kept, ours.logits, strict=True):
        found = tiny.predict(read_radiograph(images / name))
        np.testing.assert_allclose(row, [found[finding].logit for finding in tiny.labels], atol=1e-6)
    np.testing.assert_array_equal(ours.logits, again.logits)


def test_features_are_what_the_output_layer_sees(chests, tiny):
    table, features = features_of_table(tiny, read_labels(chests[0]), chests[1])
    prepared = tiny.prepare(read_radiograph(chests[1] / table.images[0]))
    np.testing.assert_allclose(features[0], tiny.features(prepared.array[None])[0], atol=1e-6)


def test_a_table_without_a_picture_is_refused(chests, tiny, tmp_path):
    with pytest.raises(LabelError, match="None of the 12"):
        score_table([tiny], read_labels(chests[0]), tmp_path / "elsewhere")


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


def end_at_second_batch(patch, predictor):
    """The network answers one batch, then the process ends."""
    calls, forward = [], predictor.forward

    def once(batch):
        calls.append(len(batch))
        if len(calls) == 2:
            raise Killed
        return forward(batch)

    patch.setattr(predictor, "forward", once)


def test_a_run_that_was_ended_goes_on_and_gives_the_same_logits(chests, tiny, tmp_path, monkeypatch, small_batches):
    labels, images = chests
    table = read_labels(labels)
    (whole,) = score_table([tiny], table, images)
    with monkeypatch.context() as patched:
        end_at_second_batch(patched, tiny)
        with pytest.raises(Killed):
            score_table([tiny], table, images, out=tmp_path / "out")
    assert len(rows_of(Folder.at(tmp_path / "out" / NAME), TABLE)) == 4
    sizes, forward = [], tiny.forward
    monkeypatch.setattr(tiny, "forward", lambda batch: (sizes.append(len(batch)), forward(batch))[1])
    (resumed,) = score_table([tiny], table, images, out=tmp_path / "out")
    assert sum(sizes) == 8, "of twelve, two have answers already, and two can't be read"
    assert resumed.table.images == whole.table.images
    np.testing.assert_allclose(resumed.logits, whole.logits, atol=1e-6)


def test_answers_of_other_findings_are_not_taken(chests, tiny, tmp_path):
    labels, images = chests
    table = read_labels(labels)
    score_table([tiny], table, images, out=tmp_path / "out")
    fewer = table.__class__(**{**table.__dict__, "findings": ("Nodule",), "values": table.values[:, :1]})
    (found,) = score_table([tiny], fewer, images, out=tmp_path / "out")
    assert found.logits.shape == (10, 1)


def test_the_command_writes_its_report_and_keeps_no_answers(chests, tiny, tmp_path, monkeypatch, capsys):
    from cxr.predictor import Predictor

    monkeypatch.setattr(Predictor, "load", lambda source, **_: tiny)
    labels, images = chests
    words = ["evaluate", "--labels", str(labels), "--images", str(images), "--out", str(tmp_path / "out")]
    assert main(words) == 0
    assert "AUC" in capsys.readouterr().out
    assert (tmp_path / "out" / "evaluation.json").is_file()
    assert not (tmp_path / "out" / NAME).exists()
