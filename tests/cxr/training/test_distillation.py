"""A student of small networks: it follows them as far as the recipe says, and ends the same after a kill."""

import dataclasses
import json

import keras
import numpy as np
import pytest

from cxr.densenet import weights_of
from cxr.evaluation.labels import LabelTable
from cxr.training import run, teachers
from cxr.training.augmentation import Augmentation, standardised
from cxr.training.batches import TrainingBatches
from cxr.training.class_weights import ClassWeights
from cxr.training.errors import TrainingError
from cxr.training.fitting import Job, fit
from cxr.training.loss import DistillationLoss, WeightedBinaryCrossentropy
from cxr.training.network import logits_of
from cxr.training.pictures import Pictures
from cxr.training.recipe import Distillation, Recipe, Stage
from cxr.training.run import Followed, Sources, train
from cxr.training.run_state import RunState, load_state
from cxr.training.soft_labels import SoftLabels, write_soft_labels
from cxr.training.teachers import Teacher, following, load_teacher

RUN, SIZE = {"recipe": "this one"}, 32


class Killed(Exception):
    """Stands for the end of the process."""


def network(seed: int, channels: int = 4) -> keras.Model:
    keras.utils.set_random_seed(seed)
    picture = keras.Input((None, None, 3))
    maps = keras.layers.Conv2D(channels, 5, strides=4, use_bias=False, name="conv")(picture)
    maps = keras.layers.ReLU()(keras.layers.BatchNormalization(name="norm")(maps))
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    return keras.Model(picture, keras.layers.Dense(2, name="predictions")(pooled))


def numpy(tensor) -> np.ndarray:
    """On every backend."""
    return keras.ops.convert_to_numpy(tensor)


def teacher(seed: int = 5, size: int = SIZE, columns: tuple[int, ...] = (0, 1)) -> Teacher:
    """A network of other layers, whose logits spread as a trained one's do."""
    model = network(seed, channels=6)
    kernel = model.get_layer("predictions").kernel
    kernel.assign(6 * keras.ops.convert_to_numpy(kernel))
    return Teacher(model, size, columns, {"name": f"teacher {seed}", "sha256": "0" * 64})


