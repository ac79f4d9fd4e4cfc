"""A measure is one file: without it everything else imports and works, and nothing names it."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import explainers

ROOT = Path(explainers.__file__).parent
MEASURES = sorted(file.stem for file in (ROOT / "measures").glob("*.py") if file.stem != "__init__")

IMPORT_ALL = """
import importlib, pkgutil, sys
import explainers
modules = pkgutil.walk_packages(explainers.__path__, "explainers.", onerror=lambda name: None)
names = [each.name for each in modules if ".page" not in each.name and not each.name.endswith("__main__")]
for name in names:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:  # an extra's package may be missing, never one of ours
        assert error.name.partition(".")[0] not in ("explainers", "cxr", "hub"), error
import explainers.__main__
registry = explainers.Registry.standard()
assert explainers.__file__.startswith(sys.argv[1]), explainers.__file__
print(",".join(registry.measures), [str(each) for each in registry.failures])
"""


def imported(file: Path) -> set[str]:
    """Modules that a file imports, anywhere in it."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    names = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return names | {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}


def test_no_module_imports_a_measure():
    users = {str(file.relative_to(ROOT)): imported(file) for file in ROOT.rglob("*.py")}
    assert not {name: {each for each in used if each.startswith("explainers.measures.")} for name, used in users.items()
                if any(each.startswith("explainers.measures.") for each in used)}  # fmt: skip


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the package without the page."""
    place = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT, place / "explainers", ignore=shutil.ignore_patterns("page", "__pycache__"))
    return place


@pytest.mark.parametrize("name", MEASURES)
def test_everything_else_imports_without_the_file_of_a_measure(copy, name):
    file = copy / "explainers" / "measures" / f"{name}.py"
    text = file.read_text(encoding="utf-8")
    file.unlink()
    code = f"import sys\nsys.path[:0] = [{str(copy)!r}, {str(ROOT.parent)!r}]{IMPORT_ALL}"
    try:
        done = subprocess.run([sys.executable, "-B", "-c", code, str(copy)], capture_output=True, text=True, cwd=copy)
    finally:
        file.write_text(text, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [",".join(each for each in MEASURES if each != name), "[]"]
