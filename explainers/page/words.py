"""The page's sentences, read from one table."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """Every sentence by panel and key."""
    text = (files("explainers.page") / "words.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))


def words_of(panel: str) -> Mapping[str, str]:
    """The sentences of a panel; none for a panel that has none."""
    return words().get(panel, {})


def filled(panel: str, key: str, **values: object) -> str:
    """A sentence with {name} filled in."""
    return words()[panel][key].format(**values)
