"""The state of a training run on disk: after a kill it resumes, and loses at most one epoch."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from cxr.training.errors import TrainingError

STATE, BEST, HISTORY = "state.json", "best.npz", "history.csv"


@dataclass(frozen=True)
class RunState:
    """Where a run stands.

    run         what the run depends on: recipe, data, start; another run's folder is refused
    stage       index of the current stage
    epoch       epochs of that stage that are done
    weights     file with all that the next epoch starts from; "" before the first epoch
    best        {"mean_auc", "stage", "epoch"} of the weights in `best.npz`, which are of the current stage
    history     {column: value} of each epoch
    """

    run: Mapping
    stage: int = 0
    epoch: int = 0
    weights: str = ""
    best: Mapping = field(default_factory=dict)
    history: tuple[Mapping, ...] = ()

    def save(self, folder: Path) -> None:
        """Write the state atomically, and then remove files of weights that it doesn't name."""
        temporary = folder / f"{STATE}.part"
        temporary.write_text(json.dumps(asdict(self), indent=1))
        os.replace(temporary, folder / STATE)
        for file in folder.glob("epoch-*.weights.h5"):
            if file.name != self.weights:
                file.unlink()

    def next_stage(self) -> "RunState":
        """The state at the beginning of the next stage."""
        return replace(self, stage=self.stage + 1, epoch=0, weights="", best={})


def load_state(folder: Path, run: Mapping) -> RunState:
    """The state of this run, or a new one. Raises TrainingError if the folder holds another run."""
    file = folder / STATE
    if not file.is_file():
        return RunState(run)
    raw = json.loads(file.read_text())
    run = json.loads(json.dumps(run))
    if different := sorted(key for key in {*run, *raw["run"]} if run.get(key) != raw["run"].get(key)):
        raise TrainingError(
            f"The folder {folder.parent.name!r} holds a run that differs in {', '.join(different)}.",
            "Resume it with its own command, or give another --out.",
        )
    return RunState(**raw | {"history": tuple(raw["history"])})


def save_weights(file: Path, weights: Mapping[str, np.ndarray]) -> None:
    """{"layer/variable": array} to a file, atomically."""
    temporary = file.with_suffix(".part.npz")
    arrays: dict[str, Any] = dict(weights)
    np.savez(temporary, **arrays)
    os.replace(temporary, file)


def load_weights(file: Path) -> dict[str, np.ndarray]:
    """Read the arrays that `save_weights` wrote."""
    with np.load(file) as archive:
        return {name: archive[name] for name in archive.files}
