"""The client: calls of one page, with progress, cancelling, and repetition while the server is busy."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import httpx
from gradio_client import Client as GradioClient
from gradio_client import handle_file
from gradio_client.client import Job
from gradio_client.exceptions import AppError
from gradio_client.utils import QueueError

from explainers.client.pictures import Picture, picture_file
from explainers.client.results import (
    Comparison,
    Explanation,
    Prediction,
    arrays_of,
    comparison_of,
    explanation_of,
    file_name,
    score_of,
)

Progress = Callable[[float, str], None]
"""Called with the done share, 0 to 1, and what is being done."""

RETRIED = ("BUSY", "RATE", "STOPPING", "UPLOAD", "UNREACHABLE")
"""Codes after which the same call may succeed: pictures are uploaded again, and calls change nothing on the server."""

FROM_PROXIES = (502, 503, 504)
"""Statuses of a proxy whose server is not there now."""

POLL_S = 0.1


class CallError(Exception):
    """The server refused a call, or could not answer it.

    code      of the API's table, such as "RADIOGRAPH" or "BUSY"; "TIMEOUT" for the client's own limit; "UNREACHABLE"
              where the connection fails; "HTTP" for another answer that is not this server's
    sentence  for people
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{sentence} ({code})")
        self.code = code
        self.sentence = sentence


