"""Networks with a short name: `presets.toml` beside this file, and an operator's own file of the same form."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from hub.config import ARCHITECTURE, FORMAT, check_config, label_name
from hub.directory import PACKAGED
from hub.errors import CheckpointError, SourceError

PRESETS_FILE = Path(__file__).with_name("presets.toml")
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
REPO = re.compile(r"[\w.-]+/[\w.-]+")
KINDS = ("model", "space")
NEEDED = {"repo", "file", "layout", "labels", "input"}
LISTS = ("labels", "head", "operating_points")
TEXTS = ("repo", "file", "layout", "title", "license", "certainty", "disabled")
POINT_RULE = "operating point stated by the network's authors"


@dataclass(frozen=True)
class Preset:
    """One network on the Hub, with what its file of weights does not state.

    revision    full commit, or None: the main branch's commit at the first download is used from then on
    file        path of the weights in the repository
    sha256      of that file, or None: the hash of the first download is used from then on
    reported    {"mean_auc", "data", "source"} as published; not measured here
    certainty   how these values are known
    disabled    why it can't be used, "" if it can
    """

    name: str
    repo: str
    file: str
    layout: str
    labels: tuple[str, ...]
    input: Mapping
    title: str = ""
    repo_type: str = "model"
    revision: str | None = None
    size: int | None = None
    sha256: str | None = None
    prefix: str | None = None
    epsilon: float | None = None
    final_relu: bool = True
    head: tuple[int, ...] = ()
    operating_points: tuple[float, ...] = ()
    license: str = ""
    reported: Mapping = field(default_factory=dict)
    certainty: str = ""
    disabled: str = ""

    def config(self) -> dict:
        """The equivalent of a `config.json`, checked."""
        weights = {"file": PurePosixPath(self.file).name, "layout": self.layout, "sha256": self.sha256}
        weights |= {key: value for key in ("prefix", "epsilon") if (value := getattr(self, key)) is not None}
        points = zip(map(label_name, self.labels), self.operating_points, strict=False)
        return check_config(
            {
                "format": FORMAT,
                "name": self.name,
                "description": self.certainty,
                "license": self.license,
                "architecture": ARCHITECTURE,
                "final_relu": self.final_relu,
                "head": list(self.head),
                "labels": list(self.labels),
                "input": dict(self.input),
                "weights": weights,
                "thresholds": {label: {"score": point, "rule": POINT_RULE} for label, point in points if label},
                "reported": dict(self.reported),
            }
        )


def read_presets(*files: Path) -> dict[str, Preset]:
    """{name: preset} of the packaged file and of further ones, whose presets replace earlier ones of the same name.

    Raises SourceError, naming file, preset and field, for an invalid value.
    """
    presets: dict[str, Preset] = {}
    for file in (PRESETS_FILE, *files):
        presets |= _read(Path(file))
    return presets


def _read(file: Path) -> dict[str, Preset]:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SourceError(f"{file.name} can't be read as presets: {error}.") from error
    return {name: _preset(file.name, name, table) for name, table in tables.items()}


def _preset(file: str, name: str, table: Any) -> Preset:
    def require(holds: bool, what: str) -> None:
        if not holds:
            raise SourceError(f"{file}: [{name}] {what}.")

    require(bool(NAME.fullmatch(name)) and name not in PACKAGED, "is not a valid name for a preset")
    require(isinstance(table, dict), "is not a table")
    fields = set(Preset.__dataclass_fields__) - {"name"}
    foreign, lacking = (
        sorted(table.keys() - fields),
        sorted({"repo", "file", "layout", "labels", "input"} - table.keys()),
    )
    require(not foreign, f"has the field {foreign[:1]}, which is not a field of a preset")
    require(not lacking, f"lacks {', '.join(lacking)}")
    for text in TEXTS:
        require(isinstance(table.get(text, ""), str), f"has {text!r} that is not text")
    require(bool(REPO.fullmatch(table["repo"])), "has a 'repo' that is not of the form org/name")
    require(table.get("repo_type", "model") in KINDS, f"has a 'repo_type' besides {', '.join(KINDS)}")
    revision = table.get("revision")
    require(
        revision is None or bool(re.fullmatch("[0-9a-f]{40}", str(revision))),
        "has a 'revision' that is not a full commit",
    )
    path = PurePosixPath(table["file"])
    require(
        bool(path.name) and not path.is_absolute() and ".." not in path.parts, "has a 'file' outside its repository"
    )
    for many in LISTS:
        require(isinstance(table.get(many, []), list), f"has {many!r} that is not a list")
    numbers = [table.get("size", 0), table.get("epsilon", 0), *table.get("operating_points", ())]
    require(
        all(isinstance(each, int | float) and each >= 0 for each in numbers),
        "has a number that is negative or not a number",
    )
    lists = {each: tuple(table[each]) for each in LISTS if each in table}
    preset = Preset(name=name, **(table | lists))
    try:
        preset.config()
    except CheckpointError as error:
        raise SourceError(f"{file}: [{name}] {str(error).removeprefix('config.json: ')}") from error
    return preset
