"""The hooks of cxr-lens: what a plugin may define, when it is called, and how its return value is used.

A plugin is a module. It is found through the entry-point group `cxr_lens`, through `--plugin FILE_OR_MODULE`, or by
`Registry.register(module)`. It marks its functions with `hookimpl`:

    from explainers import Explainer, hookimpl

    @hookimpl
    def cxr_lens_explainers():
        return [MyExplainer]
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

from explainers.contract.explainer import Explainer

if TYPE_CHECKING:
    from explainers.contract.measure import Measure
    from explainers.contract.network import Network

PROJECT = "cxr_lens"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def cxr_lens_explainers() -> Iterable[type[Explainer]]:
    """The explainers that this plugin brings: classes, not instances.

    Called once, when the plugin is registered. Each class is checked by itself: one that breaks the contract, was
    written for another version of it, or has a name that is taken is left out and reported, and the others stay.
    Built-in explainers win a name; among the others, the plugin that was registered first. A hook that raises, or
    returns something else, is reported with its reason and harms nothing.

        @hookimpl
        def cxr_lens_explainers():
            return [MyExplainer, MyOtherExplainer]
    """
    raise NotImplementedError  # a specification; pluggy calls the plugins' functions


@hookspec
def cxr_lens_measures() -> "Iterable[type[Measure]]":
    """The measures that this plugin brings: classes, not instances. Checked and reported as explainers are.

    @hookimpl
    def cxr_lens_measures():
        return [MyMeasure]
    """
    raise NotImplementedError


@hookspec
def cxr_lens_networks() -> "Iterable[type[Network]]":
    """The networks that this plugin brings: classes, not instances. Checked and reported as explainers are.

    A class is made when its network is loaded, by `--model NAME` or `--model my_network.py`, not when it is registered:
    its weights are read in `__init__`.

        @hookimpl
        def cxr_lens_networks():
            return [MyNetwork]
    """
    raise NotImplementedError
