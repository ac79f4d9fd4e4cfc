"""About the house itself: what may import what, how long files are, and which words are avoided."""

import ast
import functools
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("hub", "cxr", "explainers", "explainers.page", "demo")
HEAVY = {
    "tensorflow": ("cxr.network", "cxr.engine.on_tensorflow", "cxr.training.devices"),
    "keras": (
        "cxr.quiet_import",
        "cxr.network",
        "cxr.keras_models",
        "cxr.densenet",
        "cxr.training",
        "cxr.planted_network",
    ),
    "gradio": ("explainers.page",),
}


@functools.cache
def modules() -> dict[str, Path]:
    """Every module of the project by its dotted name."""
    files = [ROOT / "demo.py", *(f for room in ("hub", "cxr", "explainers") for f in (ROOT / room).rglob("*.py"))]
    names = {}
    for file in files:
        parts = file.relative_to(ROOT).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return names


@functools.cache
def parsed(file: Path) -> ast.Module:
    """The syntax tree of a file, which several tests look at."""
    return ast.parse(file.read_text(encoding="utf-8"))


@functools.cache
def imports(file: Path) -> set[str]:
    """Absolute names that a file imports anywhere in it: inside functions, and for the type checker alone, too."""
    found: set[str] = set()
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import; the project imports by absolute name"
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def inside(name: str, room: str) -> bool:
    return name == room or name.startswith(room + ".")


def room_of(name: str) -> int:
    """Place of a module in the order in which imports may run; -1 outside the project."""
    return max((i for i, room in enumerate(ROOMS) if inside(name, room)), default=-1)


def test_imports_run_from_hub_to_the_page_and_never_back():
    back = {
        name: later
        for name, file in modules().items()
        if (later := {other for other in imports(file) if room_of(other) > room_of(name)})
    }
    assert not back


def test_tensorflow_and_gradio_stay_behind_their_borders():
    outside = {
        (name, heavy)
        for name, file in modules().items()
        for heavy in {other.split(".")[0] for other in imports(file)} & set(HEAVY)
        if not any(inside(name, home) for home in HEAVY[heavy])
    }
    assert not outside


def graph() -> dict[str, set[str]]:
    """Which modules each module imports, without the packages that it is part of."""
    known = modules()
    return {
        name: {other for other in imports(file) if other in known and not inside(name, other)}
        for name, file in known.items()
    }


def circle_in(edges: dict[str, set[str]]) -> list[str]:
    """The names of one circle in order, the first one again at the end; empty if there is none."""
    done: set[str] = set()

    def search(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for other in sorted(edges[name]):
            if found := search(other, [*path, name]):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(edges) if (found := search(name, []))), [])


