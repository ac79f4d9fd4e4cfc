"""The commands and the recipe beside the example of a teacher are such as the project takes."""

import importlib.util
import json
import shlex
import shutil
from pathlib import Path

import pytest

from cxr.__main__ import _parser as cxr_parser
from cxr.training.recipe import Recipe
from explainers.__main__ import _parser as explainers_parser

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "training"
COMMANDS = [line for line in (FOLDER / "README.md").read_text().splitlines() if line.startswith("python -m ")]


@pytest.fixture
def afterwards(tmp_path, monkeypatch):
    """A working folder that has what the commands before would have left."""
    for name in (
        "images",
        "teachers",
        "student",
        "lite0",
        "examples/training",
        *(f"folds/{fold}" for fold in range(1, 6)),
    ):
        (tmp_path / name).mkdir(parents=True)
    shutil.copy(FOLDER / "student.json", tmp_path / "examples" / "training")
    for name in ("entries.csv", "teachers/out_of_fold.npz", "teachers/soft_labels.npz"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("afterwards")
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.split()[2:4]))
def test_a_command_has_options_that_there_are(command):
    _, _, package, *given = shlex.split(command)
    parser = {"cxr": cxr_parser, "explainers": explainers_parser}[package]()
    assert parser.parse_args(given).run


def test_the_recipe_is_one():
    recipe = Recipe.from_json(json.loads((FOLDER / "student.json").read_text()))
    assert recipe.distillation.weight == 0.8
    assert recipe.size == recipe.stages[-1].size


def test_parts_are_by_patient_and_test_is_nih_s():
    spec = importlib.util.spec_from_file_location("parts", FOLDER / "parts.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    rows = [{"Image Index": f"{at}.png", "Patient ID": str(at // 3)} for at in range(900)]
    found = module.with_parts(rows, {"0.png", "10.png"})
    parts: dict[str, set[str]] = {}
    for row in found:
        parts.setdefault(row["Patient ID"], set()).add(row["part"])
    assert all(len(each) == 1 for each in parts.values())
    assert {patient for patient, each in parts.items() if each == {"test"}} == {"0", "3"}
    validation = sum(each == {"validation"} for each in parts.values())
    assert 15 < validation < 45  # about a tenth of 298 patients
