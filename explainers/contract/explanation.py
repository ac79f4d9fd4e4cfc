"""An explanation: a checked map with everything needed to compute it again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from explainers.contract.read_only import read_only
from explainers.errors import ExplainerError

if TYPE_CHECKING:
    from cxr.checkpoint import Identity
    from cxr.frame import Frame


class NotFiniteError(ExplainerError):
    """A map holds NaN or infinity."""


def check_returned(values: object, method: str = "explain") -> np.ndarray:
    """What an explainer returned, as an array; ExplainerError if it returned nothing."""
    if values is None:
        raise ExplainerError(f"{method} returned nothing (None).", "Is a `return` missing?")
    return np.asarray(values)


def check_map(values: object, input_shape: Sequence[int]) -> np.ndarray:
    """What an explainer returned, as a read-only float32 array `(y, x)`; ExplainerError says what is wrong with it."""
    array = check_returned(values)
    if array.dtype.kind not in "fiu":
        raise ExplainerError(f"The map has values of type {array.dtype}, not real numbers.")
    if array.ndim != 2:
        raise ExplainerError(f"The map has the shape {array.shape}; two axes (y, x) were expected.")
    height, width = input_shape[:2]
    if not (1 <= array.shape[0] <= height and 1 <= array.shape[1] <= width):
        raise ExplainerError(
            f"The map has {array.shape} cells; from (1, 1) to the input's {height, width} are possible."
        )
    with np.errstate(over="ignore"):  # what float32 can't hold becomes infinite, and is refused as such
        result = array.astype(np.float32)
    if not np.isfinite(result).all():
        bad = int((~np.isfinite(result)).sum())
        raise NotFiniteError(f"The map holds {bad} values of {array.size} that are not finite (NaN or infinite).")
    result.flags.writeable = False
    return read_only(result)


@dataclass(frozen=True, eq=False)
class Explanation:
    """One explainer's map, with everything needed to compute it again.

    map         (y, x) float32, read-only, in `unit`, on the explainer's own cells, which tile the input evenly
    options     all of them with the values that took effect, defaults included
    signed      whether values below zero mean evidence against the finding
    stochastic  whether another seed gives another map
    seconds     that computing took, for all findings where the explainer computes them together
    passes      {"forward", "backward"}: pictures that went through the network meanwhile
    cached      whether the map was computed earlier, for another finding or another request
    notes       what the explainer noted: figures, text, arrays
    """

    map: np.ndarray
    finding: str
    explainer: str
    title: str
    options: Mapping[str, Any]
    unit: str
    signed: bool
    seed: int
    seconds: float
    passes: Mapping[str, int]
    model: "Identity"
    input_digest: str
    frame: "Frame"
    control: bool = False
    stochastic: bool = False
    cached: bool = False
    notes: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def family(self) -> str:
        """What is the same for explanations that are equal by algebra, so that their agreement says nothing; or ""."""
        return str(self.notes.get("family", ""))

    @property
    def promised_sum(self) -> float | None:
        """What the cells must sum to, where the method promises a sum."""
        promised = self.notes.get("promised_sum")
        return promised.get(self.finding) if isinstance(promised, Mapping) else None

    def on_input(self) -> np.ndarray:
        """The map enlarged to what the network saw, `(h, w)` float32."""
        return self.frame.map_to_input(self.map)

    def on_image(self) -> np.ndarray:
        """The map enlarged to the radiograph, `(height, width)` float32; NaN where the network did not look."""
        return self.frame.map_to_image(self.map)

    def record(self) -> dict:
        """Everything but the arrays, as JSON has it."""
        figures = {name: value for name, value in self.notes.items() if not isinstance(value, np.ndarray)}
        return {
            "explainer": self.explainer,
            "title": self.title,
            "finding": self.finding,
            "options": dict(self.options),
            "unit": self.unit,
            "signed": self.signed,
            "stochastic": self.stochastic,
            "control": self.control,
            "family": self.family,
            "seed": self.seed,
            "seconds": round(self.seconds, 4),
            "passes": dict(self.passes),
            "cached": self.cached,
            "cells": list(self.map.shape),
            "minimum": float(self.map.min()),
            "maximum": float(self.map.max()),
            "notes": figures,
            "model": self.model.to_json(),
            "input_digest": self.input_digest,
            "input_size": list(self.frame.input_size),
            "image_size": list(self.frame.image_size),
            "crop": list(self.frame.crop),
            "versions": dict(self.versions),
        }
