"""Sample radiographs at pinned addresses (`samples.toml` beside this file), downloaded once and checked by hash."""

import hashlib
import os
import re
import tempfile
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any

import httpx2
from huggingface_hub import constants

from hub.download import DEADLINE_S
from hub.errors import SourceError

SAMPLES_FILE = Path(__file__).with_name("samples.toml")

LARGEST_BYTES = 16 << 20

TRY_ANOTHER = "try a synthetic one, which needs no connection."


@dataclass(frozen=True)
class Credit:
    """Where a picture comes from, and what its provider asks of those who show it.

    provider  who provides the data, as in "provided by …"
    link      where to get the data
    citation  what to cite in publications that use them
    """

    provider: str
    link: str
    citation: str

    def __str__(self) -> str:
        return f"Provided by {self.provider}, with thanks: {self.link}. Cite: {self.citation}"


NIH = Credit(
    provider="the NIH Clinical Center (ChestX-ray14)",
    link="https://nihcc.app.box.com/v/ChestXray-NIHCC",
    citation="Wang X, Peng Y, Lu L, Lu Z, Bagheri M, Summers RM. ChestX-ray8: Hospital-scale Chest X-ray Database and "
    "Benchmarks on Weakly-Supervised Classification and Localization of Common Thorax Diseases. IEEE CVPR 2017, "
    "pp. 3462-3471.",
)
"""The data that the starter and most presets were trained on."""


@dataclass(frozen=True)
class SampleFile:
    """A radiograph on another server, and the text that must be shown with it.

    address   at a fixed commit, so that the file never changes
    sha256    of the file; a file with another hash is not shown
    size      in bytes
    """

    name: str
    title: str
    said: str
    address: str
    sha256: str
    size: int
    provider: str
    link: str
    citation: str
    licence: str

    @property
    def place(self) -> Path:
        """The file's path in the cache, below the Hugging Face cache's folder."""
        suffix = PurePosixPath(self.address).suffix
        return Path(constants.HF_HOME) / "cxr-lens" / "samples" / f"{self.sha256}{suffix}"

    @property
    def credit(self) -> Credit:
        """The credit to show with it."""
        return Credit(self.provider, self.link, self.citation)


def read_samples(file: Path = SAMPLES_FILE) -> dict[str, SampleFile]:
    """{name: sample} of a file; SourceError names the file, sample and field of an invalid value."""
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SourceError(f"{file.name} can't be read as samples: {error}.") from error
    return {name: _sample(file.name, name, table) for name, table in tables.items()}


def _sample(file: str, name: str, table: Any) -> SampleFile:
    def require(holds: bool, what: str) -> None:
        if not holds:
            raise SourceError(f"{file}: [{name}] {what}.")

    expected = {each.name for each in fields(SampleFile)} - {"name"}
    require(isinstance(table, dict), "is not a table")
    require(set(table) == expected, f"must have the fields {', '.join(sorted(expected))}, and no others")
    texts = [table[each] for each in expected - {"size"}]
    require(all(isinstance(each, str) and each for each in texts), "has a field that is not text")
    require(table["address"].startswith("https://"), "has an 'address' that does not begin with https://")
    require(bool(re.fullmatch("[0-9a-f]{64}", table["sha256"])), "has a 'sha256' that is not 64 hexadecimal digits")
    size = table["size"]
    require(type(size) is int and 0 < size <= LARGEST_BYTES, f"has a 'size' besides 1 to {LARGEST_BYTES} bytes")
    return SampleFile(name=name, **table)


def fetched(sample: SampleFile) -> bytes:
    """The file's bytes, from the cache or else from its address into it.

    Raises SourceError if it can't be reached, or if what is there is not the file of that hash.
    """
    if sample.place.is_file():
        content = sample.place.read_bytes()
        if _is(sample, content):
            return content
    content = _downloaded(sample)
    if not _is(sample, content):
        raise SourceError(f"What lies at the address of “{sample.title}” is another file.", "It is not shown.")
    _store(sample, content)
    return content


def _is(sample: SampleFile, content: bytes) -> bool:
    return hashlib.sha256(content).hexdigest() == sample.sha256


def _downloaded(sample: SampleFile) -> bytes:
    """The address' content, up to one part beyond the expected size."""
    if constants.HF_HUB_OFFLINE:
        raise SourceError(f"“{sample.title}” is not here and may not be fetched (HF_HUB_OFFLINE): {TRY_ANOTHER}")
    parts, size = [], 0
    try:
        with httpx2.stream("GET", sample.address, timeout=DEADLINE_S, follow_redirects=True) as answer:
            answer.raise_for_status()
            for part in answer.iter_bytes():
                parts.append(part)
                size += len(part)
                if size > sample.size:
                    break
    except httpx2.HTTPStatusError as error:
        status = error.response.status_code
        raise SourceError(f"The address of “{sample.title}” answered {status}: {TRY_ANOTHER}") from error
    except httpx2.HTTPError as error:
        raise SourceError(f"“{sample.title}” could not be fetched: {TRY_ANOTHER}") from error
    return b"".join(parts)


def _store(sample: SampleFile, content: bytes) -> None:
    """Write into the cache atomically: another process may be reading."""
    sample.place.parent.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=sample.place.parent)
    with os.fdopen(handle, "wb") as target:
        target.write(content)
    os.replace(unfinished, sample.place)
