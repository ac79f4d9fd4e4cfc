"""A measure is one file: without it everything else imports and works, and nothing names it."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import explainers

ROOT = Path(explainers.__file__).parent
MEASURES = sorted(file.stem for file in (ROOT / "measures").glob("*.py") if file.stem != "__init__")

IMPORT_ALL = """
import importlib, pathlib, pkgutil, sys

copy = pathlib.Path(sys.argv[1])
sys.path[:0] = [str(copy), sys.argv[2]]

def import_all():
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
    assert explainers.__file__.startswith(str(copy)), explainers.__file__
    return ",".join(registry.measures), [str(each) for each in registry.failures]

for name in sys.argv[3:]:
    file = copy / "explainers" / "measures" / (name + ".py")
    text = file.read_text(encoding="utf-8")
    file.unlink()
    for module in [each for each in sys.modules if each.partition(".")[0] == "explainers"]:
        del sys.modules[module]
    importlib.invalidate_caches()
    try:
        print(name, *import_all())
    except BaseException as error:
        print(name, type(error).__name__, error)
    file.write_text(text, encoding="utf-8")
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


def test_everything_else_imports_without_the_file_of_a_measure(tmp_path):
    """One process for all: our modules are imported again for each, other packages once."""
    shutil.copytree(ROOT, tmp_path / "explainers", ignore=shutil.ignore_patterns("page", "__pycache__"))
    words = [sys.executable, "-B", "-c", IMPORT_ALL, str(tmp_path), str(ROOT.parent), *MEASURES]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    others = {name: ",".join(each for each in MEASURES if each != name) for name in MEASURES}
    assert done.stdout.splitlines() == [f"{name} {others[name]} []" for name in MEASURES]
