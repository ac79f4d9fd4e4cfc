"""A repository on the Hugging Face Hub, to a local directory, through huggingface_hub and its cache.

huggingface_hub retries an unreachable Hub for some 23 seconds; here it is asked once, within `DEADLINE_S`, before
anything is downloaded. A full commit hash whose files are in the cache needs no request at all.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as DeadlineError
from pathlib import Path

import httpx2
from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from hub.errors import SourceError

DEADLINE_S = 5.0
"""How long the Hub may take to say which commit a revision is; after that it counts as unreachable."""

FILES = ("config.json", "model.safetensors", "pretrained_model.h5", "densenet.hdf5", "labels.json", "train_config.json")
"""What a checkpoint consists of; nothing else of a repository is downloaded."""

COMMIT = re.compile(r"[0-9a-f]{40}")


def download(repo: str, revision: str | None) -> tuple[Path, str]:
    """(local directory, commit) of a model repository at a revision (default: its main branch).

    Raises SourceError if the Hub can't be reached and nothing is cached, or knows no such repository or revision, or
    gives no access to it.
    """
    if revision and COMMIT.fullmatch(revision) and (cached := _cached(repo, revision)):
        return cached, revision
    commit = _commit(repo, revision)
    try:
        return Path(snapshot_download(repo, revision=commit, allow_patterns=list(FILES))), commit
    except LocalEntryNotFoundError as error:
        raise _unreachable(repo) from error
    except (HfHubHTTPError, httpx2.HTTPError, OSError) as error:
        raise SourceError(f"Downloading {repo} failed ({type(error).__name__}).", "Try again.") from error


def _cached(repo: str, revision: str) -> Path | None:
    try:
        return Path(snapshot_download(repo, revision=revision, allow_patterns=list(FILES), local_files_only=True))
    except LocalEntryNotFoundError:
        return None


def _commit(repo: str, revision: str | None) -> str:
    """The commit that a revision stands for, asked once within the deadline."""
    asking = ThreadPoolExecutor(1)
    try:
        question = asking.submit(HfApi().model_info, repo, revision=revision, timeout=DEADLINE_S)
        return question.result(timeout=DEADLINE_S).sha
    except GatedRepoError as error:
        raise SourceError(f"{repo} is gated.", "Accept its terms on the Hub and set HF_TOKEN.") from error
    except RevisionNotFoundError as error:
        raise SourceError(f"{repo} has no revision {revision!r}.", "Check the part after '@'.") from error
    except RepositoryNotFoundError as error:
        raise SourceError(f"The Hub has no repository {repo}, or it is private.", "Private: set HF_TOKEN.") from error
    except HfHubHTTPError as error:
        # also one of httpx2's errors, so ahead of them
        raise SourceError(f"The Hub refused {repo}: {error.response.status_code}.", "Try again later.") from error
    except (DeadlineError, httpx2.HTTPError, OfflineModeIsEnabled) as error:
        raise _unreachable(repo) from error
    finally:
        asking.shutdown(wait=False, cancel_futures=True)


def _unreachable(repo: str) -> SourceError:
    return SourceError(
        f"The Hugging Face Hub could not be reached within {DEADLINE_S:.0f} s, so {repo} could not be had.",
        "Check the connection, give a commit that is in the cache, or use 'starter'.",
    )
