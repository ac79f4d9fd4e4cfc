"""The same work for programs: endpoints on the page's own server.

Gradio derives names and types from the signatures and validates nothing: `arguments` does. No answer has a field
called `path` or `url`, since the Python client would take it for a file.
"""

import inspect
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import Any

import gradio as gr
from gradio.data_classes import FileData

from cxr import Predictor, Radiograph, read_radiograph
from cxr.findings import check_finding
from cxr.frame import Box
from explainers.agreement import agreement
from explainers.contract.explanation import Explanation
from explainers.errors import ExplainerError
from explainers.output.files import npz_bytes, png_bytes
from explainers.page.api import arguments, responses
from explainers.page.call_filter import REQUIRED
from explainers.page.concurrency import EXPLAINING, SCORING
from explainers.page.error_boundary import endpoint
from explainers.page.state import AppState
from explainers.pictures import figure
from explainers.running.comparison import Failed, Finished, compare
from explainers.running.measuring import MeasureDone, measure

LIGHT = {"concurrency_id": "light", "concurrency_limit": 8}


def define(state: AppState) -> None:
    """Define the endpoints; to be called inside a Blocks context."""
    doors = Endpoints(state)
    gr.api(doors.predict, api_name="predict", **SCORING)
    gr.api(doors.explain, api_name="explain", **EXPLAINING)
    gr.api(doors.compare, api_name="compare", **EXPLAINING)
    for light in (doors.findings, doors.explainers, doors.model_info, doors.health):
        gr.api(light, api_name=light.__name__, **LIGHT)


def defaults() -> dict[str, tuple[object, ...]]:
    """{endpoint: the defaults of its arguments, in their order}, for calls that leave some out; see `gate`."""
    functions = (Endpoints.predict, Endpoints.explain, Endpoints.compare, Endpoints.findings, Endpoints.model_info)
    return {
        function.__name__: tuple(
            REQUIRED if each.default is each.empty else each.default
            for name, each in inspect.signature(function).parameters.items()
            if name != "self"
        )
        for function in functions
    }


@dataclass(frozen=True, eq=False)
class ExplainRequest:
    """The checked subject of an explanation: which network, which radiograph, which finding, with which seed."""

    predictor: Predictor
    radiograph: Radiograph
    finding: str
    seed: int

    def answer(self, results: Sequence[dict], *, done: bool, made: Sequence[Explanation] = ()) -> dict:
        """JSON of a comparison so far; with the agreement between the explanations `made`, if there are any."""
        subject = {"finding": self.finding, "seed": self.seed, "done": done}
        if made:
            subject["agreement"] = agreement(made).to_json()
        # copies: Gradio sends the difference to the last answer, which therefore must not change
        return responses.answer(self.predictor, **subject, results=deepcopy(list(results)))


