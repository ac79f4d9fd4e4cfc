"""About the house itself: what may import what, and what has to be kept equal."""

import ast
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("hub", "cxr", "explainers", "explainers.page", "demo")
HEAVY = {
    "tensorflow": ("cxr.network", "cxr.engine.on_tensorflow", "cxr.training.devices"),
    "keras": ("cxr.quiet_import", "cxr.network", "cxr.densenet", "cxr.training", "cxr.planted_network"),
    "gradio": ("explainers.page",),
}


def modules() -> dict[str, Path]:
    """Every module of the project by its dotted name."""
    files = [ROOT / "demo.py", *(f for room in ("hub", "cxr", "explainers") for f in (ROOT / room).rglob("*.py"))]
    names = {}
    for file in files:
        parts = file.relative_to(ROOT).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return names


def imports(file: Path) -> set[str]:
    """Absolute names that a file imports anywhere in it, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import; the project imports by absolute name"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def inside(name: str, room: str) -> bool:
    return name == room or name.startswith(room + ".")


def room_of(name: str) -> int:
    """Place of a module in the order in which imports may run; -1 outside the project."""
    return max((i for i, room in enumerate(ROOMS) if inside(name, room)), default=-1)


@pytest.mark.parametrize("name", sorted(modules()))
def test_imports_run_from_hub_to_the_page_and_never_back(name):
    later = {other for other in imports(modules()[name]) if room_of(other) > room_of(name)}
    assert not later


@pytest.mark.parametrize("name", sorted(modules()))
def test_tensorflow_and_gradio_stay_behind_their_borders(name):
    used = {other.split(".")[0] for other in imports(modules()[name])} & set(HEAVY)
    assert all(any(inside(name, home) for home in HEAVY[heavy]) for heavy in used), used


def test_no_module_is_named_after_nothing():
    assert not {name for name in modules() if name.rsplit(".", 1)[-1] in {"utils", "helpers", "common"}}


@pytest.mark.parametrize("package", ["hub", "cxr", "explainers"])
def test_public_names_are_sorted_complete_and_importable(package):
    module = __import__(package)
    assert module.__all__ == sorted(module.__all__)
    assert all(getattr(module, name).__module__.startswith(package) or name == "hookimpl" for name in module.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = module.nothing


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
    assert {name for name, size in sizes.items() if size > 1_000_000} <= {"hub/starter/model.safetensors"}
