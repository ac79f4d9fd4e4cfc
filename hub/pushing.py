"""Uploading to the Hugging Face Hub in one commit: a checkpoint's folder, checked first, or a data set's files."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import httpx2
from huggingface_hub import CommitOperationAdd, HfApi, constants
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

from hub.config import companions
from hub.directory import CONFIG, open_directory
from hub.errors import CheckpointError, SourceError
from hub.verifying import verify

CARD = "README.md"


def push(directory: Path, repo: str, *, private: bool = False, message: str = "") -> str:
    """Upload a native checkpoint's config, weights, companion files and card to a model repository.

    The repository is created if it does not exist. Returns the commit's address. Raises CheckpointError for a folder
    that `verify` refuses, and SourceError for what the Hub refuses; nothing is sent in the first case.
    """
    check_repo(repo)
    if not (directory / CONFIG).is_file():
        raise CheckpointError(f"{directory.name!r} has no {CONFIG}.", "Only native checkpoints are pushed.")
    resolved = open_directory(directory, source=str(directory))
    list(verify(resolved))
    needed = [CONFIG, resolved.config["weights"]["file"]]
    beside = [name for name in (*companions(resolved.config), CARD) if (directory / name).is_file()]
    names = [*needed, *beside]
    operations = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=directory / name) for name in names]
    return _commit(repo, "model", operations, private=private, message=message or f"Checkpoint {resolved.name}")


def push_dataset(files: Mapping[str, bytes | Path], repo: str, *, private: bool = True, message: str = "") -> str:
    """Upload files, {name there: content or file}, to a data set's repository; returns the commit's address.

    The repository is created if it does not exist. Raises SourceError for a name that is none, and for what the Hub
    refuses.
    """
    check_repo(repo)
    operations = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=content) for name, content in files.items()]
    return _commit(repo, "dataset", operations, private=private, message=message or "Results of a data set")


def check_repo(repo: str) -> str:
    """The name, if it is one of a repository; SourceError otherwise."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repo):
        raise SourceError(f"{repo!r} is not a repository's name.", "Give it as ORG/NAME.")
    return repo


def _commit(
    repo: str,
    kind: Literal["model", "dataset"],
    operations: Sequence[CommitOperationAdd],
    *,
    private: bool,
    message: str,
) -> str:
    api = HfApi(endpoint=constants.ENDPOINT)
    try:
        api.create_repo(repo, repo_type=kind, private=private, exist_ok=True)
        done = api.create_commit(repo, list(operations), repo_type=kind, commit_message=message)
    except HfHubHTTPError as error:
        raise SourceError(
            f"The Hub refused to take {repo}: {error.response.status_code}.", "Set HF_TOKEN to a token that may write."
        ) from error
    except (httpx2.HTTPError, OfflineModeIsEnabled) as error:
        raise SourceError(f"The Hub could not be reached ({type(error).__name__}).", "Nothing was changed.") from error
    return str(done.commit_url)
