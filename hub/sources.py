"""What a source string means: `starter`, a local path, or `org/name[@revision]` on the Hugging Face Hub."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hub.config import read_config
from hub.errors import CheckpointError, SourceError
from hub.files import check_sha256, read_json

STARTER = "starter"
STARTER_DIRECTORY = Path(__file__).resolve().parent / "starter"
ORIGINAL_WEIGHTS = "pretrained_model.h5"
ORIGINAL_BACKBONE = "densenet.hdf5"
REPO = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")


@dataclass(frozen=True)
class Resolved:
    """A verified local checkpoint directory.

    source     the string that was asked for
    name       what people call it
    directory  where its files lie
    config     contents of `config.json`, or what stands in for it where the layout has none
    revision   commit on the Hub, None for local files
    sha256     of the weights' file
    notes      sentences for people, such as why something else than the source is used
    """

    source: str
    name: str
    directory: Path
    config: Mapping
    revision: str | None = None
    sha256: str | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def shown(self) -> str:
        """The source as results may state it: of a local directory only its name, since a path may tell too much."""
        return self.source if self.source == STARTER or self.revision else self.directory.resolve().name


def resolve(source: str, *, fallback: bool = False) -> Resolved:
    """The local, verified directory that a source string stands for.

    With `fallback`, a source that can't be had gives the packaged starter, and `notes` says why; without it,
    SourceError (nothing there under that name, or the Hub can't be reached) or CheckpointError (its files are not
    what they should be) is raised.
    """
    try:
        return _resolve(source)
    except (SourceError, CheckpointError) as error:
        if not fallback or source == STARTER:
            raise
        note = f"{source!r} could not be loaded, so the packaged starter is in use. {error}"
        return open_directory(STARTER_DIRECTORY, source=STARTER, notes=(note,))


def _resolve(source: str) -> Resolved:
    if not source or not isinstance(source, str):
        raise SourceError("A source must be named.", _forms())
    if source == STARTER:
        return open_directory(STARTER_DIRECTORY, source=STARTER)
    if Path(source).expanduser().is_dir():
        return open_directory(Path(source).expanduser(), source=source)
    if match := REPO.fullmatch(source):
        from hub.download import download

        directory, revision = download(match["repo"], match["revision"])
        return open_directory(directory, source=source, revision=revision)
    raise SourceError(f"There is no checkpoint {source!r}.", _forms())


def _forms() -> str:
    return "Give 'starter', a folder with a checkpoint in it, or 'org/name[@revision]' on the Hugging Face Hub."


def open_directory(
    directory: Path, *, source: str, revision: str | None = None, notes: tuple[str, ...] = ()
) -> Resolved:
    """A checkpoint directory with its configuration read and its sha256 checked where the configuration states one."""
    if (directory / "config.json").is_file():
        config = read_config(directory)
    elif (directory / ORIGINAL_WEIGHTS).is_file():
        config = original_config(directory)
    else:
        raise CheckpointError(
            f"{directory.name!r} holds no checkpoint.", f"Expected config.json with its weights, or {ORIGINAL_WEIGHTS}."
        )
    weights = directory / config["weights"]["file"]
    if not weights.is_file():
        raise CheckpointError(f"The checkpoint's weights {weights.name!r} are missing.")
    expected = config["weights"].get("sha256")
    sha256 = check_sha256(weights, expected) if expected else None
    name = config.get("name") or directory.resolve().name
    return Resolved(source, name, directory, config, revision, sha256, notes)


def original_config(directory: Path) -> dict:
    """The configuration of the original application's directory, which has none: its rule, and its labels' order."""
    config = {
        "format": 1,
        "name": directory.resolve().name,
        "architecture": "densenet121",
        "head": [],
        "input": {"rule": "original", "size": 224},
        "weights": {"file": ORIGINAL_WEIGHTS, "layout": "keras2"},
    }
    if (directory / "labels.json").is_file():
        labels = read_json(directory / "labels.json")
        if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
            raise CheckpointError("labels.json is not a list of names.")
        config["labels"] = labels
    return config
