"""Runs one explainer on planted networks and records what it does there."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from explainers.contract.context import Context
from explainers.contract.explainer import Explainer
from explainers.contract.explanation import check_map, check_returned
from explainers.contract.options import check_options
from explainers.errors import Cancelled, describe_plugin_error
from explainers.kit.report import CheckFailed
from hub.errors import CxrLensError

if TYPE_CHECKING:
    from cxr.planted_network import PlantedPredictor
    from cxr.reading.radiograph import Radiograph

DISC = (22.0, 66.0)
"""(y, x) of the disc in pictures where the place doesn't matter: off the middle, off both diagonals."""


@cache
def network(kind: str = "planted", **given: Any) -> "PlantedPredictor":
    """A planted network, built once."""
    from cxr import planted_network

    built = getattr(planted_network, kind)(**given)
    _STATES[built] = built.state()
    return built


_STATES: "WeakKeyDictionary[PlantedPredictor, str]" = WeakKeyDictionary()
"""The state of each network when it was built."""


def discard_changed_networks() -> bool:
    """Build all networks again if an explainer changed one, so that it does no harm to the next; whether it did."""
    changed = any(built.state() != state for built, state in _STATES.items())
    if changed:
        network.cache_clear()
        _STATES.clear()
    return changed


@cache
def disc(y: float = DISC[0], x: float = DISC[1], *, bright: bool = True, seed: int = 0) -> "Radiograph":
    """A picture with one disc."""
    from cxr.planted_network import Disc, picture

    return picture(Disc(y, x, bright), seed=seed)


def even() -> "Radiograph":
    """A picture of one value."""
    grey, rgb = np.full_like(disc().grey, 0.5), np.full_like(disc().rgb, 127)
    grey.flags.writeable = False
    return replace(disc(), grey=grey, rgb=rgb)


@dataclass(frozen=True)
class Step:
    """One report of progress: the fraction, the passes (forward + 2 × backward) made until then, and the preview."""

    fraction: float
    passes: int
    preview: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Run:
    """A map with what was observed while it was computed."""

    map: np.ndarray
    raw: object
    context: Context
    steps: tuple[Step, ...]
    passes: int


class ExplainerRunner:
    """Runs one explainer class. Whatever it raises becomes a CheckFailed with a sentence for its author."""

    def __init__(self, explainer: type[Explainer]) -> None:
        self.explainer = explainer

    def map(self, picture: "Radiograph", finding: str = "", **settings: Any) -> np.ndarray:
        """The checked map alone; arguments as `run`'s."""
        return self.run(picture, finding, **settings).map

    def run(
        self,
        picture: "Radiograph",
        finding: str = "",
        *,
        on: "PlantedPredictor | None" = None,
        options: Mapping[str, Any] | None = None,
        seed: int = 0,
        cancelled: Callable[[int], bool] | None = None,
        writable: bool = False,
        digest: str = "",
    ) -> Run:
        """Explain a finding (default: the bright disc's) of a picture.

        cancelled  called with the number of passes so far; true cancels the run
        writable   whether the input may be written to, so that writing can be seen
        digest     in place of the input's own, for the same random numbers with another input
        """
        from cxr.pass_counts import count_passes
        from cxr.planted_network import FOR_BRIGHT

        predictor = on or network()
        prepared = predictor.prepare(picture)
        prepared.array.flags.writeable = writable
        # the host scores a radiograph before it is explained, so that pass counts for no explainer
        _ = Context(predictor, picture, prepared).logits
        steps: list[Step] = []
        with count_passes() as counter:

            def made() -> int:
                return counter.forward + 2 * counter.backward

            context = Context(
                predictor,
                picture,
                prepared,
                explainer=self.explainer.name,
                seed=seed,
                digest=digest,
                report=lambda fraction, _, preview: steps.append(Step(fraction, made(), preview)),
                cancelled=(lambda: cancelled(made())) if cancelled else None,
            )
            raw = self._explain(context, finding or FOR_BRIGHT, self.options(options, predictor))
            values = self._checked(raw, prepared.array.shape)
            return Run(values, raw, context, tuple(steps), made())

    def all_findings(
        self, context: Context, findings: Sequence[str], given: Mapping[str, Any] | None = None
    ) -> np.ndarray:
        """What `explain_findings` returns, an array; CheckFailed if it raises."""
        options = self.options(given, network())
        return self._guarded(
            lambda: check_returned(
                self.explainer().explain_findings(context, list(findings), **options), "explain_findings"
            )
        )

    def options(self, given: Mapping[str, Any] | None, predictor: "PlantedPredictor") -> dict[str, Any]:
        """All options, those given checked; OptionError as the host raises it."""
        layers, layer = predictor.layers, predictor.target_layer
        return check_options(self.explainer, given or {}, layers=layers, default_layer=layer)

    def _explain(self, context: Context, finding: str, options: Mapping[str, Any]) -> object:
        return self._guarded(lambda: self.explainer().explain(context, finding, **options))

    def _guarded(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except (Cancelled, KeyboardInterrupt):
            raise  # a check cancelled it; the user's own
        except CxrLensError as error:
            raise CheckFailed(str(error)) from error
        except BaseException as error:
            raise CheckFailed(describe_plugin_error(error)) from error

    def _checked(self, raw: object, shape: tuple[int, ...]) -> np.ndarray:
        try:
            return check_map(raw, shape)
        except CxrLensError as error:
            raise CheckFailed(str(error)) from error


def enlarged(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A map on its cells, enlarged to the input."""
    from cxr.frame import Frame

    return Frame(size, size, (0.0, 0.0, float(size[0]), float(size[1]))).map_to_input(values)


@contextmanager
def other_global_numbers() -> Iterator[None]:
    """The global generators stand elsewhere in the block, as they do in another program."""
    states = np.random.get_state(), random.getstate()
    np.random.seed(987)
    random.seed(987)
    try:
        yield
    finally:
        np.random.set_state(states[0])
        random.setstate(states[1])
