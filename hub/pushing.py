"""Uploading a checkpoint's folder to the Hugging Face Hub: checked first, then sent in one commit."""

import re
from pathlib import Path

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
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repo):
        raise SourceError(f"{repo!r} is not a repository's name.", "Give it as ORG/NAME.")
    if not (directory / CONFIG).is_file():
        raise CheckpointError(f"{directory.name!r} has no {CONFIG}.", "Only native checkpoints are pushed.")
    resolved = open_directory(directory, source=str(directory))
    list(verify(resolved))
    needed = [CONFIG, resolved.config["weights"]["file"]]
    beside = [name for name in (*companions(resolved.config), CARD) if (directory / name).is_file()]
    names = [*needed, *beside]
    operations = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=directory / name) for name in names]
    api = HfApi(endpoint=constants.ENDPOINT)
    try:
        api.create_repo(repo, private=private, exist_ok=True)
        done = api.create_commit(repo, operations, commit_message=message or f"Checkpoint {resolved.name}")
    except HfHubHTTPError as error:
        raise SourceError(
            f"The Hub refused to take {repo}: {error.response.status_code}.", "Set HF_TOKEN to a token that may write."
        ) from error
    except (httpx2.HTTPError, OfflineModeIsEnabled) as error:
        raise SourceError(f"The Hub could not be reached ({type(error).__name__}).", "Nothing was changed.") from error
    return str(done.commit_url)