@pytest.fixture(scope="module")
def chests() -> Pictures:
    """48 noisy fields with a bright bar in half of them; the second finding is known of none."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(10000, 40000, (48, 48, 48)).astype(np.uint16)
    labels = np.stack([np.arange(48) % 2, np.full(48, np.nan)], axis=1).astype(np.float32)
    pixels[1::2, 20:26, 10:38] = 60000
    pixels[::3, 30:40, 30:40] = 5000
    names = tuple(f"{at}.png" for at in range(48))
    return Pictures(pixels, LabelTable(names, names, ("Mass", "Nodule"), labels, {}), {})


def recipe(distillation: Distillation | None, **fields) -> Recipe:
    stages = fields.pop("stages", (Stage(SIZE, 2, 1e-2, batch=8),))
    return Recipe(stages, size=SIZE, detail=48, averaging=0.8, norm_pictures=0, distillation=distillation, **fields)


def job(folder, chests, how, *, tell=lambda event, figures: None, **fields) -> Job:
    folder.mkdir(exist_ok=True)
    weights = ClassWeights(("Mass", "Nodule"), (0.5, 0.5), (0.5, 0.5))
    return Job(network(3), how, chests, chests, weights, folder, workers=1, tell=tell, **fields)


def fitted(*given, **fields) -> Job:
    made = job(*given, **fields)
    fit(made, RunState(RUN))
    return made


@pytest.mark.slow
@pytest.mark.parametrize("source", ["teacher", "table"])
def test_with_weight_0_it_is_plain_training(chests, tmp_path, source):
    table = SoftLabels(chests.table.images, chests.table.findings, np.ones((48, 1, 2), np.float32))
    followed = {"teachers": [teacher()]} if source == "teacher" else {"soft_labels": table}
    ignored = fitted(tmp_path / "ignored", chests, recipe(Distillation(weight=0.0)), **followed)
    plain = fitted(tmp_path / "plain", chests, recipe(None))
    for name, array in weights_of(plain.model).items():
        assert (weights_of(ignored.model)[name] == array).all(), name


@pytest.mark.parametrize("temperature", [1.0, pytest.param(4.0, marks=pytest.mark.slow)])
def test_a_student_without_labels_follows_a_teacher_that_differs_in_its_output_layer(chests, tmp_path, temperature):
    known = network(3)
    kernel = np.random.default_rng(1).standard_normal((4, 2)).astype(np.float32)
    known.get_layer("predictions").kernel.assign(3 * kernel)
    unlabelled = Pictures(
        chests.pixels, dataclasses.replace(chests.table, values=np.full_like(chests.table.values, np.nan)), {}
    )
    stage = Stage(SIZE, 15, 0.3, batch=8, trainable="head")
    how = recipe(Distillation(weight=1.0, temperature=temperature), stages=(stage,), mixup=0.0)
    student = fitted(tmp_path / "run", unlabelled, how, teachers=[Teacher(known, SIZE, (0, 1), {})])
    theirs, before, after = (logits_of(each, chests, size=SIZE) for each in (known, network(3), student.model))
    assert np.abs(after - theirs).mean() < 0.3 * np.abs(before - theirs).mean()
    for column in range(2):
        assert np.corrcoef(after[:, column], theirs[:, column])[0, 1] > 0.9


def test_the_loss_is_the_sum_worked_by_hand():
    # z = (2, 0), q = (.5, .25), y = (1, not known), d = .3; T = 2: p = σ(1, 0)
    loss = DistillationLoss(WeightedBinaryCrossentropy((0.9, 0.8), (0.1, 0.2)), weight=0.6, temperature=2, features=5)
    labels, outputs = (keras.ops.convert_to_tensor(each) for each in ([[1, np.nan]], [[2, 0, 0.5, 0.25, 0.3]]))
    found = loss.call(labels, outputs)
    labelled = -0.9 * np.log(1 / (1 + np.exp(-2)))
    one = 1 / (1 + np.exp(-1))
    followed = -0.5 * np.log(one) - 0.5 * np.log(1 - one) - np.log(0.5)
    assert float(numpy(found)[0]) == pytest.approx(0.4 * labelled + 0.6 * 4 * followed + 5 * 0.3, rel=1e-5)


def test_a_table_of_views_equals_the_teacher_on_the_pictures_that_the_student_sees(chests):
    known, augmentation, seeds = teacher(), Augmentation(), (11, 12, 13)
    images = chests.table.images
    views = [
        [standardised(augmentation.view(image, seed).of(chests.grey(row), SIZE), SIZE) for seed in seeds]
        for row, image in enumerate(images)
    ]
    inputs = np.repeat(np.array(views).reshape(-1, SIZE, SIZE, 1), 3, axis=-1)
    logits = known.network.predict(inputs, verbose=0).reshape(48, 3, 2)
    table = SoftLabels(images, chests.table.findings, logits, seeds, augmentation, 48)
    batches = TrainingBatches(
        chests, size=SIZE, batch=16, augmentation=augmentation, soft_labels=table, temperature=2.0
    )
    online = following(network(3), [known], Distillation(temperature=2.0), size=SIZE, seed=0)
    for at in range(3):
        (pictures, soft), _ = batches[at]
        assert numpy(online(pictures))[:, 2:4] == pytest.approx(soft, abs=1e-5)


def test_probabilities_are_mixed_as_their_pictures_are(chests):
    same = Augmentation(0, 0, 0, 0, 0, 0, 0)
    logits = np.linspace(-3, 3, 96, dtype=np.float32).reshape(48, 1, 2)
    table = SoftLabels(chests.table.images, chests.table.findings, logits)
    given = {"size": SIZE, "batch": 4, "augmentation": same, "soft_labels": table, "seed": 1}
    (alone, of_alone), _ = TrainingBatches(chests, **given)[0]
    (mixed, of_mixed), _ = TrainingBatches(chests, mixup=0.4, **given)[0]
    for picture, soft in zip(mixed, of_mixed, strict=True):
        shares = np.linalg.lstsq(alone.reshape(4, -1).T, picture.ravel(), rcond=None)[0]
        assert shares @ of_alone == pytest.approx(soft, abs=1e-2)


def test_several_teachers_of_other_sizes_and_orders_are_averaged(chests):
    known = [teacher(5), teacher(6, size=48, columns=(1, 0))]
    pictures = np.random.default_rng(0).standard_normal((3, SIZE, SIZE, 3)).astype(np.float32)
    found = following(network(3), known, Distillation(), size=SIZE, seed=0)(pictures)
    larger = keras.ops.image.resize(pictures, (48, 48), interpolation="bicubic", antialias=True)
    logits = [numpy(known[0].network(pictures)), numpy(known[1].network(larger))[:, ::-1]]
    assert numpy(found)[:, 2:4] == pytest.approx(1 / (1 + np.exp(-np.mean(logits, axis=0))), abs=1e-5)


def test_a_network_beside_its_teachers_has_its_own_variables_alone(chests):
    student = network(3)
    around = following(student, [teacher(5), teacher(6)], Distillation(features=1.0), size=SIZE, seed=0)
    own = {id(variable) for variable in student.variables}
    guides = [variable.path for variable in around.variables if id(variable) not in own]
    assert sorted(guides) == ["guide_0/kernel", "guide_1/kernel"]
    assert len({variable.path for variable in around.variables}) == len(around.variables) == len(own) + 2


def test_features_alone_are_followed_without_labels_and_the_teacher_stays_as_it_was(chests, tmp_path):
    known = teacher()
    before = weights_of(known.network)
    unlabelled = Pictures(
        chests.pixels, dataclasses.replace(chests.table, values=np.full_like(chests.table.values, np.nan)), {}
    )
    how = recipe(Distillation(weight=0.0, features=3.0), stages=(Stage(SIZE, 6, 1e-2, batch=8),))
    student = job(tmp_path / "run", unlabelled, how, teachers=[known])
    losses = [row["loss"] for row in fit(student, RunState(RUN)).history]  # 3 (1 − cosine), nothing else
    assert 0 < losses[-1] < 0.4 * losses[0] < 3 * 2
    start, end = weights_of(network(3)), weights_of(student.model)
    assert np.abs(end["conv/kernel"] - start["conv/kernel"]).max() > 1e-3
    assert end["predictions/bias"] == pytest.approx(start["predictions/bias"], abs=1e-6)
    assert all((weights_of(known.network)[name] == array).all() for name, array in before.items())


@pytest.mark.slow  # by default, that of tests/cxr/training/test_fitting.py
def test_a_run_that_was_killed_ends_as_one_that_was_not(chests, tmp_path):
    how = recipe(Distillation(weight=0.5, features=1.0), stages=(Stage(SIZE, 2, 1e-2, batch=8), Stage(48, 1, 1e-2)))
    whole = fitted(tmp_path / "whole", chests, how, teachers=[teacher()])

    def stop(event, figures):
        if event == "epoch" and (figures["stage"], figures["epoch"]) == (0, 1):
            raise Killed

    with pytest.raises(Killed):
        fit(job(tmp_path / "run", chests, how, tell=stop, teachers=[teacher()]), RunState(RUN))
    resumed = load_state(tmp_path / "run", RUN)
    assert len(resumed.history) == 2
    again = job(tmp_path / "run", chests, how, teachers=[teacher()])
    fit(again, resumed)
    for name, array in weights_of(whole.model).items():
        assert weights_of(again.model)[name] == pytest.approx(array, abs=1e-5), name


@pytest.fixture
def sources(chests, tmp_path) -> Sources:
    """The pictures as files, two thirds of them to train on."""
    from PIL import Image

    (tmp_path / "images").mkdir()
    lines = ["image,patient,part,Mass,Nodule"]
    for row, image in enumerate(chests.table.images):
        grey = Image.fromarray((chests.pixels[row] // 257).astype(np.uint8))
        grey.resize((96, 96)).save(tmp_path / "images" / image)
        lines.append(f"{image},{row},{'train' if row < 32 else 'validation'},{row % 2},{row // 2 % 2}")
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n")
    return Sources([tmp_path / "labels.csv"], [tmp_path / "images"], ("Mass", "Nodule"))


@pytest.fixture
def small(monkeypatch):
    """The project's own run, with small networks in the places of DenseNet-121."""
    monkeypatch.setattr(run, "trainable_network", lambda init, labels: (network(3), "from scratch"))
    monkeypatch.setattr(run, "load_teacher", lambda source, findings: teacher(int(source)))


