"""Writes the project of a new explainer or network: installable, with a test that passes."""

import keyword
import re
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Literal

from explainers.errors import OptionError

FILES = {
    "pyproject.toml": "pyproject.toml.txt",
    "{name}.py": "{kind}.py.txt",
    "tests/test_{name}.py": "test_{kind}.py.txt",
    "README.md": "README_{kind}.md.txt",
}
"""Where each template goes, for each kind of plugin."""


def new_project(name: str, directory: str | Path = ".", *, kind: Literal["explainer", "network"] = "explainer") -> Path:
    """Write the project `directory/cxr-lens-NAME`; its folder. Raises OptionError for an impossible name or place.

    The folder's name can't be imported, so that it never hides the installed module NAME from a Python that is started
    beside it.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,39}", name) or keyword.iskeyword(name):
        raise OptionError(f"{name!r} can't name a plugin.", "Use snake case, such as 'input_times_gradient'.")
    folder = Path(directory) / f"cxr-lens-{name.replace('_', '-')}"
    if folder.exists():
        raise OptionError(f"There is already something at {folder.name!r}.", "Choose another name, or another folder.")
    words = {
        "name": name,
        "kind": f"{'an' if kind == 'explainer' else 'a'} {kind}",
        "dashed": name.replace("_", "-"),
        "camel": "".join(word.capitalize() for word in name.split("_")),
        "title": name.replace("_", " ").strip().capitalize(),
    }
    for place, template in FILES.items():
        target = folder / place.format(name=name)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = files("explainers.kit").joinpath("template", template.format(kind=kind)).read_text(encoding="utf-8")
        target.write_text(Template(text).substitute(words), encoding="utf-8")
    return folder
