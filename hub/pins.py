"""What the Hub gave the first time and must give ever after: commits and hashes, in one small file of the cache.

It lies beside the Hub's own cache, so that whoever keeps the one keeps the other.
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
        """The last commit that was had whole of a repository's branch, `models/org/name@main`."""
        return self._read()["commits"].get(key)

    def sha256(self, key: str) -> str | None:
        """Of a file, `models/org/name@COMMIT/file`, as it was when it was first had."""
        return self._read()["sha256"].get(key)

    def record(self, *, commits: dict[str, str], sha256: dict[str, str]) -> None:
        """Add what was found. Nothing that is recorded is changed but a branch's commit.

        A cache that can't be written to, such as one that came with a container, is used without a record.
        """
        known = self._read()
        if commits.items() <= known["commits"].items() and sha256.keys() <= known["sha256"].keys():
            return
        try:
            self._add(commits, sha256)
        except OSError:  # of a read-only or full disk: the check is lost for next time, the checkpoint is good
            log.warning("what was pulled can't be recorded: %s can't be written", self._file.parent.name)

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
            # to go on without it would be to trust anew
            raise CheckpointError(
                f"The record of trusted files, {self._file.name}, is damaged.",
                "Restore or delete it in the Hub's cache.",
            ) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with WeakFileLock(self._file.with_suffix(".lock")):
            yield
