"""What may travel with an explanation or a measure's result: arrays of numbers, and what JSON can hold."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from explainers.contract.read_only import read_only
from explainers.errors import ExplainerError

LARGEST_WHOLE = 2**63 - 1
"""Larger ones are refused by JSON libraries that are written in C or Rust, Gradio's among them."""

NUMBERS = "biuf"
"""NumPy's kinds of types that an array of a note may have."""


def checked_notes(notes: Mapping[str, Any]) -> dict[str, Any]:
    """The notes as copies that nobody else holds. Raises ExplainerError for what can't travel."""
    return {plain_json(name, name): checked_note(name, value) for name, value in notes.items()}


def checked_note(name: str, value: Any) -> Any:
    """A note's value: a read-only copy of an array of numbers, or JSON."""
    if not isinstance(value, np.ndarray):
        return plain_json(name, value)
    if value.dtype.kind not in NUMBERS:
        raise ExplainerError(f"The note {name!r} is an array of type {value.dtype}, not of numbers.")
    copied = np.array(value)
    copied.flags.writeable = False
    return read_only(copied)


def plain_json(name: str, value: Any) -> Any:
    """A copy that is made of JSON's own types; NumPy's numbers in it become Python's.

    Raises ExplainerError for what JSON can't hold: other objects, NaN and infinity, invalid Unicode, whole numbers of
    more than 64 bits.
    """
    try:
        text = json.dumps(value, allow_nan=False, default=_number, ensure_ascii=False)
        text.encode()
        return json.loads(text, parse_int=_whole)
    except (TypeError, ValueError, RecursionError) as error:
        raise ExplainerError(f"The note {name!r} is neither an array nor something that JSON can hold.") from error


def _number(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no JSON")


def _whole(digits: str) -> int:
    number = int(digits)
    if abs(number) > LARGEST_WHOLE:
        raise ValueError("too large for 64 bits")
    return number
