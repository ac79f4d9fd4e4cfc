"""The starter's files as a repository has them, and two commits."""

import json
from pathlib import Path

import hub

FIRST, SECOND = "a" * 40, "b" * 40
WEIGHTS = "model.safetensors"
STARTER = Path(hub.__file__).parent / "starter"


def without_sha256(**changes) -> bytes:
    """The starter's configuration, its weights' hash left out."""
    config = json.loads((STARTER / "config.json").read_text())
    del config["weights"]["sha256"]
    return json.dumps(config | changes).encode()
