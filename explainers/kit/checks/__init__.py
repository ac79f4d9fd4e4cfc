"""The checks, one function each, by what they look at. A check returns a sentence, or raises."""

from collections.abc import Callable, Mapping

from explainers.kit.checks import arithmetic, behaviour, dependence, local, maps, settings, symmetry
from explainers.kit.explainer_runner import ExplainerRunner

Check = Callable[[ExplainerRunner], str]

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
    "progress": behaviour.progress,
    "cancel": behaviour.cancel,
    "options": behaviour.options,
    "planted": maps.planted,
    "time": behaviour.time,
    "threads": dependence.threads,
    "provenance": behaviour.provenance,
    "unit": maps.unit,
    "sums": arithmetic.sums,
    "derivative": arithmetic.derivative,
    "magnitude": arithmetic.magnitude,
    "channels": arithmetic.channels,
    "crop": arithmetic.crop,
    "layer": arithmetic.layer,
    "symmetry": symmetry.symmetry,
    "settings": settings.settings,
    "previews": settings.previews,
    "names": dependence.names,
    "local": local.local,
}
"""In the order in which they are run and reported."""
