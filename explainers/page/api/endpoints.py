"""Endpoints for programs, on the page's own server.

Gradio derives names, types and descriptions from signatures and docstrings and validates nothing: `requests` does. No
answer has a field called `path` or `url`, since Gradio's Python client would take it for a file.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from copy import deepcopy
from dataclasses import asdict
from typing import Any

import gradio as gr
from gradio.context import get_blocks_context
from gradio.data_classes import FileData
from gradio.utils import get_function_description

from cxr import Radiograph
from cxr.findings import check_finding
from explainers.agreement import agreement
from explainers.contract.explanation import Explanation
from explainers.errors import ExplainerError
from explainers.output.files import npz_bytes, png_bytes
from explainers.page.api import responses
from explainers.page.api.calls import Call, Subject
from explainers.page.api.requests import (
    CompareRequest,
    ExplainRequest,
    NetworkRequest,
    PredictRequest,
    SubjectRequest,
    image_bytes,
)
from explainers.page.call_filter import REQUIRED, Parameters
from explainers.page.concurrency import EXPLAINING, LIGHT, SCORING
from explainers.page.error_boundary import endpoint
from explainers.page.networks import AnsweringNetwork
from explainers.page.state import AppState
from explainers.pictures import figure
from explainers.running.comparison import Failed, Finished
from explainers.running.measuring import MeasureDone


def public(group: dict[str, Any]) -> Callable[[Callable], Callable]:
    """A method that programs call; `group` says how many of them run at once."""

    def decorated(function: Callable) -> Callable:
        wrapped = endpoint(function)
        wrapped.concurrency_group = group  # type: ignore[attr-defined]
        return wrapped

    return decorated


class Endpoints:
    """What programs may call, over one state."""

    def __init__(self, state: AppState) -> None:
        self.state = state

    @public(SCORING)
    def predict(self, image: FileData, model: str = "", window: str = "") -> dict[str, Any]:
        """Scores of a radiograph: logit, score, operating point and calibrated probability of each finding.

        For research only, not for diagnosis.

        Args:
            image: An uploaded file: PNG, JPEG, WebP or TIFF, and DICOM where the server reads it.
            model: Name of the network; "" for the server's default. /health lists the names.
            window: For DICOM, one of the answer's `windows`; "" for the one that the file names.
        """
        request = PredictRequest.check(model=model, window=window)
        self._call()
        network = self.state.networks.answering(request.model)
        with self._radiograph(image, request) as radiograph:
            prediction = network.predictor.predict(radiograph)
            found = prediction.to_json() | {"input": asdict(prediction.statistics)}
            if radiograph.windows:
                found |= {"window": radiograph.window, "windows": [asdict(each) for each in radiograph.windows]}
        return responses.answer(network, **found)

    @public(EXPLAINING)
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

        A map shows what the network responds to, not where a disease is. For research only.

        Args:
            image: An uploaded file: PNG, JPEG, WebP or TIFF, and DICOM where the server reads it.
            finding: Name of the finding; "" for the one farthest above its operating point. /findings lists them.
            explainer: Name of the explainer; /explainers lists the names and what each does.
            options: {explainer: {option: value}}; /explainers has the JSON Schema of each explainer's options.
            seed: A whole number from 0; the same seed gives the same map.
            model: Name of the network; "" for the server's default. /health lists the names.
            window: For DICOM, one of the `windows` that /predict lists; "" for the one that the file names.
        """
        request = ExplainRequest.check(
            finding=finding, explainer=explainer, options=options, seed=seed, model=model, window=window
        )
        call = self._call()
        with self._subject(image, request) as subject:
            (event,) = call.explained(subject, [request.explainer], request)
            if isinstance(event, Failed):
                raise _as_error(event)
            made = event.explanation
            picture = self._file(f"{made.explainer}.png", _picture(subject.radiograph, made))
            maps = self._file(f"{made.explainer}.npz", npz_bytes(made))
        return picture, maps, responses.answer(subject.network, **responses.record(made))

    @public(EXPLAINING)
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
        """Several explainers' maps of one finding, streamed as they finish: overlays (PNG), maps (.npz), a record.

        The maps come at the end. An explainer or a measure that fails is in the results with its code and reason; the
        others go on. A map shows what the network responds to, not where a disease is. For research only.

        Args:
            image: An uploaded file: PNG, JPEG, WebP or TIFF, and DICOM where the server reads it.
            finding: Name of the finding; "" for the one farthest above its operating point. /findings lists them.
            explainers: Names of explainers; leave out for those that are compared by default.
            options: {explainer: {option: value}}; /explainers has the JSON Schema of each explainer's options.
            seed: A whole number from 0; the same seed gives the same maps.
            measures: Names of measures that test each map; /explainers lists them. The answer then has `agreement`.
            model: Name of the network; "" for the server's default. /health lists the names.
            box: [top, left, height, width] in pixels of the radiograph, for the measure `localisation`.
            window: For DICOM, one of the `windows` that /predict lists; "" for the one that the file names.
        """
        request = CompareRequest.check(
            finding=finding,
            explainers=explainers,
            options=options,
            seed=seed,
            measures=measures,
            model=model,
            box=box,
            window=window,
        )
        box_image = request.checked_box()
        measured = [each.name for each in self.state.registry.find_measures(request.measures or [])]
        names = list(dict.fromkeys(request.explainers or self.state.registry.defaults))
        call = self._call()
        with self._subject(image, request) as subject:
            answer = _ComparisonAnswer(subject, request.seed, self._file)
            for event in call.explained(subject, names, request):
                answer.add(event)
                yield answer.so_far()
            for explanation in answer.made if measured else []:
                for done in call.measured(subject, explanation, measured, box_image):
                    answer.add_measure(done)
                    yield answer.so_far()
            yield answer.complete(with_agreement=bool(measured))

    @public(LIGHT)
    def findings(self, model: str = "") -> dict[str, Any]:
        """The findings that the network scores, with a line on each and its operating point.

        Args:
            model: Name of the network; "" for the server's default. /health lists the names.
        """
        network = self._network(model)
        config = network.predictor.config
        listed = [responses.finding(name, config) for name in network.predictor.labels]
        return responses.answer(network, findings=listed)

    @public(LIGHT)
    def explainers(self) -> dict[str, Any]:
        """The explainers with the JSON Schema of their options, the measures, and the plugins that were left out."""
        registry = self.state.registry
        known = [responses.explainer(each, registry.origins[name]) for name, each in registry.explainers.items()]
        measures = [responses.measure(each) for each in registry.measures.values()]
        failures = [asdict(failure) for failure in registry.failures]
        return responses.answer(self._network(""), explainers=known, measures=measures, failures=failures)

    @public(LIGHT)
    def model_info(self, model: str = "") -> dict[str, Any]:
        """The checkpoint: description, input rule, layers, metrics, and notes on how it was loaded.

        Args:
            model: Name of the network; "" for the server's default. /health lists the names.
        """
        network = self._network(model)
        return responses.answer(
            network,
            **responses.checkpoint(network.predictor),
            notes=list(self.state.networks.state(network.requested).notes),
        )

    @public(LIGHT)
    def health(self) -> dict[str, Any]:
        """Whether the default network is there: "loading", "ready" or "failed", and the same of each that is offered.

        A network that nobody asked for yet is "idle". Does not wait.
        """
        return responses.health(self.state.networks, stopping=self.state.stopping.is_set())

    def _network(self, model: object) -> AnsweringNetwork:
        return self.state.networks.answering(NetworkRequest.check(model=model).model)

    def _call(self) -> Call:
        return Call(self.state)

    def _radiograph(self, image: object, request: PredictRequest) -> AbstractContextManager[Radiograph]:
        return self.state.pictures.reading(image_bytes(image, self.state.folder), window=request.window)

    @contextmanager
    def _subject(self, image: object, request: SubjectRequest) -> Iterator[Subject]:
        network = self.state.networks.answering(request.model)
        finding = check_finding(request.finding, network.predictor.labels) if request.finding else ""
        with self._radiograph(image, request) as radiograph:
            yield Subject(network, radiograph, finding or network.predictor.predict(radiograph).default_finding())

    def _file(self, name: str, content: bytes) -> Any:
        return responses.file_of(self.state.folder, name, content)


