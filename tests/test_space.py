"""What a Space of the Hub needs: its requirements, its front matter, and its tracked files."""

import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[1]


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_a_space_installs_what_the_project_asks_for():
    listed = [line.strip() for line in (ROOT / "requirements.txt").read_text().splitlines() if line.strip()]
    assert listed == project()["dependencies"]


@pytest.fixture(scope="module")
def space() -> dict:
    """README's front matter, as the Hub reads it."""
    from huggingface_hub import metadata_load

    return metadata_load(ROOT / "README.md")


def test_a_space_runs_a_gradio_and_a_python_that_the_project_admits(space):
    (gradio,) = [each for each in project()["dependencies"] if each.startswith("gradio")]
    assert space["sdk"] == "gradio"
    assert Requirement(gradio).specifier.contains(space["sdk_version"])
    assert SpecifierSet(project()["requires-python"]).contains(space["python_version"])


def test_a_space_finds_its_file_and_says_what_the_hub_can_show(space):
    assert space["app_file"] == "demo.py"
    assert (ROOT / space["app_file"]).is_file()
    assert space["license"] == project()["license"].lower()
    assert len(space["short_description"]) <= 60
    colours = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
    assert {space["colorFrom"], space["colorTo"]} <= colours


def test_a_space_loads_the_default_network_while_it_is_built(space):
    from demo import DEFAULT_MODEL
    from hub.presets import read_presets

    preset = read_presets()[DEFAULT_MODEL]
    assert space["preload_from_hub"] == [f"{preset.repo} {preset.file} {preset.revision}"]
    assert space["models"] == [preset.repo]


def test_what_a_space_needs_is_tracked_and_small():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no clone of the repository")
    tracked = set(filter(None, listed.stdout.split("\0")))
    assert {"demo.py", "requirements.txt", "README.md", "hub/presets.toml", "hub/samples.toml"} <= tracked
    starter = {str(each.relative_to(ROOT)) for each in (ROOT / "hub" / "starter").iterdir() if each.is_file()}
    assert starter <= tracked
    sizes = {name: (ROOT / name).stat().st_size for name in tracked if (ROOT / name).is_file()}
    assert sum(sizes.values()) < 60_000_000
    # but for the starter's weights: what git, and a visitor's browser, take without a thought
    assert {name for name, size in sizes.items() if size > 1_000_000} <= {
        "hub/starter/model.safetensors",
        "hub/lite0/model.keras",
    }
