"""A generated project works as it is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from explainers import check_explainer
from explainers.errors import OptionError
from explainers.kit.new import new_project
from explainers.plugin_import import import_plugin

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def generated(tmp_path_factory) -> tuple[Path, dict]:
    """A generated project, installed beside nothing else, and the environment in which it is found."""
    folder = tmp_path_factory.mktemp("new")
    project, target = new_project("warm_map", folder), folder / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", str(target), str(project)], check=True, capture_output=True)
    return project, os.environ | {"PYTHONPATH": f"{target}{os.pathsep}{ROOT}"}


def test_a_generated_explainer_passes_checks(tmp_path):
    project = new_project("warm_map", tmp_path)
    written = import_plugin(str(project / "warm_map.py"))
    report = check_explainer(written.WarmMap, ["dtype", "determinism", "finding", "options", "unit"])
    assert report.passed, str(report)
    assert "explainer=WarmMap" in (project / "tests" / "test_warm_map.py").read_text()


@pytest.mark.slow
def test_a_generated_project_passes_its_own_tests(generated):
    project, environment = generated
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "explainers.kit.pytest_plugin", "-p", "no:cacheprovider"],
        cwd=project, env=environment | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "25 passed, 5 skipped" in done.stdout  # what does not apply to it is skipped


def test_a_generated_project_is_found_once_it_is_installed(generated):
    _, environment = generated
    done = subprocess.run(
        [sys.executable, "-m", "explainers", "list", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(done.stdout)
    assert not answer["failures"]
    found = {each["name"]: each for each in answer["explainers"]}["warm_map"]
    assert (found["title"], found["origin"], found["by_default"]) == ("Warm map", "warm_map", True)
    assert found["options"]["channels"]["description"]


def test_a_generated_projects_folder_never_hides_the_installed_module(generated):
    """Python, started beside the folder, must not take the folder for the module."""
    project, environment = generated
    assert project.name == "cxr-lens-warm-map"
    code = "import warm_map; print(warm_map.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project.parent, env=environment, capture_output=True, text=True
    )
    assert "installed" in done.stdout
    alone = environment | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=project.parent, env=alone, capture_output=True, text=True)
    assert "No module named 'warm_map'" in done.stderr


@pytest.mark.parametrize("name", ["Warm", "1map", "class", "a b", "../x", ""])
def test_names_that_can_not_be_are_refused(tmp_path, name):
    with pytest.raises(OptionError, match="can't name a plugin"):
        new_project(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path):
    new_project("mine", tmp_path)
    with pytest.raises(OptionError, match="already something at 'cxr-lens-mine'"):
        new_project("mine", tmp_path)
