"""Repositories on the Hugging Face Hub: which commit, which files, and each file into the Hub's own cache.

huggingface_hub retries an unreachable Hub for some 23 seconds. Here, one request within `DEADLINE_S` comes before any
download. Its cache lets one process download a file while others wait, and resumes a broken connection.
"""

import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as DeadlineError
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub import (
    HfApi,
    constants,
    get_hf_file_metadata,
    hf_hub_download,
    hf_hub_url,
    try_to_load_from_cache,
)
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import tqdm

from hub.errors import SourceError
from hub.repository import Listing, Progress, RemoteFile, Repository

DEADLINE_S = 5.0
"""Seconds that the Hub may take to resolve a revision; after that it counts as unreachable."""

FILE_LIMIT_BYTES = 2 << 30
SPARE_BYTES = 64 << 20
"""Free space that must be left on the disk after a download."""


def look_up(repository: Repository) -> Listing:
    """Ask the Hub once, within the deadline, which commit the revision is, and what is in it.

    Raises SourceError if the Hub can't be reached, knows no such repository or revision, or gives no access to it.
    """
    name, revision = repository.name, repository.revision
    api = HfApi(endpoint=constants.ENDPOINT)
    arguments: dict[str, Any] = {
        "revision": revision,
        "repo_type": repository.kind,
        "timeout": DEADLINE_S,
        "files_metadata": True,
    }
    try:
        found = _within_deadline(lambda: api.repo_info(name, **arguments))
    except GatedRepoError as error:
        raise SourceError(f"{name} is gated.", "Accept its terms on the Hub and set HF_TOKEN.") from error
    except RevisionNotFoundError as error:
        raise SourceError(f"{name} has no revision {revision!r}.", "Check the part after '@'.") from error
    except RepositoryNotFoundError as error:
        raise SourceError(f"The Hub has no repository {name}, or it is private.", "Private: set HF_TOKEN.") from error
    except HfHubHTTPError as error:
        # also one of httpx2's errors, so ahead of them
        raise SourceError(f"The Hub refused {name}: {error.response.status_code}.", "Try again later.") from error
    except (DeadlineError, httpx2.HTTPError, OfflineModeIsEnabled) as error:
        raise _unreachable(name) from error
    files = {
        each.rfilename: RemoteFile(each.size, each.lfs.sha256 if each.lfs else None) for each in found.siblings or ()
    }
    return Listing(found.sha, files)


def _within_deadline(ask: Callable[[], Any]) -> Any:
    """The result of a request, or DeadlineError; an unanswered request blocks neither caller nor exit."""
    answer: Future = Future()

    def asking() -> None:
        try:
            answer.set_result(ask())
        except Exception as error:  # noqa: BLE001 - raised again where the answer is awaited
            answer.set_exception(error)

    threading.Thread(target=asking, name="ask-hub", daemon=True).start()
    return answer.result(timeout=DEADLINE_S)


def fetch(
    repository: Repository, commit: str, file: str, *, listed: RemoteFile, progress: Progress | None = None
) -> Path:
    """A file at a commit, from the cache or else from the Hub into it; `progress` gets the downloaded share.

    Raises SourceError for a file that is too large, for a full disk, and for failures of the connection.
    """
    if (listed.size or 0) > FILE_LIMIT_BYTES:
        raise SourceError(
            f"{file} of {repository.name} has {listed.size} bytes; at most {FILE_LIMIT_BYTES} are downloaded."
        )
    if (cached := in_cache(repository, commit, file)) is not None:
        return cached
    _check_room(file, listed.size or 0)
    place: dict[str, Any] = {"repo_type": repository.kind, "revision": commit, "endpoint": constants.ENDPOINT}
    try:
        # a refusal is reported at once; the download itself would retry five times
        get_hf_file_metadata(hf_hub_url(repository.name, file, **place), timeout=DEADLINE_S)
        bar = _bar(progress) if progress else None
        cache: dict[str, Any] = {"cache_dir": constants.HF_HUB_CACHE, "etag_timeout": DEADLINE_S}
        return Path(hf_hub_download(repository.name, file, tqdm_class=bar, **cache, **place))
    except (LocalEntryNotFoundError, httpx2.ConnectError, httpx2.ConnectTimeout, OfflineModeIsEnabled) as error:
        raise _unreachable(repository.name) from error
    except EntryNotFoundError as error:
        raise SourceError(f"{repository.name} has no file {file!r} at {commit[:8]}.") from error
    except HfHubHTTPError as error:
        raise SourceError(f"The Hub refused {file}: {error.response.status_code}.", "Try again later.") from error
    except (httpx2.HTTPError, OSError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise SourceError(f"Downloading {file} of {repository.name} failed. {reason}.", "Try again.") from error


def in_cache(repository: Repository, commit: str, file: str) -> Path | None:
    """The path of a file at a commit in the cache, None if it is not there; no request is made."""
    found = try_to_load_from_cache(
        repository.name, file, cache_dir=constants.HF_HUB_CACHE, revision=commit, repo_type=repository.kind
    )
    return Path(found) if isinstance(found, str) else None


def discard(file: Path) -> None:
    """Delete a wrong file from the cache, so that the next attempt downloads it again."""
    file.resolve().unlink(missing_ok=True)
    file.unlink(missing_ok=True)


def _check_room(file: str, size: int) -> None:
    cache = Path(constants.HF_HUB_CACHE)
    cache.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(cache).free
    if free < size + SPARE_BYTES:
        raise SourceError(
            f"There is no room for {file}: {size >> 20} MB are needed and {free >> 20} MB are free.",
            "Make room, or set HF_HOME to a folder on another disk.",
        )


def _bar(progress: Progress) -> type[tqdm]:
    """huggingface_hub reports through a progress bar's class; this one prints nothing."""

    class ProgressReporter(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs["disable"] = True
            super().__init__(*args, **kwargs)
            self._size, self._there = kwargs.get("total"), kwargs.get("initial") or 0

        def update(self, n: float | None = 1) -> bool | None:
            self._there += n or 0
            if self._size:
                progress(min(1.0, self._there / self._size))
            return super().update(n)

    return ProgressReporter


def _unreachable(repo: str) -> SourceError:
    return SourceError(
        f"The Hugging Face Hub could not be reached within {DEADLINE_S:.0f} s, so {repo} is not available.",
        "Check the connection, give a commit that is in the cache, or use 'starter'.",
    )