class _ComparisonAnswer:
    """What /compare answers, as it grows."""

    def __init__(self, subject: Subject, seed: int, write: Callable[[str, bytes], Any]) -> None:
        self._subject, self._seed, self._write = subject, seed, write
        self.made: list[Explanation] = []
        self._pictures: list[Any] = []
        self._results: list[dict] = []

    def add(self, event: Finished | Failed) -> None:
        """An explainer's end."""
        if isinstance(event, Failed):
            self._results.append({"explainer": event.explainer, "code": event.code, "reason": event.reason})
            return
        self.made.append(event.explanation)
        self._results.append(responses.record(event.explanation))
        picture = _picture(self._subject.radiograph, event.explanation)
        self._pictures.append(self._write(f"{event.explainer}.png", picture))

    def add_measure(self, done: MeasureDone) -> None:
        """A measure's end, in the result of its explainer."""
        own = next(result for result in self._results if result["explainer"] == done.explainer)
        own.setdefault("measures", {})[done.measure] = done.to_json()

    def so_far(self) -> tuple[list[Any], None, dict]:
        """Pictures and records while work goes on."""
        return list(self._pictures), None, self._record(done=False)

    def complete(self, *, with_agreement: bool) -> tuple[list[Any], Any, dict]:
        """Pictures, maps and records at the end."""
        more = {"agreement": agreement(self.made).to_json()} if with_agreement and self.made else {}
        maps = self._write("comparison.npz", responses.maps_npz(self.made))
        return self._pictures, maps, self._record(done=True, **more)

    def _record(self, *, done: bool, **more: Any) -> dict:
        # a copy: Gradio sends the difference to the last answer, which therefore must not change
        results = deepcopy(self._results)
        about: dict[str, Any] = {"finding": self._subject.finding, "seed": self._seed, "done": done}
        return responses.answer(self._subject.network, **about, **more, results=results)


