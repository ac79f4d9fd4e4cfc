"""What a source string means: `starter`, `lite0`, a preset's name, a local path, or `org/name[@revision]` on the Hub.

A local path is a checkpoint's folder, or a whole Keras model's file.
"""

import logging
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hub.config import KERAS, read_config
from hub.directory import (
    HINTS,
    LAYOUT,
    NOT_READ,
    PACKAGED,
    STARTER,
    UNREAD,
    Resolved,
    described,
    kind_of,
    open_directory,
)
from hub.errors import CheckpointError, CxrLensError, SourceError, names_hint
from hub.keras_file import is_keras_file, keras_config, open_keras_file
from hub.presets import Preset, read_presets
from hub.repository import Progress, Repository

log = logging.getLogger(__name__)

STARTER_DIRECTORY = Path(__file__).resolve().parent / STARTER
REPO = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")

PLUGIN = re.compile(r"\.py(:\w+)?$")
PLUGIN_HINT = "The page and the commands of `python -m explainers`, such as explain and batch, run plugins' networks."
STATED_HINT = "Labels and input rule can be stated of a whole Keras model's file only."


def resolve(
    source: str | os.PathLike[str],
    *,
    fallback: bool = False,
    presets: Mapping[str, Preset] | None = None,
    progress: Progress | None = None,
    stated: Mapping[str, Any] | None = None,
) -> Resolved:
    """The local, verified directory of a checkpoint, from its source string. A `Path` names a local folder.

    presets   {name: preset} to accept; the packaged ones if None
    progress  called with the downloaded share, 0 to 1; with 0 before the Hub is asked, never for files in the cache
    stated    fields of a whole Keras model's description, which override those of its `cxr-lens.json`

    With `fallback`, a source that can't be loaded gives its last good copy in the cache, else the packaged starter.
    `notes` says why, and `requested` is the source string where the starter takes its place. Without `fallback`,
    raises SourceError (no such checkpoint, or the Hub can't be reached) or CheckpointError (its files are wrong).
    """
    if isinstance(source, os.PathLike):
        source = _path_of(source)
    presets = read_presets() if presets is None else presets
    try:
        return _resolve(source, presets, progress, stated or {})
    except (SourceError, CheckpointError) as error:
        if not fallback or source == STARTER:
            raise
        return _fallen_back(source, presets, error)


def configuration_of(
    source: str,
    *,
    presets: Mapping[str, Preset] | None = None,
    stated: Mapping[str, Any] | None = None,
) -> dict | None:
    """A checkpoint's configuration, read without its weights; None where it is on the Hub alone, or names no outputs.

    Raises CheckpointError for a configuration that can't be read. Arguments are those of `resolve`.
    """
    presets = read_presets() if presets is None else presets
    if source in PACKAGED:
        return read_config(STARTER_DIRECTORY.with_name(source))
    if source in presets:
        return presets[source].config()
    place = _local(source)
    if place is None:
        return None
    found = keras_config(place, stated) if place.is_file() else described(place, name=place.name)
    return found if "labels" in found or found["architecture"] != KERAS else None


def packaged(name: str, *, notes: tuple[str, ...] = ()) -> Resolved:
    """A checkpoint that comes with this package, one of PACKAGED."""
    return open_directory(STARTER_DIRECTORY.with_name(name), source=name, notes=notes)


def _path_of(source: os.PathLike[str]) -> str:
    """A path as a source string that names nothing else: a folder `starter` is not the packaged network."""
    return str(Path(source).expanduser().absolute())


def _resolve(
    source: str, presets: Mapping[str, Preset], progress: Progress | None, stated: Mapping[str, Any]
) -> Resolved:
    if not source or not isinstance(source, str):
        raise SourceError("No checkpoint was named.", _forms(presets))
    place = _local(source) if source not in (*PACKAGED, *presets) else None
    if place and place.is_file():
        return open_keras_file(place, source=source, stated=stated)
    if stated:
        _refuse_stated(source, place)
    if source in PACKAGED:
        return packaged(source)
    if place:
        return open_directory(place, source=source)
    if PLUGIN.search(source):
        raise SourceError(f"{Path(source).name!r} is a plugin's file, and checkpoints are expected here.", PLUGIN_HINT)
    found = on_hub(source, presets)
    if found is None:
        _refuse_other_file(source)
        raise SourceError(f"There is no checkpoint {source!r}.", _forms(presets, source))
    repository, preset = found
    from hub.pulling import pull  # huggingface_hub takes a second to import

    return pull(source, repository, preset=preset, progress=progress)


def _refuse_stated(source: str, place: Path | None) -> None:
    """Labels and input rule do not fit this source: it describes itself, or can't be read at all."""
    if place:
        described(place, name=place.name)
    else:
        _refuse_other_file(source)
    raise SourceError(f"{source!r} describes itself.", STATED_HINT)


def _refuse_other_file(source: str) -> None:
    """Raises SourceError for a single file of another program, which says what it is."""
    file = Path(source)
    if (kind := kind_of(file)) and _is_file(file):
        raise SourceError(
            f"{file.name!r} is {kind}, {NOT_READ if file.suffix in UNREAD else 'and no checkpoint by itself'}.",
            HINTS.get(file.suffix, f"docs/checkpoints.md says which folder it belongs to, with {LAYOUT}."),
        )


def _is_file(file: Path) -> bool:
    try:
        return file.expanduser().is_file()
    except (RuntimeError, ValueError, OSError):
        return False


def _local(source: str) -> Path | None:
    """The local folder of that path, or the Keras model's file, if there is one."""
    try:
        place = Path(source).expanduser()
        return place if place.is_dir() or is_keras_file(place) else None
    except (RuntimeError, ValueError, OSError):  # ~ of an unknown user, a null character, a name that is too long
        return None


def on_hub(source: str, presets: Mapping[str, Preset]) -> tuple[Repository, Preset | None] | None:
    """(repository, preset or None) that a source names; None for a source that is not on the Hub."""
    if preset := presets.get(source):
        if preset.disabled:
            raise SourceError(f"The preset {source!r} can't be used yet: {preset.disabled}.")
        return Repository(preset.repo, preset.repo_type, preset.revision), preset
    if match := REPO.fullmatch(source):
        return Repository(match["repo"], "model", match["revision"]), None
    return None


def _fallen_back(source: str, presets: Mapping[str, Preset], error: CxrLensError) -> Resolved:
    """The last good copy in the cache, else the starter, with the reason."""
    found = on_hub(source, presets) if not getattr(presets.get(source), "disabled", "") else None
    if found:
        from hub.pulling import last_good

        try:
            cached = last_good(source, found[0], preset=found[1])
        except CheckpointError:  # the cached copy is damaged too; the note gives the first error
            cached = None
        if cached:
            note = f"{source!r} could not be updated, so the copy in the cache is in use. {error.sentence}"
            log.warning(note)
            return replace(cached, notes=(note,))
    note = f"{source!r} could not be loaded, so the packaged starter is in use. {error.sentence}"
    log.warning(note)
    return replace(packaged(STARTER, notes=(note,)), requested=source)


def _forms(presets: Mapping[str, Preset], source: str = "") -> str:
    known = [*PACKAGED, *(name for name, preset in presets.items() if not preset.disabled)]
    return (
        f"{names_hint(source, known)} Or give a folder with a checkpoint in it, a Keras model's file (.keras or .h5), "
        "or 'org/name[@revision]' on the Hub."
    )
