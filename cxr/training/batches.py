"""Batches for Keras: random ones for training, new in each epoch; in the table's order for everything else."""

import keras
import numpy as np

from cxr.training.augmentation import Augmentation, standardised
from cxr.training.pictures import Pictures
from cxr.training.sampling import drawn_rows
from cxr.training.soft_labels import SoftLabels

CHANNELS = 3


class TrainingBatches(keras.utils.PyDataset):
    """Augmented pictures `(batch, size, size, 3)` and labels `(batch, n)`, in a new order with new changes each epoch.

    With soft labels, the first item is a pair: pictures, and the teachers' probabilities `(batch, n)`, mixed alike.

    without_finding  share of pictures without a finding, see `drawn_rows`
    mixup    α of the Beta distribution that two pictures of a batch are mixed by (Zhang et al. 2018); 0 for none
    soft_labels  in the order of the pictures; where they have views, each picture is one of these
    temperature  T of the teachers' probabilities σ(z / T)
    seed     of all random choices; they depend on seed, epoch and batch alone, so a resumed run makes the same
    epoch    the first one

    Pictures that don't fill a batch wait for the next epoch, so that every batch has the same shape.
    """

    def __init__(
        self,
        pictures: Pictures,
        *,
        size: int,
        batch: int,
        augmentation: Augmentation,
        without_finding: float | None = None,
        mixup: float = 0.0,
        soft_labels: SoftLabels | None = None,
        temperature: float = 1.0,
        seed: int = 0,
        epoch: int = 0,
        workers: int = 1,
    ) -> None:
        super().__init__(workers=workers, use_multiprocessing=False, max_queue_size=2 * workers + 2)
        self._pictures, self._augmentation = pictures, augmentation
        self._size, self._mixup, self._without_finding, self._seed = size, mixup, without_finding, seed
        self._soft_labels, self._temperature = soft_labels, temperature
        self._epoch = epoch
        self._order = self._drawn_order()
        self._batch = min(batch, len(self._order))

    def __len__(self) -> int:
        return len(self._order) // self._batch

    def __getitem__(self, at: int) -> tuple[np.ndarray | tuple[np.ndarray, np.ndarray], np.ndarray]:
        rng = np.random.default_rng([self._seed, self._epoch, at])
        rows = self._order[at * self._batch : (at + 1) * self._batch]
        views = self._drawn_views(len(rows), rng)
        grey = np.stack([self._picture(row, view, rng) for row, view in zip(rows, views, strict=True)])
        targets = [self._pictures.table.values[rows]]
        if self._soft_labels is not None:
            targets.append(self._soft_labels.probabilities(rows, views, self._temperature))
        if self._mixup:
            share = rng.beta(self._mixup, self._mixup, len(rows)).astype(np.float32)
            share = np.maximum(share, 1 - share)
            other = rng.permutation(len(rows))
            grey = share[:, None, None] * grey + (1 - share)[:, None, None] * grey[other]
            targets = [share[:, None] * each + (1 - share)[:, None] * each[other] for each in targets]
        pictures = np.repeat(grey[..., None], CHANNELS, axis=-1)
        labels, *soft = targets
        return ((pictures, *soft), labels) if soft else (pictures, labels)

    def on_epoch_end(self) -> None:
        """Called by Keras at the end of an epoch; the next one has a new order."""
        self._epoch += 1
        self._order = self._drawn_order()

    def _drawn_views(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """A random view of the soft labels for each picture; zeros, without a random draw, where there are no views."""
        if self._soft_labels is None or self._soft_labels.views is None:
            return np.zeros(count, int)
        return rng.integers(len(self._soft_labels.views), size=count)

    def _picture(self, row: int, view: int, rng: np.random.Generator) -> np.ndarray:
        grey = self._pictures.grey(row)
        if self._soft_labels is None or self._soft_labels.views is None:
            changed = self._augmentation.apply(grey, self._size, rng)
        else:
            image, seed = self._pictures.table.images[row], self._soft_labels.views[view]
            changed = self._augmentation.view(image, seed).of(grey, self._size)
        return standardised(changed, self._size)

    def _drawn_order(self) -> np.ndarray:
        rng = np.random.default_rng([self._seed, self._epoch])
        return drawn_rows(self._pictures.table, self._without_finding, rng)


class OrderedBatches(keras.utils.PyDataset):
    """Pictures without changes, in the table's order; the last batch is filled with copies of the last picture.

    One shape for all batches means one trace of the network.
    """

    def __init__(self, pictures: Pictures, *, size: int, batch: int) -> None:
        super().__init__()
        self._pictures, self._size, self._batch = pictures, size, batch

    def __len__(self) -> int:
        return -(-len(self._pictures) // self._batch)

    def __getitem__(self, at: int) -> tuple[np.ndarray]:
        rows = np.minimum(np.arange(at * self._batch, (at + 1) * self._batch), len(self._pictures) - 1)
        grey = np.stack([standardised(self._pictures.grey(row), self._size) for row in rows])
        return (np.repeat(grey[..., None], CHANNELS, axis=-1),)
