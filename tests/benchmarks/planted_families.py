"""Where explainers point on networks of four families, whose signs' places are known.

    python tests/benchmarks/planted_families.py --out families [NAME ...]

Each family is a small Keras model, trained on synthetic chests with planted signs. The benchmark then asks of every
built-in explainer whether its maximum lies in the sign's box, beside the guess from the boxes of other patients. A
stopped run continues: what is trained, and rows that are there, are kept. Not part of the test run.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import keras
import numpy as np
from keras import layers

LABELS = ("Effusion", "Cardiomegaly", "Nodule", "Pneumothorax")
SIDE, CELLS = 96, 12
DESCRIBED = {"labels": list(LABELS), "input": {"rule": "0..1", "size": SIDE, "channels": 1}}
TRAINED_ON, TESTED_ON, TARGETS = 512, 96, 48
FIRST_OF_TEST = 100_000
"""Number of the first patient of the test part: no patient is in both."""

PROTOCOL = """version = 1
seed = 0
resamples = 100
headline = ["pointing"]
relevance_gain_boxes = 0
stability_boxes = 0
verified_boxes = 0
"""
LESS_WORK = {"rise": {"most": 256}, "smoothgrad": {"samples": 16}}
"""Options where an explainer's default would cost more than all others together."""


def normed(given: Any, convolution: layers.Layer, *, rectified: bool = True) -> Any:
    made = layers.BatchNormalization(momentum=0.9)(convolution(given))
    return layers.ReLU()(made) if rectified else made


def convolution(width: int, side: int = 3, step: int = 1) -> layers.Layer:
    return layers.Conv2D(width, side, step, padding="same", use_bias=False)


