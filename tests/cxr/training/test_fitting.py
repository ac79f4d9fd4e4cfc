"""The training run on a network of two layers: it learns, keeps the best, and a kill changes nothing."""

import json

import keras
import numpy as np
import pytest

from cxr.densenet import weights_of
from cxr.evaluation.auc import mean_auc
from cxr.evaluation.labels import LabelTable
from cxr.training.augmentation import Augmentation
from cxr.training.class_weights import ClassWeights
from cxr.training.errors import TrainingError
from cxr.training.fitting import Job, fit
from cxr.training.network import logits_of
from cxr.training.pictures import Pictures
from cxr.training.recipe import Recipe, Stage
from cxr.training.run_state import RunState, load_state

RUN = {"recipe": "this one"}
RECIPE = Recipe(
    (Stage(32, 2, 1e-2, batch=8, trainable="head"), Stage(32, 3, 1e-2, batch=8)),
    size=48,
    augmentation=Augmentation(noise=0.0),
    averaging=0.8,
    norm_pictures=16,
)


class Killed(Exception):
    """Stands for the end of the process."""


def network() -> keras.Model:
    keras.utils.set_random_seed(3)
    picture = keras.Input((None, None, 3))
    maps = keras.layers.Conv2D(4, 5, strides=4, use_bias=False, name="conv")(picture)
    maps = keras.layers.ReLU()(keras.layers.BatchNormalization(name="norm")(maps))
    pooled = keras.layers.GlobalMaxPooling2D()(maps)
    return keras.Model(picture, keras.layers.Dense(1, name="predictions")(pooled))


def pictures(rows: int, seed: int) -> Pictures:
    """Even grain; a picture with the finding has a bright bar."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(20000, 40000, (rows, 48, 48)).astype(np.uint16)
    labels = np.arange(rows) % 2
    pixels[labels == 1, 20:26, 10:38] = 60000
    names = tuple(f"{seed}-{at}" for at in range(rows))
    return Pictures(pixels, LabelTable(names, names, ("Mass",), labels[:, None].astype(np.float32), {}), {})


def job(folder, tell=lambda event, figures: None) -> Job:
    folder.mkdir(exist_ok=True)
    weights = ClassWeights(("Mass",), (0.5,), (0.5,))
    return Job(network(), RECIPE, pictures(48, 0), pictures(24, 1), weights, folder, workers=1, tell=tell)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nobody stops: its job, state, and what it on_progress."""
    on_progress = []
    made = job(tmp_path_factory.mktemp("whole"), lambda event, figures: on_progress.append((event, dict(figures))))
    return made, fit(made, RunState(RUN)), on_progress


def test_it_learns(whole):
    made, state, _ = whole
    auc = mean_auc(made.validation.table.values, logits_of(made.model, made.validation, size=48))
    assert auc > 0.95
    assert state.best["mean_auc"] > 0.95


def test_the_mean_auc_is_that_of_a_population_with_its_share_of_healthy_people():
    labels = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [0, 0], [0, 0]], np.float32)
    logits = np.array(
        [[2, 0], [3, 0], [4, 5], [4, 5], [0, 1], [1, 1]], np.float32
    )  # Mass is on_progress from none, not from Edema
    assert mean_auc(labels, logits) == pytest.approx((0.5 + 1) / 2)
    sicker = np.array([1, 1, 3, 3, 1, 1.0])
    assert mean_auc(labels, logits, sicker) == pytest.approx((0.25 + 1) / 2)
    assert mean_auc(np.zeros((6, 1), np.float32), logits[:, :1], sicker) is None


def test_every_epoch_is_told_and_kept(whole):
    _, state, on_progress = whole
    rows = [figures for event, figures in on_progress if event == "epoch"]
    assert [(row["stage"], row["epoch"]) for row in rows] == [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]
    assert [dict(row) for row in state.history] == rows
    assert sum(event == "batch" for event, _ in on_progress) == 5 * 6  # 48 pictures, 8 a batch
    (norms,) = [figures for event, figures in on_progress if event == "norms"]
    assert norms["kept"] == (norms["after"] >= norms["before"])


def test_the_first_stage_leaves_all_but_the_head_as_it_was(tmp_path):
    made = job(tmp_path / "run")
    before = weights_of(made.model)

    def stop(event, figures):
        if event == "epoch" and figures["stage"] == 0 and figures["epoch"] == 1:
            raise Killed

    made = Job(**{**vars(made), "tell": stop})
    with pytest.raises(Killed):
        fit(made, RunState(RUN))
    after = weights_of(made.model)
    assert all((before[name] == after[name]).all() for name in before if not name.startswith("predictions"))
    assert not (before["predictions/kernel"] == after["predictions/kernel"]).all()


@pytest.mark.parametrize(
    "at", [pytest.param((0, 0), marks=pytest.mark.slow), pytest.param((0, 1), marks=pytest.mark.slow), (1, 1)]
)
def test_a_run_that_was_killed_ends_as_one_that_was_not(whole, tmp_path, at):
    def stop(event, figures):
        # in the middle of the epoch after the one that was kept last
        if event == "batch" and kept and figures["stage"] >= at[0]:
            raise Killed
        if event == "epoch" and (figures["stage"], figures["epoch"]) == at:
            kept.append(at)

    kept = []
    with pytest.raises(Killed):
        fit(job(tmp_path / "run", stop), RunState(RUN))
    resumed = load_state(tmp_path / "run", RUN)
    assert len(resumed.history) == {(0, 0): 1, (0, 1): 2, (1, 1): 4}[at]
    again = job(tmp_path / "run")
    state = fit(again, resumed)
    made, expected, _ = whole
    aucs = [[row["validation_mean_auc"] for row in each.history] for each in (state, expected)]
    assert aucs[0] == pytest.approx(aucs[1], abs=1e-6)
    for name, array in weights_of(made.model).items():
        assert weights_of(again.model)[name] == pytest.approx(array, abs=1e-5), name


def test_another_run_s_folder_is_refused(tmp_path):
    RunState(RUN).save(tmp_path)
    assert load_state(tmp_path, RUN).stage == 0
    with pytest.raises(TrainingError, match="differs in recipe"):
        load_state(tmp_path, {"recipe": "another"})


def test_a_state_is_never_half_written(tmp_path):
    RunState(RUN, stage=1).save(tmp_path)
    (tmp_path / "state.json.part").write_text('{"run": ')  # what a kill in the middle leaves
    assert load_state(tmp_path, RUN).stage == 1
    assert json.loads((tmp_path / "state.json").read_text())["stage"] == 1
