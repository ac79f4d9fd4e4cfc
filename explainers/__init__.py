"""What a plugin author imports. Light: neither TensorFlow nor Gradio is loaded from here."""

from hub.lazy_imports import lazy_attributes

_LAZY_IMPORTS = {
    "Context": "explainers.contract.context",
    "Deprecated": "explainers.contract.options",
    "Explainer": "explainers.contract.explainer",
    "Explanation": "explainers.contract.explanation",
    "Layer": "explainers.contract.options",
    "Measure": "explainers.contract.measure",
    "Measured": "explainers.contract.measure",
    "Network": "explainers.contract.network",
    "NotMeasurable": "explainers.contract.measure",
    "Range": "explainers.contract.options",
    "Registry": "explainers.registry",
    "Subject": "explainers.contract.measure",
    "class_log_odds": "explainers.contract.network",
    "check_explainer": "explainers.kit",
    "check_measure": "explainers.kit",
    "check_network": "explainers.kit",
    "compare": "explainers.running.comparison",
    "load_network": "explainers.loading",
    "hookimpl": "explainers.hookspecs",
    "measure": "explainers.running.measuring",
}

__all__ = sorted(_LAZY_IMPORTS)
__getattr__ = lazy_attributes(__name__, _LAZY_IMPORTS)