@pytest.mark.usefixtures("small")
def test_a_checkpoint_names_its_teachers(sources, tmp_path, capsys):
    how = recipe(Distillation(), heads=0)
    out = train(sources, how, tmp_path / "net", followed=Followed(("5", "6")))
    training = json.loads((out / "config.json").read_text())["training"]
    assert [each["name"] for each in training["teachers"]] == ["teacher 5", "teacher 6"]
    assert training["recipe"]["distillation"] == {"weight": 0.7, "temperature": 1.0, "features": 0.0}
    assert "Following teacher 5" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_a_checkpoint_names_its_table_and_another_table_is_another_run(sources, tmp_path):
    images = tuple(f"{at}.png" for at in reversed(range(40)))  # more than are trained on, in another order
    table = SoftLabels(images, ("Nodule", "Mass"), np.zeros((40, 1, 2), np.float32))
    write_soft_labels(tmp_path / "soft.npz", table)
    how, followed = recipe(Distillation(), heads=0), Followed(soft_labels=(tmp_path / "soft.npz",))
    out = train(sources, how, tmp_path / "net", followed=followed)
    (origin,) = json.loads((out / "config.json").read_text())["training"]["teachers"]
    assert origin["name"] == "soft.npz"
    assert len(origin["sha256"]) == 64
    write_soft_labels(tmp_path / "soft.npz", dataclasses.replace(table, logits=table.logits + 1))
    with pytest.raises(TrainingError, match="differs in teachers"):
        train(sources, how, tmp_path / "net", followed=followed)


