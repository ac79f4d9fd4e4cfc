"""The eighteen checks, one function each, by what they look at. A check returns a sentence, or raises."""

from collections.abc import Callable, Mapping

from explainers.kit.checks import conduct, dependence, maps
from explainers.kit.trial import Trial

Check = Callable[[Trial], str]

CHECKS: Mapping[str, Check] = {
    "shape": maps.shape,
    "dtype": maps.dtype,
    "finite": maps.finite,
    "frame": maps.frame,
    "sign": maps.sign,
    "determinism": dependence.determinism,
    "finding": dependence.finding,
    "weights": dependence.weights,
    "batch": dependence.batch,
    "purity": dependence.purity,
    "progress": conduct.progress,
    "cancel": conduct.cancel,
    "options": conduct.options,
    "planted": maps.planted,
    "time": conduct.time,
    "threads": dependence.threads,
    "provenance": conduct.provenance,
    "unit": maps.unit,
}
"""In the order in which they are run and reported."""
