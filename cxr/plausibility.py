"""Whether a picture looks like a frontal chest radiograph: its distance from 8,144 of them, on a thumbnail.

A thumbnail's features are principal components of its standardised pixels, the residual, and a few numbers on contrast,
edges and symmetry. The distance is the Mahalanobis distance of the features. It was fitted to frontal chest radiographs
alone, so it can't name another kind of picture.

`plausibility.npz` beside this file was made by `python -m cxr plausibility` from pictures of NIH ChestX-ray14's
training patients. 98 % of its validation patients' pictures are below the limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

SIDE = 64
THUMBNAIL = 32
COMPONENTS = 30
"""Number of principal components. With 20 or 45, fewer lateral views and other radiographs were recognised."""

SHARE_BELOW_LIMIT = 0.98
FILE = Path(__file__).with_suffix(".npz")


@dataclass(frozen=True, eq=False)
class Plausibility:
    """The distribution of frontal chest radiographs.

    components, middle  (k, 1024), (1024,): of the standardised thumbnail, scaled to a variance of 1
    centre, spread      (f,): mean and standard deviation of the k components and the other numbers
    precision           (f, f): inverse of their covariance, after scaling
    limit               distance above which a picture is called unusual
    """

    components: np.ndarray
    middle: np.ndarray
    centre: np.ndarray
    spread: np.ndarray
    precision: np.ndarray
    limit: np.ndarray

    def distance(self, grey: np.ndarray) -> float:
        """Distance of a picture `(h, w)` in [0, 1], in units of the limit: above 1 it is unusual."""
        return float(np.sqrt(self._squared([_thumbnail(grey)])[0] / self.limit))

    def _squared(self, thumbnails: Sequence[np.ndarray]) -> np.ndarray:
        described = np.stack([self._described(each) for each in thumbnails])
        offset = (described - self.centre) / self.spread
        return np.einsum("ni,ij,nj->n", offset, self.precision, offset)

    def _described(self, thumbnail: np.ndarray) -> np.ndarray:
        pixels = _pixels(thumbnail) - self.middle
        found = self.components @ pixels
        unexplained = ((pixels - self.components.T @ (found / self._scale)) ** 2).mean()
        return np.concatenate([found, [np.log(unexplained + 1e-6)], _numbers(thumbnail)])

    @cached_property
    def _scale(self) -> np.ndarray:
        """(k,): squared lengths of the components."""
        return (self.components**2).sum(axis=1)

    def save(self, file: Path) -> None:
        """Write the file that `load` reads; the components as float16."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        arrays: dict[str, Any] = {name: np.asarray(value, np.float32) for name, value in values.items()}
        arrays["components"] = arrays["components"].astype(np.float16)
        np.savez_compressed(file, **arrays)


def load(file: Path = FILE) -> Plausibility:
    """Read the file that `Plausibility.save` wrote."""
    with np.load(file) as archive:
        return Plausibility(**{field.name: archive[field.name].astype(np.float64) for field in fields(Plausibility)})


@lru_cache(maxsize=1)
def packaged() -> Plausibility:
    """The packaged distribution."""
    return load()


def fit(pictures: Sequence[np.ndarray], held_out: Sequence[np.ndarray]) -> Plausibility:
    """Fit to frontal chest radiographs in [0, 1]; the limit is set on those of other patients."""
    from sklearn.covariance import LedoitWolf
    from sklearn.decomposition import PCA

    thumbnails = [_thumbnail(each) for each in pictures]
    pca = PCA(COMPONENTS, svd_solver="full").fit(np.stack([_pixels(each) for each in thumbnails]))
    components = (pca.components_ / np.sqrt(pca.explained_variance_)[:, None]).astype(np.float16).astype(float)
    count = COMPONENTS + 1 + len(_numbers(thumbnails[0]))
    plain = Plausibility(components, pca.mean_, np.zeros(count), np.ones(count), np.eye(count), np.array(1.0))
    described = np.stack([plain._described(each) for each in thumbnails])
    centre, spread = described.mean(axis=0), described.std(axis=0) + 1e-9
    precision = LedoitWolf().fit((described - centre) / spread).precision_
    fitted = Plausibility(components, pca.mean_, centre, spread, precision, np.array(1.0))
    limit = np.quantile(fitted._squared([_thumbnail(each) for each in held_out]), SHARE_BELOW_LIMIT)
    return Plausibility(components, pca.mean_, centre, spread, precision, np.array(limit))


def _thumbnail(grey: np.ndarray) -> np.ndarray:
    return cv2.resize(np.asarray(grey, np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def _standardised(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / (values.std() + 1e-3)


def _pixels(thumbnail: np.ndarray) -> np.ndarray:
    small = cv2.resize(thumbnail, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    return _standardised(small).ravel()


def _numbers(thumbnail: np.ndarray) -> np.ndarray:
    """Percentiles of brightness, strength of edges, correlation with the mirror image, shares of clipped pixels."""
    values = _standardised(thumbnail)
    small = _pixels(thumbnail)
    # averaging and standardising give the mirror image the mirrored pixels
    mirrored = small @ small.reshape(THUMBNAIL, THUMBNAIL)[:, ::-1].ravel() / THUMBNAIL**2
    edges = (np.diff(values, axis=1), np.diff(values, axis=0), cv2.Laplacian(values, cv2.CV_32F))
    return np.concatenate(
        [
            np.percentile(values, [1, 5, 25, 50, 75, 95, 99]),
            [np.log(np.abs(each).mean() + 1e-4) for each in edges],
            [mirrored, (thumbnail < 0.01).mean(), (thumbnail > 0.99).mean()],
        ]
    )
