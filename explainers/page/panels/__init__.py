"""The panels of the page, one folder each."""

import pkgutil
from importlib import import_module

from explainers.page.panel import PLACES, Panel


def discover() -> list[type[Panel]]:
    """The panel classes of all folders here, by place and order."""
    modules = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    kinds = [
        kind
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Panel) and kind.__module__ == module.__name__
    ]
    return sorted(kinds, key=lambda kind: (PLACES.index(kind.place), kind.order, kind.__module__))
