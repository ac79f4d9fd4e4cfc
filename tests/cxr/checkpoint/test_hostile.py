"""A corpus of hostile checkpoints: each is refused in words, runs nothing, and takes little memory.

They are read in one process of its own, whose memory is watched by the system.
"""

import json
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

STARTER = Path(__file__).parents[3] / "hub" / "starter"
MEMORY_LIMIT_MB = 1000

READ = """
import json, sys
from pathlib import Path
from cxr.checkpoint import read_checkpoint
from hub import resolve
from hub.errors import CheckpointError

said = {}
for folder in sorted(Path(sys.argv[1]).iterdir()):
    try:
        read_checkpoint(resolve(str(folder)))
        said[folder.name] = "READ"
    except CheckpointError as error:
        said[folder.name] = str(error)
# of this program alone: getrusage would also count what its parent held when it was forked
(peak,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print(json.dumps({"said": said, "mb": int(peak.split()[1]) / 1024}))
"""


class Code:
    """Pickles as a call that would leave a file or a folder behind."""

    def __init__(self, function: Callable, trace: Path) -> None:
        self.function, self.trace = function, trace

    def __reduce__(self):
        return (self.function, (self.trace,))


def config(**weights) -> str:
    described = json.loads((STARTER / "config.json").read_text())
    return json.dumps(described | {"weights": weights})


def torch_zip(content: bytes) -> bytes:
    import io

    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("archive/data.pkl", content)
    return target.getvalue()


def safetensors(header: dict, data: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def keras(folder: Path, make) -> None:
    with h5py.File(folder / "pretrained_model.h5", "w") as stream:
        stream.attrs["layer_names"] = [b"bn"]
        stream.create_group("bn").attrs["weight_names"] = [b"bn/gamma:0"]
        make(stream)


def corpus(root: Path, trace: Path):
    """Writes the folders; {name: word that the refusal must have}."""
    words = {}

    def folder(name: str, word: str, files: dict[str, str | bytes]) -> Path:
        words[name] = word
        (root / name).mkdir()
        for file, content in files.items():
            (root / name / file).write_bytes(content.encode() if isinstance(content, str) else content)
        return root / name

    run = pickle.dumps(Code(os.mkdir, trace))
    # names of pathlib occur in real files: a stand-in takes their place
    known = pickle.dumps(Code(Path.touch, trace))
    torch = {"layout": "torchvision"}
    folder("known_name", "holds no weights", {"config.json": config(file="a.pt", **torch), "a.pt": torch_zip(known)})
    folder("pickle", "It was not run", {"config.json": config(file="a.pt", **torch), "a.pt": torch_zip(run)})
    folder("old_pickle", "It was not run", {"config.json": config(file="a.pt", **torch), "a.pt": run})
    folder("keras_pickle", "can't be read", {"pretrained_model.h5": run})
    claim = {"a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}
    native = config(file="a.safetensors", layout="keras")
    folder("lying_header", "don't fit", {"config.json": native, "a.safetensors": safetensors(claim)})
    folder("endless_header", "claims", {"config.json": native, "a.safetensors": b"\xff" * 8 + b"{}"})
    many = {f"k{n}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for n in range(50_000)}
    folder("many_keys", "lacks", {"config.json": native, "a.safetensors": safetensors(many)})
    for name, path in (("up", "../other/a"), ("absolute", "/etc/passwd"), ("nested", "a/b"), ("dots", "..")):
        folder(f"path_{name}", "weights.file", {"config.json": config(file=path)})
    absurd = json.loads((STARTER / "config.json").read_text())
    folder("absurd_head", "head", {"config.json": json.dumps(absurd | {"head": [10**12]})})
    folder("absurd_labels", "labels", {"config.json": json.dumps(absurd | {"labels": ["x"] * 10**5})})
    wide = json.dumps(absurd | {"input": {"rule": "samplewise", "size": 10**9}})
    folder(
        "absurd_input", "size", {"config.json": wide, "model.safetensors": (STARTER / "model.safetensors").read_bytes()}
    )
    folder("huge_config", "at most", {"config.json": " " * (8 << 20) + "{}"})
    folder("deep_config", "JSON", {"config.json": "[" * 200_000})

    def shape_bomb(stream):
        stream["bn"].create_dataset("bn/gamma:0", (1 << 30, 1 << 20), "f4", chunks=(1, 1 << 16))

    def external(stream):
        stream["bn/bn/gamma:0"] = h5py.ExternalLink("/etc/passwd", "/")

    def lambda_layer(stream):
        stream["bn/bn/gamma:0"] = np.ones(4, np.float32)
        stream.attrs["model_config"] = json.dumps(
            {"class_name": "Model", "config": {"layers": [{"class_name": "Lambda"}]}}
        )

    for name, make, word in (
        ("shape_bomb", shape_bomb, "larger than any layer"),
        ("external_link", external, "ExternalLink"),
        ("lambda", lambda_layer, "is not run"),
    ):
        keras(folder(name, word, {}), make)
    return words


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    base = tmp_path_factory.mktemp("hostile")
    (base / "corpus").mkdir()
    words = corpus(base / "corpus", base / "trace")
    done = subprocess.run(
        [sys.executable, "-c", READ, str(base / "corpus")], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return words, json.loads(done.stdout), base


def test_each_is_refused_in_its_own_words(outcome):
    words, answer, _ = outcome
    assert answer["said"].keys() == words.keys()
    assert {name: said for name, said in answer["said"].items() if words[name] not in said} == {}


def test_nothing_of_them_runs(outcome):
    assert not (outcome[2] / "trace").exists()


def test_memory_stays_small(outcome):
    assert outcome[1]["mb"] < MEMORY_LIMIT_MB
