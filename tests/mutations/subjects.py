"""The sources that faults are put into, and how a changed source becomes a class again."""

import importlib
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import explainers
from explainers.contract.explainer import Explainer
from explainers.contract.measure import Measure

ROOT = Path(explainers.__file__).parent

HELPERS = {
    "smoothgrad": ("noisy_gradients",),
    "localisation": ("box_scores",),
    "relevance_gain": ("removal",),
    "verified": ("claims", "verification"),
}
"""Modules with the arithmetic of one explainer or measure, which are changed too."""

CHOICES = {
    "occlusion": ("covariance", "coarse_to_fine"),
    "stability": ("_changes",),
    "relevance_gain": ("control_maps",),
    "verified": ("_controls",),
}
"""Functions whose numbers are a choice among valid ones: in which order windows are computed and how the others are
interpolated, by how much a picture is changed, how wide a control is. They are left alone, as constants at the top of a
module are; what they must keep is in `by_hand`."""

LEFT_OUT = ("verified_grid", "attention_relevance")
"""A measure whose arithmetic is another's, and an explainer of networks that the kit does not have."""


@dataclass(frozen=True)
class Subject:
    """A built-in explainer or measure.

    name     its name
    module   of its class
    sources  modules that faults are put into, its own first
    """

    name: str
    module: str
    sources: tuple[str, ...]

    @property
    def choices(self) -> tuple[str, ...]:
        """Functions that are left alone."""
        return CHOICES.get(self.name, ())

    def text(self, source: str) -> str:
        """A module's source."""
        return (ROOT.parent / (source.replace(".", "/") + ".py")).read_text(encoding="utf-8")

    def loaded(self, source: str = "", text: str = "") -> type[Explainer] | type[Measure]:
        """The class, with the text in place of one module's source. Whatever the text raises is raised."""
        with _instead(source, text) if source and source != self.module else _unchanged():
            module = _executed(self.module, text if source == self.module else self.text(self.module))
        hooks = [each for name, each in vars(module).items() if name in ("cxr_lens_explainers", "cxr_lens_measures")]
        return hooks[0]()[0]


def subjects() -> Iterator[Subject]:
    """Every built-in, explainers first."""
    for folder in ("builtin", "builtin/controls", "measures"):
        for file in sorted((ROOT / folder).glob("[!_]*.py")):
            if file.stem not in LEFT_OUT:
                module = ".".join(("explainers", *folder.split("/"), file.stem))
                helpers = (f"explainers.{name}" for name in HELPERS.get(file.stem, ()))
                yield Subject(file.stem, module, (module, *helpers))


def _executed(name: str, text: str) -> types.ModuleType:
    module = types.ModuleType(f"{name}_changed")
    module.__file__ = f"{name.rsplit('.', 1)[-1]}.py"
    sys.modules[module.__name__] = module  # dataclasses look their module up
    exec(compile(text, module.__file__, "exec"), module.__dict__)
    return module


@contextmanager
def _instead(source: str, text: str) -> Iterator[None]:
    """A module changed in the block; modules that import it there get the changed one."""
    original = importlib.import_module(source)
    others = {name: importlib.import_module(name) for name in _importing(source)}
    try:
        sys.modules[source] = changed = _executed(source, text)
        for name in others:
            sys.modules[name] = _executed(name, Path(others[name].__file__ or "").read_text(encoding="utf-8"))
        setattr(explainers, source.rsplit(".", 1)[-1], changed)
        yield
    finally:
        sys.modules[source] = original
        sys.modules.update(others)
        setattr(explainers, source.rsplit(".", 1)[-1], original)


def _importing(source: str) -> tuple[str, ...]:
    """Helper modules that import a helper module."""
    return ("explainers.verification",) if source == "explainers.claims" else ()


@contextmanager
def _unchanged() -> Iterator[None]:
    yield
