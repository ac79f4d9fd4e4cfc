"""Downloading a checkpoint from the Hub into a verified local directory, with as few requests as possible.

A pinned commit whose files are in the cache needs no request. Weights must have the sha256 that the preset or the
configuration states, the one that the Hub states, and the one that they had at the first download.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from hub.config import companions, read_config
from hub.directory import CONFIG, ORIGINAL_EXTRAS, ORIGINAL_WEIGHTS, Resolved, open_directory, original_config
from hub.download import discard, fetch, in_cache, look_up
from hub.errors import CheckpointError
from hub.files import sha256_of
from hub.pins import Pins
from hub.presets import Preset
from hub.repository import Progress, RemoteFile, Repository

LARGE_BYTES = 1 << 20
"""Progress is reported for files from this size on."""

Get = Callable[[str], Path | None]
"""Gets a file of the repository by its path there; None if it is not available."""


class Pulled(NamedTuple):
    """Weights with their configuration, and the weights' path in the repository."""

    weights: Path
    config: Mapping
    path: str


def pull(
    source: str, repository: Repository, *, preset: Preset | None = None, progress: Progress | None = None
) -> Resolved:
    """The checkpoint of a repository, or a preset's file in one; no request is made if the cache has everything.

    Raises SourceError if it can't be downloaded, and CheckpointError if its files are wrong.
    """
    commit = repository.revision if repository.pinned else _recorded_commit(repository, preset)
    if commit and (there := _gathered(_cached(repository, commit), repository, preset)):
        return _verified(source, repository, commit, there, listed={}, preset=preset)
    if progress:
        progress(0.0)
    asked = repository if commit is None else Repository(repository.name, repository.kind, commit)
    listing = look_up(asked)

    def get(file: str) -> Path | None:
        if file not in listing.files:
            return None
        remote = listing.files[file]
        reported = progress if (remote.size or 0) >= LARGE_BYTES else None
        return fetch(repository, listing.commit, file, listed=remote, progress=reported)

    there = _gathered(get, repository, preset)
    if there is None:
        expected = preset.file if preset else f"{CONFIG} with its weights, or {ORIGINAL_WEIGHTS}"
        raise CheckpointError(f"{repository.name} holds no checkpoint.", f"Expected {expected}.")
    return _verified(source, repository, listing.commit, there, listed=listing.files, preset=preset)


def last_good(source: str, repository: Repository, *, preset: Preset | None = None) -> Resolved | None:
    """The checkpoint as last downloaded completely, from the cache alone; None if it is not there."""
    commit = repository.revision if repository.pinned else Pins().commit(_branch(repository))
    if commit is None:
        return None
    there = _gathered(_cached(repository, commit), repository, preset)
    return _verified(source, repository, commit, there, listed={}, preset=preset) if there else None


def _recorded_commit(repository: Repository, preset: Preset | None) -> str | None:
    """For a preset without a commit, that of its first download. Other branches are looked up each time."""
    return Pins().commit(_branch(repository)) if preset else None


def _branch(repository: Repository) -> str:
    return f"{repository.key}@{repository.revision or 'main'}"


def _cached(repository: Repository, commit: str) -> Get:
    return lambda file: in_cache(repository, commit, file)


def _gathered(get: Get, repository: Repository, preset: Preset | None) -> Pulled | None:
    """The checkpoint's files, small ones first; None if a needed one is not available."""
    if preset:
        weights = get(preset.file)
        return Pulled(weights, preset.config(), preset.file) if weights else None
    if described := get(CONFIG):
        config = read_config(described.parent)
        for companion in companions(config):
            get(companion)
        weights = get(config["weights"]["file"])
        return Pulled(weights, config, config["weights"]["file"]) if weights else None
    if weights := get(ORIGINAL_WEIGHTS):
        for extra in ORIGINAL_EXTRAS:
            get(extra)
        config = original_config(weights.parent, name=repository.name.split("/")[-1])
        return Pulled(weights, config, ORIGINAL_WEIGHTS)
    return None


def _verified(
    source: str,
    repository: Repository,
    commit: str,
    pulled: Pulled,
    *,
    listed: Mapping[str, RemoteFile],
    preset: Preset | None,
) -> Resolved:
    """The directory, if its weights' sha256 equals every stated one; the sha256 is then recorded."""
    pins, key = Pins(), f"{repository.key}@{commit}/{pulled.path}"
    found = sha256_of(pulled.weights)
    remote = listed.get(pulled.path)
    stated = {
        "the preset states" if preset else "its config.json states": pulled.config["weights"].get("sha256"),
        "the Hub states": remote.sha256 if remote else None,
        "it had when it was first pulled": pins.sha256(key),
    }
    for who, expected in stated.items():
        if expected and expected.lower() != found:
            discard(pulled.weights)
            raise CheckpointError(
                f"{pulled.weights.name} of {repository.name} has the sha256 {found}, not {expected}, which {who}.",
                "The file was deleted and not loaded. Pull again, or tell the file's owner.",
            )
    pins.record(commits={_branch(repository): commit}, sha256={key: found})
    name = repository.name.split("/")[-1]
    return open_directory(pulled.weights.parent, source=source, name=name, revision=commit, config=pulled.config)
