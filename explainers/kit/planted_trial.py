"""One explainer on trial: it is run on planted networks, and what it does there is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from explainers.contract.context import Context
from explainers.contract.explainer import Explainer
from explainers.contract.explanation import check_map
from explainers.contract.options import check_options
from explainers.errors import Cancelled, brief
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

    return getattr(planted_network, kind)(**given)


@cache
def disc(y: float = DISC[0], x: float = DISC[1], *, bright: bool = True, seed: int = 0) -> "Radiograph":
    """A picture with one disc."""
    from cxr.planted_network import Disc, picture

    return picture(Disc(y, x, bright), seed=seed)


@dataclass(frozen=True)
class Step:
    """One report of progress: the fraction, and the passes (forward + 2 × backward) made until then."""

    fraction: float
    passes: int


@dataclass(frozen=True, eq=False)
class Run:
    """A map with what was seen while it was made."""

    map: np.ndarray
    raw: object
    context: Context
    steps: tuple[Step, ...]
    passes: int


class Trial:
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
    ) -> Run:
        """Explain a finding (default: the bright disc's) of a picture.

        cancelled  asked with the passes made so far
        writable   whether the input may be written to, so that writing can be seen
        """
        from cxr.pass_counts import count_passes
        from cxr.planted_network import FOR_BRIGHT

        predictor = on or network()
        prepared = predictor.prepare(picture)
        prepared.array.flags.writeable = writable
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
                report=lambda fraction, *_: steps.append(Step(fraction, made())),
                cancelled=(lambda: cancelled(made())) if cancelled else None,
            )
            raw = self._explain(context, finding or FOR_BRIGHT, self.options(options, predictor))
            values = self._checked(raw, prepared.array.shape)
            return Run(values, raw, context, tuple(steps), made())

    def options(self, given: Mapping[str, Any] | None, predictor: "PlantedPredictor") -> dict[str, Any]:
        """All options, those given checked; OptionError as the host raises it."""
        layers, layer = predictor.layers, predictor.target_layer
        return check_options(self.explainer, given or {}, layers=layers, default_layer=layer)

    def _explain(self, context: Context, finding: str, options: Mapping[str, Any]) -> object:
        try:
            return self.explainer().explain(context, finding, **options)
        except Cancelled:
            raise
        except (CxrLensError, Exception) as error:
            raise CheckFailed(f"explain raised {brief(error).rstrip('.')}.") from error

    def _checked(self, raw: object, shape: tuple[int, ...]) -> np.ndarray:
        try:
            return check_map(raw, shape)
        except CxrLensError as error:
            raise CheckFailed(str(error)) from error


def enlarged(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A map on its cells, enlarged to the input."""
    from cxr.frame import Frame

    return Frame(size, size, (0.0, 0.0, float(size[0]), float(size[1]))).map_to_input(values)
