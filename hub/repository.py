"""Repositories on the Hub, as values; nothing here makes a request."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

COMMIT = re.compile(r"[0-9a-f]{40}")

Progress = Callable[[float], None]
"""Called with the downloaded share, 0 to 1; with 0 before the Hub is asked for anything."""


@dataclass(frozen=True)
class Repository:
    """A repository of the Hub at a revision: a full commit, a branch or tag, or None for the main branch."""

    name: str
    kind: str = "model"
    revision: str | None = None

    @property
    def key(self) -> str:
        """For records: `models/org/name`."""
        return f"{self.kind}s/{self.name}"

    @property
    def pinned(self) -> bool:
        """Whether the revision is a full commit, which never changes."""
        return bool(self.revision and COMMIT.fullmatch(self.revision))


@dataclass(frozen=True)
class RemoteFile:
    """A file on the Hub: its size in bytes and, for a large one, its sha256."""

    size: int | None
    sha256: str | None


@dataclass(frozen=True)
class Listing:
    """A repository's files at one commit."""

    commit: str
    files: Mapping[str, RemoteFile]
