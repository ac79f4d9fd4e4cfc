"""Bootstrap heads: output layers fitted on resampled patients, for the sampling uncertainty of scores and maps.

All heads share one backbone, so they show the uncertainty of the output layer alone, which is less than that of
networks trained again.
"""

from collections.abc import Callable, Sequence

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from cxr.evaluation.bootstrap import patient_resamples
from cxr.training.class_weights import ClassWeights

HEADS = 20
COMPONENTS = 64
"""Principal components of the features that a head is fitted on: the 1,024 channels are strongly correlated."""

STRENGTH = 1e-4
"""Inverse strength of the ridge penalty (scikit-learn's C), for components scaled to a variance of 1. On the starter's
features, heads with a ten times smaller value were worse on validation than the network's own output layer; with this
value they were as good."""

OWN = 100.0
"""Scale of the network's own logit among the components: large, so that the ridge leaves its coefficient free."""


def bootstrap_heads(
    features: np.ndarray,
    labels: np.ndarray,
    patients: Sequence[str],
    weights: ClassWeights,
    *,
    kernel: np.ndarray,
    bias: np.ndarray,
    heads: int = HEADS,
    seed: int = 0,
    progress: Callable[[int], None] = lambda count: None,
) -> tuple[np.ndarray, np.ndarray]:
    """(kernels (heads, k, n), biases (heads, n)) around the network's own output layer.

    features  (rows, k) pooled features of the training pictures
    labels    (rows, n) 1, 0 or NaN
    kernel    (k, n) of the network's own output layer, and its bias (n,)

    A weighted logistic regression is fitted to all patients, and to patients drawn with replacement. Each head is the
    network's own layer plus the difference of the two. The regression (scikit-learn) has the network's own logit, with
    a free coefficient, and the features' principal components, with a ridge penalty.
    """
    fit = _Fit(features, labels, weights, kernel)
    whole = fit(np.arange(len(labels)))
    kernels, biases = [], []
    for rows in patient_resamples(patients, count=heads, seed=seed):
        drawn = fit(rows)
        kernels.append(kernel + drawn[0] - whole[0])
        biases.append(bias + drawn[1] - whole[1])
        progress(1)
    return np.stack(kernels), np.stack(biases)


class _Fit:
    """The regression of every finding on the network's own logit and the features' components."""

    def __init__(self, features: np.ndarray, labels: np.ndarray, weights: ClassWeights, kernel: np.ndarray) -> None:
        self._pca = PCA(min(COMPONENTS, *features.shape), whiten=True, svd_solver="randomized", random_state=0)
        self._values = self._pca.fit_transform(features)
        self._own = features @ kernel
        self._labels, self._weights, self._kernel = labels, weights, kernel

    def __call__(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(kernel (k, n), bias (n,)) on the features themselves."""
        heads = [self._finding(rows, at) for at in range(self._labels.shape[1])]
        scale = np.maximum(np.sqrt(self._pca.explained_variance_), 1e-12)
        on_components = self._pca.components_.T @ np.stack([head[1:-1] / scale for head in heads], axis=1)
        kernel = self._kernel * [OWN * head[0] for head in heads] + on_components
        return kernel, np.array([head[-1] for head in heads]) - self._pca.mean_ @ on_components

    def _finding(self, rows: np.ndarray, at: int) -> np.ndarray:
        """Coefficients of own logit and components, and the intercept; zeros where the rows have one label only."""
        rows = rows[np.isfinite(self._labels[rows, at])]
        truth = self._labels[rows, at] == 1
        if truth.all() or not truth.any():
            return np.zeros(self._values.shape[1] + 2)
        weight = {True: self._weights.pos_weights[at], False: self._weights.neg_weights[at]}
        total = weight[True] * truth.sum() + weight[False] * (~truth).sum()
        scaled = {kind: value * len(rows) / total for kind, value in weight.items()}
        model = LogisticRegression(C=STRENGTH, class_weight=scaled, max_iter=200, tol=1e-3)
        model.fit(np.column_stack([OWN * self._own[rows, at], self._values[rows]]), truth)
        return np.append(model.coef_[0], model.intercept_[0])
