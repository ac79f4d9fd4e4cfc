"""A whole Keras model with nothing beside it, described by the arguments of each command that takes a network."""

import json
import sys

import pytest

import cxr.__main__
import explainers.__main__
from cxr.phantom.dataset import write_dataset
from cxr.quiet_import import quiet_import
from explainers import load_network
from hub.errors import SourceError
from tests.plugins.networks import small_networks

LABELS = ("COVID-19", "Cardiomegaly", "Normal")
STATED = ["--outputs", ",".join(LABELS), "--input", "0..1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """`model.keras` of three classes; `images`; `labels.csv` and `boxes.csv` with two of the classes."""
    with quiet_import():
        import keras
    keras.utils.set_random_seed(2)
    layers = [keras.Input((32, 32, 3)), keras.layers.Conv2D(4, 3, name="found")]
    layers += [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3, activation="softmax")]
    made = tmp_path_factory.mktemp("whole")
    keras.Sequential(layers).save(made / "model.keras")
    write_dataset(made, made / "nih.csv", 8, size=64)
    names = sorted(file.name for file in (made / "images").iterdir())
    rows = [f"{name},{at // 2},{at % 2},{1 - at % 2}" for at, name in enumerate(names)]
    (made / "labels.csv").write_text("\n".join(["Image,PatientId,COVID-19,normal", *rows]) + "\n")
    (made / "boxes.csv").write_text(
        "\n".join(["image,patient,finding,x,y,w,h", f"{names[0]},1,COVID-19,8,8,16,16", ""])
    )
    return made


def run(program, *words) -> int:
    return program.main([str(each) for each in words])


def test_batch_takes_the_description_and_stores_it(folder, tmp_path):
    pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    words = ["batch", "--images", folder / "images", "--out", tmp_path / "out", "--model", folder / "model.keras"]
    words += ["--labels", folder / "labels.csv"]
    assert run(explainers.__main__, *words, *STATED) == 0
    scores = pq.read_table(tmp_path / "out" / "scores").to_pylist()
    assert {each["finding"] for each in scores} == set(LABELS)
    assert sorted(each["label"] for each in scores if each["finding"] == "COVID-19") == [0] * 4 + [1] * 4
    about = json.loads((tmp_path / "out" / "run.json").read_text())
    assert about["labels"] == list(LABELS)
    assert about["input"]["rule"] == "0..1"
    assert about["command"].endswith(" ".join(STATED))
    # another description is another network
    assert run(explainers.__main__, *words, *STATED[:-1], "-1..1") == 1


def test_the_benchmark_takes_it_and_refuses_rows_of_another_one(folder, tmp_path, capsys):
    pytest.importorskip("pyarrow")
    words = ["benchmark", "--data", folder, "--out", tmp_path / "out", "--model", folder / "model.keras"]
    words += ["--explainers", "edges", "--box-side", "64", *STATED[:2]]
    assert run(explainers.__main__, *words, "--input", "0..1") == 0
    assert "1 targets on 1 radiograph" in capsys.readouterr().out
    assert run(explainers.__main__, *words, "--input", "0..255") == 1
    assert "differs in input" in capsys.readouterr().err


def test_predict_scores_with_it(folder, capsys):
    picture = next((folder / "images").iterdir())
    assert run(cxr.__main__, "predict", picture, "--json", "--model", folder / "model.keras", *STATED) == 0
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert {each["finding"] for each in result["findings"]} == set(LABELS)


def test_evaluate_measures_the_networks_own_findings(folder, tmp_path, capsys):
    words = ["evaluate", "--labels", folder / "labels.csv", "--images", folder / "images", "--out", tmp_path / "out"]
    assert run(cxr.__main__, *words, "--model", folder / "model.keras", *STATED) == 0
    found = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert list(found["findings"]) == ["COVID-19", "Normal"]
    assert found["findings"]["COVID-19"]["positives"] == 4


def test_evaluate_says_when_the_table_has_none_of_them(folder, tmp_path, capsys):
    words = ["evaluate", "--labels", folder / "nih.csv", "--images", folder / "images", "--out", tmp_path / "out"]
    stated = ["--outputs", "A,B,C", "--input", "0..1"]
    assert run(cxr.__main__, *words, "--model", folder / "model.keras", *stated) == 1
    assert "none of the findings that are scored: A, B, C" in capsys.readouterr().err


@pytest.mark.parametrize("model", ["starter", small_networks.__file__ + ":scorer"], ids=["checkpoint", "plugin"])
def test_what_describes_itself_is_not_described_again(model):
    with pytest.raises(SourceError, match=r"can be stated of a whole Keras model's file only"):
        load_network(model, stated={"labels": ["A"]})


def test_a_plugins_network_is_not_for_the_commands_of_checkpoints(folder, capsys):
    picture = next((folder / "images").iterdir())
    assert run(cxr.__main__, "predict", picture, "--model", small_networks.__file__) == 1
    said = capsys.readouterr().err
    assert "'small_networks.py' is a plugin's file" in said
    assert "python -m explainers" in said


def test_the_page_refuses_a_description_of_no_network(capsys, monkeypatch):
    import demo

    monkeypatch.setattr(sys, "argv", ["demo.py"])
    assert demo.main(["--model", "starter", "--labels", "A,B"]) == 1
    assert "describe no network of --model" in capsys.readouterr().err