class Client:
    """Calls of one page.

    address    of the page, or `org/name` of a Space
    token      of Hugging Face, for a private Space
    retries    how often a call is repeated that the server is too busy for, or that didn't reach it; it waits as long
               as the server says
    timeout_s  for one call; None for no limit
    """

    def __init__(
        self, address: str, *, token: str | None = None, retries: int = 5, timeout_s: float | None = None
    ) -> None:
        self._retries, self._timeout_s = retries, timeout_s
        self._folder = TemporaryDirectory(prefix="cxr-lens-client-")
        self._gradio = GradioClient(
            address, token=token, verbose=False, analytics_enabled=False, download_files=self._folder.name
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection and delete what was downloaded."""
        self._gradio.close()
        self._folder.cleanup()

    def predict(self, picture: Picture, *, model: str = "", window: str = "") -> Prediction:
        """Scores of a radiograph. Raises CallError."""
        with picture_file(picture) as file:
            answer = self._call("/predict", image=handle_file(file), model=model, window=window)
        return Prediction(tuple(score_of(each) for each in answer["findings"]), tuple(answer["warnings"]), answer)

    def explain(
        self,
        picture: Picture,
        finding: str = "",
        explainer: str = "grad_cam",
        *,
        options: Mapping[str, Any] | None = None,
        seed: int = 0,
        model: str = "",
        window: str = "",
        regions: float = 0.0,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Explanation:
        """One explainer's map of a finding, "" for the one farthest above its operating point.

        options    of this explainer: {option: value}
        regions    share of the picture, such as 0.05, whose outlines and boxes `record["regions"]` then has; 0 for none
        cancelled  is asked while the call runs; once it says True, the work on the server ends and CancelledError is
                   raised

        Raises CallError.
        """
        with picture_file(picture) as file:
            overlay, maps, record = self._call(
                "/explain",
                progress,
                cancelled,
                image=handle_file(file),
                finding=finding,
                explainer=explainer,
                options={explainer: dict(options)} if options else None,
                seed=seed,
                model=model,
                window=window,
                regions=float(regions),
            )
        return explanation_of(record, arrays_of(maps), "", Path(overlay).read_bytes())

    def compare(
        self,
        picture: Picture,
        finding: str = "",
        explainers: Sequence[str] | None = None,
        *,
        options: Mapping[str, Mapping[str, Any]] | None = None,
        seed: int = 0,
        measures: Sequence[str] = (),
        box: tuple[float, float, float, float] | None = None,
        model: str = "",
        window: str = "",
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Comparison:
        """Several explainers' maps of a finding; None for those that the server compares by default.

        options    {explainer: {option: value}}
        box        (top, left, height, width) in pixels of the radiograph, for the measure `localisation`
        cancelled  as `explain`'s

        Raises CallError for what is wrong with the call; an explainer that fails is in the result.
        """
        with picture_file(picture) as file:
            pictures, maps, record = self._call(
                "/compare",
                progress,
                cancelled,
                image=handle_file(file),
                finding=finding,
                explainers=None if explainers is None else list(explainers),
                options=None if options is None else {name: dict(values) for name, values in options.items()},
                seed=seed,
                measures=list(measures),
                model=model,
                box=None if box is None else list(box),
                window=window,
            )
        return comparison_of(record, arrays_of(maps), [Path(file_name(each)).read_bytes() for each in pictures])

    def findings(self, *, model: str = "") -> Mapping[str, Any]:
        """The findings that the network scores, as the API answers."""
        return self._call("/findings", model=model)

    def explainers(self) -> Mapping[str, Any]:
        """Explainers with the JSON Schema of their options, and measures, as the API answers."""
        return self._call("/explainers")

    def model_info(self, *, model: str = "") -> Mapping[str, Any]:
        """The checkpoint, as the API answers."""
        return self._call("/model_info", model=model)

    def health(self) -> Mapping[str, Any]:
        """Whether the server is ready, and which networks it offers, as the API answers."""
        return self._call("/health")

    def _call(
        self,
        endpoint: str,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
        **arguments: Any,
    ) -> Any:
        """The answer; the call is repeated while the server is busy."""
        for retries_left in range(self._retries, -1, -1):
            try:
                return self._once(endpoint, progress, cancelled or (lambda: False), arguments)
            except CallError as error:
                if error.code not in RETRIED or not retries_left:
                    raise
            _wait(self._retry_after_s(), cancelled or (lambda: False))
        raise AssertionError("the loop returns or raises")

    def _once(self, endpoint: str, progress: Progress | None, cancelled: Callable[[], bool], arguments: dict) -> Any:
        begin = time.monotonic()
        with _as_call_errors():
            job = self._gradio.submit(api_name=endpoint, **arguments)
            while not job.done():
                if cancelled() or (self._timeout_s is not None and time.monotonic() - begin > self._timeout_s):
                    job.cancel()
                    if cancelled():
                        raise CancelledError
                    raise CallError("TIMEOUT", f"There was no answer within {self._timeout_s:g} seconds.")
                _report(job, progress)
                time.sleep(POLL_S)
            return _result(job)

    def _retry_after_s(self) -> float:
        """Seconds that the server asks for. Gradio's client hides the header `Retry-After`; /health says the same."""
        try:
            with _as_call_errors():
                return float(self._gradio.predict(api_name="/health")["retry_after_s"])
        except CallError:
            return 10.0


def _result(job: Job) -> Any:
    """What a job gave. Gradio's client calls one cancelled whose connection broke."""
    try:
        return job.result()
    except CancelledError:
        raise CallError("UNREACHABLE", "The connection broke before the answer was there.") from None


@contextmanager
def _as_call_errors() -> Iterator[None]:
    """Errors of Gradio's client as CallError."""
    try:
        yield
    except AppError as error:
        raise CallError(error.title, error.message) from None
    except QueueError:
        raise CallError("BUSY", "Too much work is waiting on the server.") from None
    except httpx.HTTPStatusError as error:
        raise _refusal(error.response) from None
    except httpx.TransportError as error:
        sentence = f"The server can't be reached, or the connection broke: {type(error).__name__}."
        raise CallError("UNREACHABLE", sentence) from None


def _refusal(response: httpx.Response) -> CallError:
    """The server's refusal of a request, or of an upload."""
    try:
        said = response.json()
        return CallError(said["title"], said["error"])
    except (ValueError, KeyError, TypeError):  # not of this server: a proxy's page
        if response.status_code in FROM_PROXIES:
            return CallError("UNREACHABLE", f"A proxy answered with the status {response.status_code}.")
        return CallError("HTTP", f"The server answered with the status {response.status_code}.")


def _report(job: Job, progress: Progress | None) -> None:
    """Report the job's progress, if it is known."""
    reported = job.status().progress_data
    if progress and reported and reported[0].progress is not None:
        progress(reported[0].progress, reported[0].desc or "")


def _wait(seconds: float, cancelled: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if cancelled():
            raise CancelledError
        time.sleep(min(POLL_S, seconds))
