"""Runs one measure on explanations of planted networks, of which it is known how good they are."""

from functools import cache
from typing import TYPE_CHECKING

from explainers.contract.explanation import Explanation
from explainers.contract.measure import Measure, Measured, NotMeasurable, Subject
from explainers.errors import describe_plugin_error
from explainers.kit.explainer_runner import DISC, disc, network
from explainers.kit.report import CheckFailed, NotApplicable
from explainers.running.measuring import check_measured
from hub.errors import CxrLensError

if TYPE_CHECKING:
    from cxr.planted_network import PlantedPredictor
    from cxr.reading.radiograph import Radiograph
    from explainers.registry import Registry

TRUE = ("grad_cam", {"layer": "relu"})
"""An explainer and its options that are exact on the planted network."""

USELESS = ("random_map", "centred_gaussian")
"""Controls: the one knows nothing of the picture and draws noise, the other shows the middle of every picture."""


class MeasureRunner:
    """Runs one measure class on explanations of the planted network."""

    def __init__(self, measure: type[Measure]) -> None:
        self.measure = measure

    def needs_box(self) -> bool:
        """Whether it says so, or says nothing of the true map without a box."""
        if self.measure.needs_box:
            return True
        try:
            self.on(explained(TRUE[0], tuple(TRUE[1].items())), boxed=False)
        except (NotMeasurable, CheckFailed):
            return True
        return False

    def on(self, explanation: Explanation, *, boxed: bool = True, given: "PlantedPredictor | None" = None) -> Measured:
        """What it says of an explanation of a network (default: the planted one); CheckFailed if it raises."""
        from cxr.planted_network import Disc

        registry, on = _registry(), given or network()
        picture = _picture(on, explanation.finding)
        box = Disc(DISC[0] + on.margin[0], DISC[1] + on.margin[1]).box if boxed else None
        explainer = registry.explainers[explanation.explainer]
        subject = Subject(explanation, explainer, on, picture, on.prepare(picture), box)
        try:
            return check_measured(self.measure().measure(subject))
        except (NotMeasurable, KeyboardInterrupt):
            raise  # no failure; the user's own
        except CxrLensError as error:
            raise CheckFailed(str(error)) from error
        except BaseException as error:
            raise CheckFailed(describe_plugin_error(error)) from error

    def all(self, finding: str = "") -> dict[str, Measured]:
        """{explainer: what it says}, of the true map and of those controls that it says something of.

        finding  default: the one that the bright disc speaks for
        """
        found = {}
        for name, options in (TRUE, *((name, {}) for name in USELESS)):
            try:
                found[name] = self.on(explained(name, tuple(options.items()), finding=finding))
            except NotMeasurable:
                continue
        if not found:
            raise NotApplicable("It says nothing of any map of the planted network.")
        return found


@cache
def _registry() -> "Registry":
    from explainers.registry import Registry

    return Registry.standard()


def _picture(on: "PlantedPredictor", finding: str) -> "Radiograph":
    """The usual disc, with what the network does not see around it."""
    from cxr.planted_network import FOR_DARK, Disc, picture

    if not any(on.margin):
        return disc(bright=finding != FOR_DARK)
    down, across = on.margin
    size = (on.size[0] + 2 * down, on.size[1] + 2 * across)
    return picture(Disc(DISC[0] + down, DISC[1] + across, bright=finding != FOR_DARK), size=size)


@cache
def explained(
    explainer: str, options: tuple, seed: int = 0, finding: str = "", on: "PlantedPredictor | None" = None
) -> Explanation:
    from cxr.planted_network import FOR_BRIGHT
    from explainers.running.comparison import Finished, compare

    *_, done = compare(
        on or network(),
        _picture(on or network(), finding),
        finding or FOR_BRIGHT,
        [explainer],
        options={explainer: dict(options)},
        seed=seed,
        registry=_registry(),
    )
    assert isinstance(done, Finished), done
    return done.explanation
