"""Runs one measure on explanations of planted networks, of which it is known how good they are."""

from functools import cache
from typing import TYPE_CHECKING

from explainers.contract.explainer import Explainer
from explainers.contract.explanation import Explanation
from explainers.contract.measure import Measure, Measured, NotMeasurable, Subject
from explainers.errors import describe_plugin_error
from explainers.kit.explainer_runner import DISC, disc, network
from explainers.kit.report import CheckFailed, NotApplicable
from explainers.running.measuring import check_measured
from hub.errors import CxrLensError

if TYPE_CHECKING:
    from cxr.frame import Box
    from cxr.planted_network import PlantedPredictor
    from cxr.reading.radiograph import Radiograph
    from explainers.registry import Registry

TRUE = ("grad_cam", {"layer": "relu"})
"""An explainer and its options that are exact on the planted network."""

DERIVATIVES = "saliency"
"""An explainer whose unit is a logit per input unit; it is right about a bright disc."""

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

    def on(
        self,
        explanation: Explanation,
        *,
        boxed: bool = True,
        given: "PlantedPredictor | None" = None,
        place: tuple[float, float] = DISC,
        shared: dict | None = None,
        box: "Box | None" = None,
        more_boxes: "tuple[Box, ...]" = (),
        explainer: type[Explainer] | None = None,
    ) -> Measured:
        """What it says of an explanation of a network (default: the planted one); CheckFailed if it raises.

        box         on the radiograph (default: the disc's); more_boxes: further ones
        explainer   the class that the measure is given (default: the explanation's)
        place       (y, x) of the disc in the picture that was explained
        shared      what measures of one radiograph share
        """
        from cxr.planted_network import Disc

        on = given or network()
        picture = picture_of(on, explanation.finding, place)
        box = (box or Disc(place[0] + on.margin[0], place[1] + on.margin[1]).box) if boxed else None
        explainer = explainer or explainer_of(explanation.explainer)
        subject = Subject(
            explanation, explainer, on, picture, on.prepare(picture), box, {} if shared is None else shared,
            more_boxes=more_boxes,
        )  # fmt: skip
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


def explainer_of(name: str) -> type[Explainer]:
    """The built-in explainer of a name."""
    return _registry().explainers[name]


@cache
def picture_of(on: "PlantedPredictor", finding: str, place: tuple[float, float] = DISC) -> "Radiograph":
    """The finding's disc, with what the network does not see around it."""
    from cxr.planted_network import FOR_DARK, SIZE, Disc, picture

    bright = finding != FOR_DARK
    if not any(on.margin) and on.size == SIZE:
        return disc(*place, bright=bright)
    down, across = on.margin
    size = (on.size[0] + 2 * down, on.size[1] + 2 * across)
    return picture(Disc(place[0] + down, place[1] + across, bright=bright), size=size)


@cache
def explained(
    explainer: str,
    options: tuple,
    seed: int = 0,
    finding: str = "",
    on: "PlantedPredictor | None" = None,
    place: tuple[float, float] = DISC,
) -> Explanation:
    """An explanation of the disc's picture, computed once."""
    from cxr.planted_network import FOR_BRIGHT
    from explainers.running.comparison import Finished, compare

    *_, done = compare(
        on or network(),
        picture_of(on or network(), finding, place),
        finding or FOR_BRIGHT,
        [explainer],
        options={explainer: dict(options)},
        seed=seed,
        registry=_registry(),
    )
    assert isinstance(done, Finished), done
    return done.explanation
