"""What a program might send in place of any argument."""

import pytest

WRONG = {
    "null": None,
    "true": True,
    "negative": -1,
    "fraction": 0.5,
    "large": 2**64,
    "huge": 10**400,
    "empty text": "",
    "text": "zz",
    "long text": "x" * 100_000,
    "control characters": "a\x00b\x1b[31m\n",
    "right to left": "\u202efdp.exe",
    "markup": "<script>alert(1)</script>",
    "path": "../../../etc/passwd",
    "address": "http://169.254.169.254/latest",
    "empty list": [],
    "list": [1, "a", None],
    "nested list": [[[[[[[[[[1]]]]]]]]]],
    "empty object": {},
    "object": {"a": {"b": [1]}},
    "file": {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
    "prototype": {"__proto__": {"a": 1}, "__class__": "x"},
}


@pytest.fixture(scope="session")
def wrong_values() -> dict[str, object]:
    """JSON of every type, by what it is."""
    return WRONG
