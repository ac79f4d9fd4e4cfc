"""A record of the commits and hashes that were downloaded first, against which later downloads are checked.

It is one small file in the Hub's own cache folder, so that both are kept or deleted together.
"""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import constants
from huggingface_hub.utils import WeakFileLock

from hub.errors import CheckpointError

log = logging.getLogger(__name__)

FILE = "cxr-lens-pins.json"


class Pins:
    """Commits by repository and branch, and sha256 by repository, commit and file."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or Path(constants.HF_HUB_CACHE) / FILE

    def commit(self, key: str) -> str | None:
        """The last commit of a repository's branch, `models/org/name@main`, that was downloaded completely."""
        return self._read()["commits"].get(key)

    def sha256(self, key: str) -> str | None:
        """The sha256 of a file, `models/org/name@COMMIT/file`, at its first download."""
        return self._read()["sha256"].get(key)

    def record(self, *, commits: dict[str, str], sha256: dict[str, str]) -> None:
        """Add commits and hashes. Recorded hashes are never changed; a branch's commit is.

        A read-only cache, such as one in a container image, is used without a record.
        """
        known = self._read()
        if commits.items() <= known["commits"].items() and sha256.keys() <= known["sha256"].keys():
            return
        try:
            self._add(commits, sha256)
        except OSError:  # read-only or full disk: the checkpoint itself is fine
            log.warning("the downloaded files can't be recorded: %s can't be written", self._file.parent.name)

    def _add(self, commits: dict[str, str], sha256: dict[str, str]) -> None:
        with self._locked():
            known = self._read()
            known["commits"] |= commits
            known["sha256"] = sha256 | known["sha256"]
            temporary = self._file.with_suffix(f".{os.getpid()}")
            temporary.write_text(json.dumps(known, indent=1, sort_keys=True))
            temporary.replace(self._file)

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            known = json.loads(self._file.read_text())
            return {"commits": dict(known["commits"]), "sha256": dict(known["sha256"])}
        except FileNotFoundError:
            return {"commits": {}, "sha256": {}}
        except (ValueError, KeyError, TypeError) as error:
            # without it, any file that is downloaded now would be trusted
            raise CheckpointError(
                f"The record of trusted files, {self._file.name}, is damaged.",
                "Restore or delete it in the Hub's cache.",
            ) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with WeakFileLock(self._file.with_suffix(".lock")):
            yield