def define(state: AppState) -> None:
    """Define the endpoints; to be called inside a Blocks context."""
    blocks = get_blocks_context()
    assert blocks is not None, "endpoints are defined inside a Blocks context"
    for name, function in endpoint_functions().items():
        bound = getattr(Endpoints(state), name)
        defined = gr.api(bound, api_name=name, **function.concurrency_group)
        _describe_parameters(blocks.fns[defined["id"]].inputs, bound)


def endpoint_functions() -> dict[str, Any]:
    """{name: the function} of each endpoint."""
    return {name: each for name, each in vars(Endpoints).items() if hasattr(each, "concurrency_group")}


def parameters() -> dict[str, Parameters]:
    """{endpoint: {argument: default}}, REQUIRED for an argument that has none."""
    return {
        name: {
            argument: REQUIRED if each.default is each.empty else each.default
            for argument, each in inspect.signature(function).parameters.items()
            if argument != "self"
        }
        for name, function in endpoint_functions().items()
    }


def _describe_parameters(inputs: Sequence[Any], function: Callable) -> None:
    """Gradio takes descriptions of parameters from components, of which `gr.api` makes none with a description."""
    _, described, _ = get_function_description(function)
    for component, name in zip(inputs, inspect.signature(function).parameters, strict=True):
        text = {"description": described[name], "additional_description": described[name]}  # of OpenAPI and of Gradio
        component._api_info = {**component._api_info, **text}


def _picture(radiograph: Radiograph, explanation: Explanation) -> bytes:
    return png_bytes(figure(radiograph, [explanation]))


def _as_error(event: Failed) -> ExplainerError:
    """A failure as an error of the same code."""
    error = ExplainerError(event.reason)
    error.code = event.code  # type: ignore[misc]
    return error
