"""The protocol: a file, so that it can be read, cited, and changed for other measurements."""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from explainers.errors import OptionError
from hub.errors import names_hint

OCCUPANCY = "occupancy"
"""The control that is not an explainer: it needs the other patients' boxes."""

KEYS = (
    "version",
    "seed",
    "resamples",
    "headline",
    "relevance_gain_boxes",
    "stability_boxes",
    "verified_boxes",
    "explainers",
)
ENTRY_KEYS = ("label", "name", "options", "boxes")
HEADLINES = ("pointing", "pointing_tolerant", "mass", "iou_top", "iou_equal_area", "iobb_top", "pixel_auc")
"""Figures that the prior has too, larger where a map is better."""


@dataclass(frozen=True)
class Entry:
    """One row of the benchmark: an explainer with options, on all boxes (0) or on so many."""

    label: str
    name: str
    options: Mapping[str, Any]
    boxes: int = 0


@dataclass(frozen=True)
class Protocol:
    """What is measured, how often and with which seed; see `protocol.toml`."""

    version: int
    seed: int
    resamples: int
    headline: tuple[str, ...]
    relevance_gain_boxes: int
    stability_boxes: int
    verified_boxes: int
    entries: tuple[Entry, ...]
    digest: str

    def of(self, names: Sequence[str]) -> "Protocol":
        """The same with only the explainers of these names, and the occupancy control; all for no names."""
        if not names:
            return self
        known = {entry.name for entry in self.entries}
        entries = [entry for entry in self.entries if entry.name in (*names, OCCUPANCY)]
        # one that the protocol doesn't know, a plugin's say, is measured with its defaults on all boxes
        entries[:0] = [Entry(name, name, {}) for name in names if name not in known]
        return Protocol(**{**self.__dict__, "entries": tuple(entries)})


def read_protocol(file: Path | None = None) -> Protocol:
    """The packaged protocol, or another file of its form. OptionError names what is wrong with it."""
    if file is not None and not file.is_file():
        raise OptionError(f"There is no file {file.name!r}.", "Check --protocol.")
    text = file.read_bytes() if file else files("explainers.benchmark").joinpath("protocol.toml").read_bytes()
    try:
        given = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"The protocol is not TOML: {error}.") from error
    for key in KEYS:
        if key not in given:
            raise OptionError(f"The protocol lacks {key!r}.")
    if foreign := sorted(given.keys() - set(KEYS)):
        raise OptionError(f"The protocol has an unknown field {foreign[0]!r}.", names_hint(foreign[0], KEYS))
    entries = tuple(_entry(each) for each in _tables(given.pop("explainers")))
    if len({entry.label for entry in entries}) < len(entries):
        raise OptionError("Two explainers of the protocol have one label.")
    if unknown := [name for name in given["headline"] if name not in HEADLINES]:
        raise OptionError(f"The protocol's headline {unknown[0]!r} is not a figure.", names_hint(unknown[0], HEADLINES))
    given["headline"] = tuple(given["headline"])
    return Protocol(**given, entries=entries, digest=hashlib.sha256(text).hexdigest())


def _tables(given: Any) -> list[Mapping[str, Any]]:
    if not isinstance(given, list) or not all(isinstance(each, Mapping) for each in given):
        raise OptionError("The protocol's explainers are not written as [[explainers]].")
    return given


def _entry(given: Mapping[str, Any]) -> Entry:
    if "name" not in given:
        raise OptionError("An explainer of the protocol has no `name`.")
    if foreign := sorted(given.keys() - set(ENTRY_KEYS)):
        raise OptionError(
            f"{given['name']}: unknown field {foreign[0]!r} in the protocol.", names_hint(foreign[0], ENTRY_KEYS)
        )
    return Entry(given.get("label", given["name"]), given["name"], given.get("options", {}), given.get("boxes", 0))
