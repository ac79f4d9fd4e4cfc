"""Networks of one finding and of two hundred: each is the mean of one cell of the picture."""

# ruff: noqa: RUF012
import numpy as np

from explainers import Network, hookimpl

SIDE, CELLS = 64, 16


class One(Network):
    """The mean of the first cell."""

    name, labels, input = "one", ["Pneumonia"], {"rule": "0..1", "size": SIDE, "channels": 1}

    def forward(self, batch):
        size = SIDE // CELLS
        cells = batch.reshape(len(batch), CELLS, size, CELLS, size).mean(axis=(2, 4)).reshape(len(batch), -1)
        return (cells - np.median(cells, axis=1, keepdims=True))[:, : len(self.labels)]


class TwoHundred(One):
    """The means of two hundred cells, with names of any length."""

    name = "two_hundred"
    labels = [f"Finding {at}{' of the right lower lobe, seen in two views' * (at % 3)}" for at in range(200)]


@hookimpl
def cxr_lens_networks():
    return [One, TwoHundred]
