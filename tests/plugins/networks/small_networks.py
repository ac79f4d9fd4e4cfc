"""Networks in NumPy whose every logit can be worked by hand: weighted means of 4 × 4 cells of the picture."""

# ruff: noqa: RUF012
import cv2
import numpy as np

from explainers import Network, hookimpl

SIDE, CELLS = 32, 4


def cell_means(batch):
    """(N, 4, 4, 1): the mean of each cell of 8 × 8 pixels."""
    size = SIDE // CELLS
    return batch.reshape(len(batch), CELLS, size, CELLS, size, 1).mean(axis=(2, 4))


class Scorer(Network):
    """Only scores. Left adds the left half's cells, Right the right half's, Opposite is Left's negative."""

    name, labels = "scorer", ("Left", "Right", "Opposite")
    input_shape = (SIDE, SIDE, 1)
    descriptions = {"Left": "Bright on the left."}
    thresholds = {"Left": 0.6}

    def __init__(self):
        left = np.zeros((CELLS, CELLS))
        left[:, : CELLS // 2] = 1
        self.weights = np.stack([left, 1 - left, -left], axis=-1).astype(np.float32)

    def prepare(self, radiograph):
        return cv2.resize(radiograph.grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)[..., None]

    def forward(self, batch):
        return self._logits(cell_means(batch))

    def _logits(self, cells):
        return np.einsum("nyxk,yxf->nf", cells, self.weights)


class Layered(Scorer):
    """The same with its only inner layer, `cells`, and all gradients."""

    name = "layered"
    layers = ["cells"]

    def activations(self, batch, layer):
        return cell_means(batch)

    def forward_from(self, layer, activations):
        return self._logits(activations)

    def layer_gradient(self, batch, layer, output):
        return np.repeat(self.weights[None, :, :, output, None], len(batch), axis=0)

    def input_gradient(self, batch, output):
        size = SIDE // CELLS
        one = np.kron(self.weights[:, :, output], np.ones((size, size))) / size**2
        return np.repeat(one[None, :, :, None], len(batch), axis=0)

    def randomised(self, seed):
        other = Layered()
        other.weights = np.random.default_rng(seed).normal(size=self.weights.shape).astype(np.float32)
        return other


@hookimpl
def cxr_lens_networks():
    return [Scorer, Layered]
