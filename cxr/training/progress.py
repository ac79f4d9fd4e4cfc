"""Progress of a training run: a bar or lines while it runs, and `history.csv`."""

import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tqdm import tqdm

from cxr.training.recipe import Recipe
from cxr.training.run_state import HISTORY, RunState


class Progress:
    """A bar with loss, AUC and time left on a terminal, a line an epoch elsewhere, and `history.csv`.

    The bar counts pictures of the network's size: one of half the side counts as a quarter, as it takes a quarter
    of the time.
    """

    def __init__(self, recipe: Recipe, pictures: int, state: RunState, folder: Path) -> None:
        self._costs = [(stage.size / recipe.size) ** 2 for stage in recipe.stages]
        each = [cost * (pictures // min(stage.batch, pictures)) * min(stage.batch, pictures)
                for cost, stage in zip(self._costs, recipe.stages, strict=True)]  # fmt: skip
        epochs = [stage.epochs for stage in recipe.stages]
        done = [*epochs[: state.stage], state.epoch] + [0] * len(epochs)
        self._folder, self._rows, self._epochs = folder, list(state.history), epochs
        self._bar = tqdm(
            total=round(sum(cost * count for cost, count in zip(each, epochs, strict=True))),
            initial=round(sum(cost * count for cost, count in zip(each, done, strict=False))),
            unit=" pictures",
            disable=not sys.stderr.isatty(),
        )
        self._auc = ""

    def tell(self, event: str, figures: Mapping) -> None:
        """Take what `cxr.training.fitting.Job.tell` is called with."""
        if event == "batch":
            self._bar.update(figures["pictures"] * self._costs[figures["stage"]])
            self._bar.set_postfix_str(f"loss {figures.get('loss', float('nan')):.4f}{self._auc}", refresh=False)
        elif event == "epoch":
            self._auc = f", AUC {figures['validation_mean_auc']:.3f}"
            self._rows.append(figures)
            write_history(self._folder / HISTORY, self._rows)
            self._line(
                f"stage {figures['stage'] + 1}, epoch {figures['epoch'] + 1} of {self._epochs[figures['stage']]} at "
                f"{figures['size']} px: loss {figures['loss']:.4f}{self._auc}, {figures['seconds']:.0f} s"
            )
        elif event == "norms":
            kept = "kept" if figures["kept"] else "not kept"
            self._line(f"norms measured again: AUC {figures['before']:.3f} to {figures['after']:.3f}, {kept}")

    def close(self) -> None:
        """Close the bar."""
        self._bar.close()

    def _line(self, text: str) -> None:
        tqdm.write(text, file=sys.stdout)
        sys.stdout.flush()


def write_history(file: Path, rows: Sequence[Mapping]) -> None:
    """Write one row per epoch."""
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
