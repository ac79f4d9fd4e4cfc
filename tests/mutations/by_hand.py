"""Faults written by hand: what people get wrong that no single operator makes."""

from collections.abc import Iterator

from tests.mutations.operators import Mutant

FAULTS: tuple[tuple[str, str, str, str], ...] = ()
"""(subject, kind, text in the source, text in its place)."""


def by_hand(subject: str, source: str) -> Iterator[Mutant]:
    """The faults of a subject whose text is in the source."""
    for name, kind, before, after in FAULTS:
        if name == subject and before in source:
            line = source[: source.index(before)].count("\n") + 1
            yield Mutant(kind, f"line {line}: {before.strip().splitlines()[0]} → {after.strip().splitlines()[0]}",
                         source.replace(before, after, 1))  # fmt: skip
