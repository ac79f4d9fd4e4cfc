"""Which cells have the same sign for most bootstrap samples of patients."""

from types import MappingProxyType

import numpy as np

from explainers import Measure, Measured, NotMeasurable, Subject, hookimpl

AGREEING = 0.95
"""Share of the heads that must agree on a cell's sign for it to count as settled."""

STABLE, PARTLY = 0.9, 0.5
"""Shares of the map from which it is called stable, and partly stable."""


class HeadStability(Measure):
    """Share of the map in cells whose sign is the same when the last layer is fitted on other patients (95 % of fits).

    Heads are output layers fitted on bootstrap samples of patients. A cell whose sign depends on the sample is
    unsettled (hatched in the picture). Only for the exact map, whose cells are weighted by the output layer; and of the
    output layer alone: the network below it is the same for all heads.
    """

    name, title, unit, bounds, better = "head_stability", "Stable under refitting", "share of the map", (0, 1), "higher"
    quick, most_passes = True, 1
    verdicts = ("stable", "partly stable", "unstable")
    expected_failures = MappingProxyType(
        {
            "opposite": "Whether a sign is settled does not depend on which one it is.",
            "elsewhere": "Whether a sign is settled does not depend on where the evidence is.",
        }
    )

    def measure(self, subject: Subject) -> Measured:
        """Σ |m| over settled cells ÷ Σ |m|."""
        heads, own = subject.predictor.heads, subject.explanation
        if heads is None:
            raise NotMeasurable("This checkpoint has no bootstrap heads.")
        if not own.family.startswith("CAM at "):
            raise NotMeasurable("Only the exact map, at the layer that is averaged, sums the output layer's weights.")
        activations = subject.context.activations(own.family.removeprefix("CAM at "))
        if activations.shape[-1] != heads.kernels.shape[1]:
            raise NotMeasurable("The output layer doesn't read the averaged maps directly.")
        if activations.shape[:2] != own.map.shape:
            raise NotMeasurable("The map is not on the cells of the layer that is averaged.")
        column = subject.predictor.column(own.finding)
        maps = np.einsum("yxk,hk->hyx", activations, heads.kernels[:, :, column])
        positive = (maps > 0).mean(axis=0)
        settled = np.maximum(positive, 1 - positive) >= AGREEING
        unsettled, total = int((~settled).sum()), np.abs(own.map).sum()
        share = float(np.abs(own.map)[settled].sum() / total) if total else 0.0
        sentence = (
            f"{share:.0%} of the map lies in cells whose sign is the same for {AGREEING:.0%} of {len(heads)} output "
            f"layers fitted on bootstrap samples of patients; {unsettled} of {settled.size} cells are unsettled."
        )
        return Measured(
            share,
            sentence,
            "stable" if share >= STABLE else "partly stable" if share >= PARTLY else "unstable",
            {"unsettled_cells": unsettled},
            {"unsettled": ~settled},
            compared_with="all cells: 1",
        )


@hookimpl
def cxr_lens_measures() -> list[type[Measure]]:
    return [HeadStability]