@pytest.mark.parametrize(
    ("how", "followed", "said"),
    [
        (None, Followed(("5",)), "no distillation"),
        (Distillation(), Followed(), "without a teacher"),
        (Distillation(), Followed(("5",), ("soft.npz",)), "were given"),
        (Distillation(features=1), Followed((), ("soft.npz",)), "no features"),
    ],
)
def test_options_that_do_not_fit_are_refused_with_a_sentence(how, followed, said, tmp_path):
    with pytest.raises(TrainingError, match=said):
        train(Sources([], []), recipe(how), tmp_path / "net", followed=followed)


@pytest.mark.parametrize(
    "fields", [{"weight": 1.2}, {"weight": -0.1}, {"temperature": 0}, {"temperature": 1e9}, {"features": -1}]
)
def test_numbers_out_of_range_are_refused(fields):
    with pytest.raises(TrainingError, match="is no"):
        Distillation(**fields)


@pytest.mark.slow  # by default, a teacher of ours that wants another input
def test_a_checkpoint_of_ours_is_a_teacher_by_its_findings_names(predictor):
    pictures = np.random.default_rng(0).standard_normal((2, 224, 224, 3)).astype(np.float32)
    order = ("Hernia", "Effusion")
    known = load_teacher("starter", order)
    expected = predictor.forward(pictures)[:, [predictor.labels.index(name) for name in order]]
    assert numpy(known.network(pictures))[:, list(known.columns)] == pytest.approx(expected, abs=1e-3)
    assert set(known.origin) == {"name", "source", "sha256"}
    with pytest.raises(TrainingError, match="no output for Effusions"):
        load_teacher("starter", ("Effusions",))


def test_a_teacher_that_wants_another_input_is_refused(predictor, monkeypatch):
    from cxr.checkpoint import read_checkpoint
    from hub import resolve

    starter = read_checkpoint(resolve("starter"))
    foreign = dataclasses.replace(starter, config=dataclasses.replace(starter.config, input={"rule": "xrv"}))
    monkeypatch.setattr(teachers, "read_checkpoint", lambda resolved: foreign)
    with pytest.raises(TrainingError, match="has the input rule 'xrv'"):
        load_teacher("starter", ("Effusion",))