class Endpoints:
    """What programs may call, over one state."""

    def __init__(self, state: AppState) -> None:
        self.state = state

    @endpoint
    def predict(self, image: FileData, model: str = "", window: str = "") -> dict[str, Any]:
        """Scores of a radiograph: logit, score, operating point and calibrated probability of each finding.

        image: an uploaded file (PNG, JPEG, WebP, TIFF; DICOM where the server reads it). model: "" for the one in use.
        window: of a DICOM file, the name of one of the answer's `windows`; "" for the one that the file asks for.
        """
        predictor = self.state.networks.find(arguments.text("model", model))
        radiograph = self._radiograph(image, window)
        prediction = predictor.predict(radiograph)
        shown = {"window": radiograph.window, "windows": [asdict(each) for each in radiograph.windows]}
        found = prediction.to_json() | (shown if radiograph.windows else {})
        return responses.answer(predictor, **found, input=asdict(prediction.statistics))

    @endpoint
    def explain(
        self,
        image: FileData,
        finding: str = "",
        explainer: str = "grad_cam",
        options: dict[str, Any] | None = None,
        seed: int = 0,
        model: str = "",
        window: str = "",
    ) -> tuple[FileData, FileData, dict[str, Any]]:
        """One explainer's map of one finding: the overlay (PNG), the maps (.npz), and a record of how they were made.

        finding: "" for the one farthest above its operating point. options: {explainer: {option: value}}. window: as
        /predict's.
        """
        name = arguments.text("explainer", explainer)
        asked = self._asked(image, finding, seed, model, window)
        (event,) = self._ended(asked, [name], options)
        if isinstance(event, Failed):
            raise _as_error(event)
        made = event.explanation
        picture = self._file(f"{name}.png", _picture(asked.radiograph, made))
        return (
            picture,
            self._file(f"{name}.npz", npz_bytes(made)),
            responses.answer(asked.predictor, **responses.record(made)),
        )

    @endpoint
    def compare(
        self,
        image: FileData,
        finding: str = "",
        explainers: list[str] | None = None,
        options: dict[str, Any] | None = None,
        seed: int = 0,
        measures: list[str] | None = None,
        model: str = "",
        box: list[float] | None = None,
        window: str = "",
    ) -> Iterator[tuple[list[FileData], FileData | None, dict[str, Any]]]:
        """Several explainers' maps of one finding, streamed as they finish: overlays (PNG), the maps (.npz, at the
        end), and a record of each. explainers: names, or nothing for those that are compared by default. Other
        arguments as /explain's.

        measures: names, see /explainers; each result then has `measures`, and the answer `agreement` between the
        maps. box: [top, left, height, width] in pixels of the radiograph, for the measure `localisation`.

        An explainer or a measure that fails is in the results with its code and reason; the others go on.
        """
        wanted, place = arguments.measures(measures, self.state.registry.measures), arguments.box(box)
        names = self.state.registry.defaults if explainers is None else arguments.texts("explainers", explainers)
        asked = self._asked(image, finding, seed, model, window)
        pictures, made, results = [], [], []
        for event in self._ended(asked, names, options):
            if isinstance(event, Failed):
                results.append({"explainer": event.explainer, "code": event.code, "reason": event.reason})
            else:
                made.append(event.explanation)
                results.append(responses.record(event.explanation))
                picture = _picture(asked.radiograph, event.explanation)
                pictures.append(self._file(f"{event.explainer}.png", picture))
            yield list(pictures), None, asked.answer(results, done=False)
        for each in made if wanted else []:
            own = next(result for result in results if result["explainer"] == each.explainer)
            own["measures"] = {}
            for event in self._measured(asked, each, wanted, place):
                own["measures"][event.measure] = event.to_json()
                yield list(pictures), None, asked.answer(results, done=False)
        maps = self._file("comparison.npz", responses.maps_npz(made))
        yield pictures, maps, asked.answer(results, done=True, made=made if wanted else ())

    @endpoint
    def findings(self, model: str = "") -> dict[str, Any]:
        """The findings that the network scores, with a line on each and its operating point."""
        predictor = self.state.networks.find(arguments.text("model", model))
        return responses.answer(
            predictor, findings=[responses.finding(name, predictor.config) for name in predictor.labels]
        )

    @endpoint
    def explainers(self) -> dict[str, Any]:
        """The explainers with the JSON Schema of their options, and the plugins that were left out."""
        registry = self.state.registry
        known = [responses.explainer(each, registry.origins[name]) for name, each in registry.explainers.items()]
        measures = [responses.measure(each) for each in registry.measures.values()]
        failures = [asdict(failure) for failure in registry.failures]
        return responses.answer(self.state.networks.find(), explainers=known, measures=measures, failures=failures)

    @endpoint
    def model_info(self, model: str = "") -> dict[str, Any]:
        """The checkpoint: description, input rule, layers, metrics, and notes on how it was loaded."""
        predictor = self.state.networks.find(arguments.text("model", model))
        config = predictor.config
        return responses.answer(
            predictor,
            description=config.description,
            license=config.license,
            findings=list(predictor.labels),
            input=predictor.rule.to_config(),
            layers=[{"name": name, "shape": list(shape)} for name, shape in predictor.layers.items()],
            metrics=dict(config.metrics),
            reported=dict(config.raw.get("reported", {})),
            notes=list(self.state.networks.state(self.state.networks.name_of(model)).notes),
        )

    @endpoint
    def health(self) -> dict[str, Any]:
        """Whether the default network is there: "loading", "ready" or "failed", and each that is offered ("idle" until
        it is first asked for). Does not wait.
        """
        networks = self.state.networks
        state = networks.state()
        offered = {name: networks.state(name).state for name in networks.names}
        return responses.answer(networks.loaded(), status=state.state, notes=list(state.notes), models=offered)

    def _asked(self, image: object, finding: object, seed: object, model: object, window: object) -> ExplainRequest:
        predictor = self.state.networks.find(arguments.text("model", model))
        name, number = arguments.text("finding", finding), arguments.seed(seed)
        name = check_finding(name, predictor.labels) if name else ""
        radiograph = self._radiograph(image, window)
        return ExplainRequest(predictor, radiograph, name or predictor.predict(radiograph).default_finding(), number)

    def _ended(self, asked: ExplainRequest, names: Sequence[str], options: object) -> Iterator[Finished | Failed]:
        """How each explainer ended, as it did."""
        events = compare(
            asked.predictor,
            asked.radiograph,
            asked.finding,
            names,
            options=arguments.options(options),
            seed=asked.seed,
            registry=self.state.registry,
            memory=self.state.memory,
        )
        return (event for event in events if isinstance(event, Finished | Failed))

    def _measured(
        self,
        asked: ExplainRequest,
        explanation: Explanation,
        names: Sequence[str],
        box: Box | None,
    ) -> Iterator[MeasureDone]:
        events = measure(asked.predictor, asked.radiograph, [explanation], names, registry=self.state.registry, box=box)
        return (event for event in events if isinstance(event, MeasureDone))

    def _radiograph(self, image: object, window: object) -> Radiograph:
        name = arguments.text("window", window)
        return read_radiograph(arguments.image(image, self.state.folder), window=name)

    def _file(self, name: str, content: bytes) -> dict:
        return responses.file_of(self.state.folder, name, content)


def _picture(radiograph: Radiograph, explanation: Explanation) -> bytes:
    return png_bytes(figure(radiograph, [explanation]))


def _as_error(event: Failed) -> ExplainerError:
    """A failure as the error that it was, by its code."""
    error = ExplainerError(event.reason)
    error.code = event.code
    return error
