"""Endpoints for programs, on the page's own server.

Gradio derives names, types and descriptions from signatures and docstrings and validates nothing: `requests` does. No
answer has a field called `path` or `url`, since Gradio's Python client would take it for a file.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from typing import Any

from gradio.data_classes import FileData

from cxr import Radiograph
from cxr.findings import check_finding
from explainers.contract.needs import unavailable
from explainers.errors import ExplainerError
from explainers.output.files import npz_bytes
from explainers.page.api import responses
from explainers.page.api.calls import Call, Subject
from explainers.page.api.comparison_answer import ComparisonAnswer, overlay_png
from explainers.page.api.requests import (
    CompareRequest,
    ExplainRequest,
    NetworkRequest,
    PredictRequest,
    SubjectRequest,
    image_bytes,
)
from explainers.page.concurrency import EXPLAINING, LIGHT, SCORING
from explainers.page.error_boundary import endpoint
from explainers.page.networks import AnsweringNetwork
from explainers.page.state import AppState
from explainers.running.comparison import Failed


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
        regions: float = 0.0,
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
            regions: Share of the picture, such as 0.05, whose outlines and boxes the record lists; 0 for none.
        """
        request = ExplainRequest.check(
            finding=finding,
            explainer=explainer,
            options=options,
            seed=seed,
            model=model,
            window=window,
            regions=regions,
        )
        call = self._call()
        with self._subject(image, request) as subject:
            (event,) = call.explained(subject, [request.explainer], request)
            if isinstance(event, Failed):
                raise _as_error(event)
            made = event.explanation
            picture = self._file(f"{made.explainer}.png", overlay_png(subject.radiograph, made))
            maps = self._file(f"{made.explainer}.npz", npz_bytes(made))
            found = responses.regions(made, request.regions, subject.predictor)
        return picture, maps, responses.answer(subject.network, **responses.record(made), **found)

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
            answer = ComparisonAnswer(subject, request.seed, self._file)
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
            **responses.checkpoint(network.predictor, unavailable(self.state.registry.explainers, network.predictor)),
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


def _as_error(event: Failed) -> ExplainerError:
    """A failure as an error of the same code."""
    error = ExplainerError(event.reason)
    error.code = event.code  # type: ignore[misc]
    return error
