"""The description of a model that Keras saves beside its weights: looked at as JSON only, never built."""

import json
from collections.abc import Iterator

from hub.errors import CheckpointError

CODE = ("Lambda", "TFOpLambda", "__lambda__", "function")
"""Classes and kinds under which Keras keeps code in a model's description."""


def refuse_code(text: str | bytes, *, file: str) -> None:
    """CheckpointError if a model's description carries code: such a network can't be told from its weights alone."""
    try:
        described = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{file} describes its model in no readable JSON.") from error
    if found := next((name for name in _kinds(described) if name in CODE), None):
        raise CheckpointError(
            f"{file} is of a model with a {found} layer, whose code is never run here.",
            "Give the weights of a plain DenseNet-121.",
        )


def _kinds(described: object) -> Iterator[str]:
    """Every `class_name` and `type` in a description, however deep."""
    waiting = [described]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from (str(value[key]) for key in ("class_name", "type") if key in value)
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
