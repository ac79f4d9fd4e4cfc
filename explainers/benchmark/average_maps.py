"""Each finding's mean map over many radiographs: a control that shows where a finding usually is."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cxr.checkpoint.companions import AVERAGE_MAPS, write_companion
from cxr.reading.radiograph import read_radiograph

if TYPE_CHECKING:
    from cxr.predictor import Predictor


def average_maps(
    predictor: "Predictor", images: Sequence[Path], on_progress: Callable[[int], None] = lambda _: None
) -> dict[str, np.ndarray]:
    """{finding: (y, x) float32}: the mean of Grad-CAM at the last layer with a map, signed, over the pictures.

    on_progress  called with the number of pictures done
    """
    layer = list(predictor.layers)[-1]
    total = np.zeros(())
    for number, image in enumerate(images, 1):
        batch = predictor.prepare(read_radiograph(image)).array[None]
        activations = predictor.activations(batch, layer)[0]
        weights = predictor.layer_gradient(batch, layer)[0].mean(axis=(1, 2), dtype=np.float64)
        total = total + np.einsum("yxk,nk->nyx", activations, weights)
        on_progress(number)
    return {label: (total[place] / len(images)).astype(np.float32) for place, label in enumerate(predictor.labels)}


def attach(directory: Path, maps: dict[str, np.ndarray], *, count: int, data: str) -> Path:
    """Write the maps beside a native checkpoint's weights and name them in its config.json."""
    arrays = {label: values.astype(np.float16) for label, values in maps.items()}
    return write_companion(directory, AVERAGE_MAPS, arrays, count=count, data=data)