def plain(pixels: Any) -> Any:
    """Eight convolutions."""
    for width, step in ((16, 2), (16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (96, 1), (96, 1)):
        pixels = normed(pixels, convolution(width, step=step))
    return pixels


def residual(pixels: Any) -> Any:
    """Blocks of two convolutions with a way around them (He et al. 2016)."""
    given = normed(pixels, convolution(16, step=2))
    for width, step in ((16, 1), (32, 2), (64, 2), (96, 1)):
        around = normed(given, convolution(width, 1, step), rectified=False)
        inner = normed(normed(given, convolution(width, step=step)), convolution(width), rectified=False)
        given = layers.ReLU()(layers.Add()([around, inner]))
    return given


def depthwise(pixels: Any) -> Any:
    """Blocks that widen, convolve each channel by itself, and narrow (Sandler et al. 2018)."""
    given = normed(pixels, convolution(16, step=2))
    for width, step in ((16, 1), (32, 2), (32, 1), (48, 2), (48, 1), (64, 1)):
        wide = normed(given, convolution(4 * given.shape[-1], 1))
        wide = normed(wide, layers.DepthwiseConv2D(3, step, padding="same", use_bias=False))
        narrow = normed(wide, convolution(width, 1), rectified=False)
        given = layers.Add()([given, narrow]) if given.shape == narrow.shape else narrow
    return normed(given, convolution(128, 1))


def transformer(pixels: Any) -> Any:
    """A vision transformer of four blocks on patches of 8 pixels, with places by a convolution (Chu et al. 2021)."""
    patches = layers.Conv2D(64, SIDE // CELLS, SIDE // CELLS)(pixels)
    patches = layers.Add()([patches, layers.DepthwiseConv2D(3, padding="same")(patches)])
    tokens = layers.Reshape((CELLS**2, 64))(patches)
    for _ in range(4):
        given = layers.LayerNormalization()(tokens)
        tokens = layers.Add()([tokens, layers.MultiHeadAttention(4, 16)(given, given)])
        wide = layers.Dense(128, "gelu")(layers.LayerNormalization()(tokens))
        tokens = layers.Add()([tokens, layers.Dense(64)(wide)])
    return layers.LayerNormalization()(tokens)


FAMILIES: dict[str, tuple[Callable[[Any], Any], int]] = {
    "plain": (plain, 16),
    "residual": (residual, 16),
    "depthwise": (depthwise, 20),
    "transformer": (transformer, 50),
}
"""{name: (the layers before the mean over places, epochs)}."""


def data_set(out: Path, name: str, count: int, first: int) -> Path:
    """A folder with pictures, labels and boxes; made if it is not there."""
    from cxr.phantom.dataset import write_dataset

    folder = out / name
    if not (folder / "boxes.csv").is_file():  # written last
        write_dataset(folder, folder / "labels.csv", count, size=SIDE, seed=first)
    return folder


def arrays(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Inputs `(N, h, w, 1)` as the network gets them, and labels `(N, 4)`."""
    from cxr.evaluation.labels import read_labels
    from cxr.preparation import InputRule, prepare
    from cxr.reading.radiograph import read_radiograph

    table, rule = read_labels(folder / "labels.csv", findings=LABELS), InputRule.from_config(DESCRIBED["input"])
    read = (read_radiograph(folder / "images" / name) for name in table.images)
    return np.stack([prepare(each, rule).array for each in read]), table.values


def trained(name: str, out: Path, train: Path) -> Path:
    """The family's model file; trained if it is not there."""
    body, epochs = FAMILIES[name]
    file = out / name / "model.keras"
    if file.is_file():
        return file
    pictures, labels = arrays(train)
    pictures, labels = np.concatenate([pictures, pictures[:, :, ::-1]]), np.concatenate([labels, labels])
    keras.utils.set_random_seed(0)
    pixels = keras.Input((SIDE, SIDE, 1))
    seen = body(pixels)
    mean = layers.GlobalAveragePooling2D() if len(seen.shape) == 4 else layers.GlobalAveragePooling1D()
    model = keras.Model(pixels, layers.Dense(len(LABELS), "sigmoid")(mean(seen)))
    rate = keras.optimizers.schedules.CosineDecay(2e-3, epochs * len(pictures) // 32)
    model.compile(keras.optimizers.AdamW(rate, weight_decay=1e-3), "binary_crossentropy", jit_compile=False)
    model.fit(pictures, labels, batch_size=32, epochs=epochs, verbose=0)
    file.parent.mkdir(parents=True, exist_ok=True)
    grid = {"token_grid": [CELLS, CELLS], "special_tokens": 0} if len(seen.shape) == 3 else {}
    (file.parent / "cxr-lens.json").write_text(json.dumps(DESCRIBED | grid))
    unfinished = file.with_name("unfinished.keras")
    model.save(unfinished)
    unfinished.rename(file)
    return file


def auc(predictor: Any, test: Path) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score

    pictures, labels = arrays(test)
    logits = np.concatenate([predictor.forward(pictures[at : at + 16]) for at in range(0, len(pictures), 16)])
    return {label: float(roc_auc_score(labels[:, at], logits[:, at])) for at, label in enumerate(LABELS)}


def pointing(predictor: Any, test: Path, out: Path) -> dict[str, float]:
    """{explainer or prior: share of targets in whose box the maximum lies, the mean over findings}."""
    from explainers import Registry
    from explainers.benchmark.boxes import read_boxes
    from explainers.benchmark.protocol import OCCUPANCY, read_protocol
    from explainers.benchmark.run import Benchmark, run
    from explainers.contract.needs import unavailable

    registry = Registry.standard()
    names = [name for name in registry.explainers if name not in unavailable(registry.explainers, predictor)]
    file = out / "protocol.toml"
    file.write_text(PROTOCOL + "".join(map(entry, [*names, OCCUPANCY])))
    data = read_boxes(test, labels=predictor.labels, side=SIDE)
    rows = run(Benchmark(predictor, registry, data, read_protocol(file), TARGETS), out / "rows")
    if failed := {row["failed"] for row in rows if row["failed"]}:
        raise SystemExit(f"A map failed: {failed.pop()}")
    hits = {label: [[row["pointing"] for row in rows if (row["label"], row["finding"]) == (label, finding)]
                    for finding in LABELS] for label in dict.fromkeys(row["label"] for row in rows)}  # fmt: skip
    return {label: float(np.mean([np.mean(each) for each in of_findings])) for label, of_findings in hits.items()}


def entry(name: str) -> str:
    """An explainer in the protocol's TOML."""
    options = ", ".join(f"{option} = {value}" for option, value in LESS_WORK.get(name, {}).items())
    return f'[[explainers]]\nname = "{name}"\noptions = {{{options}}}\n'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("families", nargs="*", default=list(FAMILIES), metavar="NAME", help=", ".join(FAMILIES))
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of data, models and rows")
    given = parser.parse_args()
    from explainers import load_network

    train = data_set(given.out, "train", TRAINED_ON, 1)
    test = data_set(given.out, "test", TESTED_ON, FIRST_OF_TEST)
    found: dict[str, dict[str, float]] = {}
    for name in given.families:
        begin = time.process_time()
        predictor = load_network(str(trained(name, given.out, train)))
        seen = auc(predictor, test)
        print(f"{name}: AUC {', '.join(f'{label} {value:.2f}' for label, value in seen.items())}", file=sys.stderr)
        found[name] = pointing(predictor, test, given.out / name)
        print(f"{name}: {(time.process_time() - begin) / 60:.1f} core-minutes", file=sys.stderr)
    print(f"| explainer | {' | '.join(found)} |\n|---|{'---|' * len(found)}")
    for label in dict.fromkeys(label for each in found.values() for label in each):
        cells = (f"{each[label]:.2f}" if label in each else "not available" for each in found.values())
        print(f"| {label} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
