"""Batches for Keras: drawn afresh each epoch for training, in order for everything else."""

import keras
import numpy as np

from cxr.training.augmentation import Augmentation, standardised
from cxr.training.pictures import Pictures
from cxr.training.sampling import drawn_rows

CHANNELS = 3


class TrainingBatches(keras.utils.PyDataset):
    """Augmented pictures `(batch, size, size, 3)` and labels `(batch, n)`, a new order and new draws each epoch.

    without_finding  share of pictures without a finding, see `drawn_rows`
    mixup    α of the Beta distribution that two pictures of a batch are mixed by (Zhang et al. 2018); 0 for none
    seed     of everything drawn; the draws depend on seed, epoch and batch alone, so a resumed run draws the same
    epoch    to begin with

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
        seed: int = 0,
        epoch: int = 0,
        workers: int = 1,
    ) -> None:
        super().__init__(workers=workers, use_multiprocessing=False, max_queue_size=2 * workers + 2)
        self._pictures, self._augmentation = pictures, augmentation
        self._size, self._mixup, self._without_finding, self._seed = size, mixup, without_finding, seed
        self._epoch = epoch
        self._order = self._drawn_order()
        self._batch = min(batch, len(self._order))

    def __len__(self) -> int:
        return len(self._order) // self._batch

    def __getitem__(self, at: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng([self._seed, self._epoch, at])
        rows = self._order[at * self._batch : (at + 1) * self._batch]
        grey = np.stack([self._picture(row, rng) for row in rows])
        labels = self._pictures.table.values[rows]
        if self._mixup:
            share = rng.beta(self._mixup, self._mixup, len(rows)).astype(np.float32)
            share = np.maximum(share, 1 - share)
            other = rng.permutation(len(rows))
            grey = share[:, None, None] * grey + (1 - share)[:, None, None] * grey[other]
            labels = share[:, None] * labels + (1 - share)[:, None] * labels[other]
        return np.repeat(grey[..., None], CHANNELS, axis=-1), labels

    def on_epoch_end(self) -> None:
        """Called by Keras: the next epoch has an order of its own."""
        self._epoch += 1
        self._order = self._drawn_order()

    def _picture(self, row: int, rng: np.random.Generator) -> np.ndarray:
        return standardised(self._augmentation.apply(self._pictures.grey(row), self._size, rng), self._size)

    def _drawn_order(self) -> np.ndarray:
        rng = np.random.default_rng([self._seed, self._epoch])
        return drawn_rows(self._pictures.table, self._without_finding, rng)


class OrderedBatches(keras.utils.PyDataset):
    """Pictures as they are, in the table's order, the last batch filled up with copies of the last picture.

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