def test_a_circle_is_found_and_named():
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle_in({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_no_module_imports_itself_in_a_circle():
    circle = circle_in(graph())
    assert not circle, " -> ".join(circle)


def room(name: str) -> str:
    """The folder of a module, such as `cxr.engine`; of the page, each of its folders."""
    folder = modules()[name].relative_to(ROOT).parts[:-1]
    return ".".join(folder[: 3 if folder[:2] == ("explainers", "page") else 2]) or name


def rooms() -> dict[str, set[str]]:
    """Which rooms each room imports."""
    known = {name: room(name) for name in modules()}
    found: dict[str, set[str]] = {each: set() for each in known.values()}
    for name, others in graph().items():
        found[known[name]] |= {known[other] for other in others} - {known[name]}
    return found


def test_rooms_beside_each_other_import_in_no_circle():
    """A drawing of the house: `-s -k rooms` prints which room imports which.

    A package's own modules, such as `cxr.errors`, stand above and below its folders, so they are left out here; no
    module of theirs is part of a circle either.
    """
    drawn = rooms()
    for name, others in sorted(drawn.items()):
        print(f"{name:26} {', '.join(sorted(others))}")
    packages = {name for name in drawn if any(inside(other, name) and other != name for other in drawn)}
    circle = circle_in({name: others - packages for name, others in drawn.items() if name not in packages})
    assert not circle, " -> ".join(circle)


LONGEST = {".py": 300, ".js": 250, ".mjs": 250, ".css": 250}
"""Most lines of a file, tests and examples included."""

LONGEST_FUNCTION = 60
"""Most lines of a function without its docstring: a screen."""


def lines_of_files() -> dict[str, int]:
    """{path: lines} of all code, tests and examples."""
    folders = ("hub", "cxr", "explainers", "tests", "examples")
    files = [each for folder in folders for each in (ROOT / folder).rglob("*")]
    files = [ROOT / "demo.py", *(each for each in files if each.suffix in LONGEST)]
    return {str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines()) for file in files}


def lines_of_functions() -> dict[str, int]:
    """{module.function: lines without the docstring}."""
    return {
        f"{name}.{node.name}": lines_without_docstring(node)
        for name, file in modules().items()
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def lines_without_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = function.body[0]
    docstring = first.end_lineno - first.lineno + 1 if ast.get_docstring(function) is not None else 0
    return function.end_lineno - function.lineno + 1 - docstring


def test_the_longest_files_and_functions_are_short():
    """`-s -k longest` prints the ten longest of both."""
    of_files, of_functions = lines_of_files(), lines_of_functions()
    for title, lines in (("files", of_files), ("functions", of_functions)):
        print(f"longest {title}:")
        for name, count in sorted(lines.items(), key=lambda item: -item[1])[:10]:
            print(f"{count:6} {name}")
    files = {name for name, count in of_files.items() if count > LONGEST[Path(name).suffix]}
    functions = {name for name, count in of_functions.items() if count > LONGEST_FUNCTION}
    assert (files, functions) == (set(), set())


NOT_ON_WINDOWS = {
    "os": {"chown", "fork", "getegid", "geteuid", "getgid", "getuid", "getpgid", "killpg", "mkfifo", "nice", "setpgid",
           "sched_getaffinity", "sched_setaffinity", "setpriority", "setsid", "setuid", "statvfs", "uname", "wait4"},
    "signal": {"SIGALRM", "SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "alarm", "pause", "setitimer"},
}  # fmt: skip
"""Names that Windows lacks."""


UNIX_MODULES = {"fcntl", "grp", "pwd", "resource", "syslog", "termios", "tty"}
GUARDS = ("os.name", "sys.platform", "hasattr(os")


def unguarded(source: str) -> set[str]:
    """Names that Windows lacks, used in a function or at the top without a look at the system."""
    tree = ast.parse(source)
    scopes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    scopes += [
        node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    return {
        name
        for scope in scopes
        for name in names_of_unix(scope)
        if not any(guard in (ast.get_source_segment(source, scope) or "") for guard in GUARDS)
    }


def names_of_unix(scope: ast.AST) -> Iterator[str]:
    for node in ast.walk(scope):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in NOT_ON_WINDOWS.get(node.value.id, ()):
                yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.Import):
            yield from UNIX_MODULES & {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module in UNIX_MODULES:
            yield node.module


def test_what_windows_lacks_is_found_unless_the_system_is_asked():
    assert unguarded("import os\ndef f():\n    return os.getuid()") == {"os.getuid"}
    assert unguarded("import fcntl") == {"fcntl"}
    assert not unguarded("import os\ndef f():\n    return os.getuid() if os.name == 'posix' else 0")
    assert not unguarded("import os\nif os.name == 'posix':\n    import fcntl")


def test_nothing_that_windows_lacks_is_used_there():
    found = {name: names for name, file in modules().items() if (names := unguarded(file.read_text(encoding="utf-8")))}
    assert not found


def test_no_module_is_named_after_nothing():
    assert not {name for name in modules() if name.rsplit(".", 1)[-1] in {"utils", "helpers", "common"}}


UNCLEAR = re.compile(
    r"\b(strangers?|afresh|anew|put away|of ours|gone on|hangs on|laid out|untold|(?<!dis)belief|"
    r"backend of the day|doors?|desks?)\b",
    re.IGNORECASE,
)
"""Metaphors for rooms, and old-fashioned phrases: none of them is needed to describe a program."""


def sentences(file: Path) -> Iterator[str]:
    """Docstrings, texts with a space in them, and comments of a file."""
    source = file.read_text(encoding="utf-8")
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def test_sentences_have_no_words_that_are_read_twice():
    found = {(name, word[0]) for name, file in modules().items() for text in sentences(file)
             if (word := UNCLEAR.search(text))}  # fmt: skip
    assert not found


@pytest.mark.parametrize("package", ["hub", "cxr", "explainers"])
def test_public_names_are_sorted_complete_and_importable(package):
    module = __import__(package)
    assert module.__all__ == sorted(module.__all__)
    assert all(getattr(module, name).__module__.startswith(package) or name == "hookimpl" for name in module.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = module.nothing
