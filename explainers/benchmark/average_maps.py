"""Each finding's mean map over many radiographs: a control that shows where a finding usually is."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cxr.capabilities import LAYERS, not_available
from cxr.checkpoint.companions import AVERAGE_MAPS, write_companion
from cxr.datasets.ahead import Read, batches, one_ahead
from cxr.errors import RadiographError
from cxr.reading.radiograph import read_radiograph

if TYPE_CHECKING:
    from cxr.predictor import Predictor
    from cxr.preparation import Prepared

BATCH = 16


def average_maps(
    predictor: "Predictor", images: Sequence[Path], on_progress: Callable[[int], None] = lambda _: None
) -> dict[str, np.ndarray]:
    """{finding: (y, x) float32}: the mean of Grad-CAM at the last layer with a map, signed, over the pictures.

    on_progress  called with the number of pictures done

    Raises RadiographError for a picture that can't be read.
    """
    if not predictor.layers:
        raise not_available({LAYERS})
    layer = list(predictor.layers)[-1]
    total, done = np.zeros(()), 0

    def one(array: np.ndarray) -> np.ndarray:
        activations = predictor.activations(array[None], layer)[0]
        weights = predictor.layer_gradient(array[None], layer)[0].mean(axis=(1, 2), dtype=np.float64)
        return np.einsum("yxk,nk->nyx", activations, weights)

    def summed(batch: "Sequence[Read[Path, Prepared]]") -> np.ndarray:
        arrays = [_prepared(each) for each in batch]
        with predictor.passes_of(arrays):
            return np.sum([one(array) for array in arrays], axis=0)

    with closing(one_ahead(batches(images, read_radiograph, predictor.prepare, size=BATCH), summed)) as sums:
        for batch, found in sums:
            total, done = total + found.result(), done + len(batch)
            on_progress(done)
    return {label: (total[place] / len(images)).astype(np.float32) for place, label in enumerate(predictor.labels)}


def _prepared(read: "Read[Path, Prepared]") -> np.ndarray:
    if read.prepared is None:
        raise RadiographError(f"{read.item.name}: {read.error.sentence if read.error else 'it was not read.'}")
    return read.prepared.array


def attach(directory: Path, maps: dict[str, np.ndarray], *, count: int, data: str) -> Path:
    """Write the maps beside a native checkpoint's weights and name them in its config.json."""
    arrays = {label: values.astype(np.float16) for label, values in maps.items()}
    return write_companion(directory, AVERAGE_MAPS, arrays, count=count, data=data)
