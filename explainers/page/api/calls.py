"""The work of one call: explainers and measures that end when nobody waits for them, or when they take too long."""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import gradio as gr
from gradio.context import LocalContext

from cxr import Predictor, Radiograph
from cxr.frame import Box
from explainers.contract.explanation import Explanation
from explainers.errors import Cancelled
from explainers.page.api.requests import SubjectRequest
from explainers.page.error_boundary import request_id
from explainers.page.networks import AnsweringNetwork
from explainers.page.state import AppState
from explainers.running.comparison import Failed, Finished, Progressed, compare
from explainers.running.measuring import MeasureDone, measure
from hub.errors import CxrLensError

log = logging.getLogger(__name__)


class StoppingError(CxrLensError):
    """The server is shutting down and takes no new work."""

    code = "STOPPING"


@dataclass(frozen=True, eq=False)
class Subject:
    """What is explained: which network, which radiograph, which finding."""

    network: AnsweringNetwork
    radiograph: Radiograph
    finding: str

    @property
    def predictor(self) -> Predictor:
        """The network that answers."""
        return self.network.predictor


class Call:
    """A call of an endpoint; to be made in the endpoint, on the thread on which Gradio runs it.

    Raises StoppingError if the server is shutting down.
    """

    def __init__(self, state: AppState) -> None:
        if state.stopping.is_set():
            raise StoppingError("The server is shutting down.", "Call again in a few seconds.")
        self._state = state
        # gr.Request has the session, but not the event, and one session of Gradio's client has many
        request = LocalContext.request.get(None)
        self._session = request.session_hash if request else None
        self._event = LocalContext.event_id.get(None)
        self._progress = gr.Progress()
        self._request = request_id.get()
        self._measured: dict = {}

    def gone(self) -> bool:
        """Whether nobody waits for the answer, or the server ends now."""
        return self._state.cut_off.is_set() or self._state.listeners.gone(self._session, self._event)

    def explained(self, subject: Subject, names: Sequence[str], request: SubjectRequest) -> Iterator[Finished | Failed]:
        """How each explainer ended, as it does. One that takes too long fails with TOO_SLOW; the others go on."""
        events = compare(
            subject.predictor,
            subject.radiograph,
            subject.finding,
            names,
            options=request.options,
            seed=request.seed,
            cancelled=self.gone,
            registry=self._state.registry,
            cache=self._state.memory,
            limit_s=self._state.settings.limits.explanation_s,
        )
        ended, begin = 0, time.monotonic()
        for event in events:
            if isinstance(event, Progressed):
                self._progress((ended + event.fraction) / len(names), desc=f"{event.explainer}: {event.text}")
            if isinstance(event, Finished | Failed):
                ended += 1
                end = self._with_reason(event)
                self._log(end, time.monotonic() - begin)
                yield end
                begin = time.monotonic()

    def measured(
        self, subject: Subject, explanation: Explanation, names: Sequence[str], box: Box | None
    ) -> Iterator[MeasureDone]:
        """How each measure of an explanation ended, as it does."""
        events = measure(
            subject.predictor,
            subject.radiograph,
            [explanation],
            names,
            registry=self._state.registry,
            box=box,
            cancelled=self.gone,
            shared=self._measured,
            limit_s=self._state.settings.limits.explanation_s,
        )
        for event in events:
            if isinstance(event, MeasureDone):
                yield event

    def _log(self, end: Finished | Failed, seconds: float) -> None:
        outcome = end.code if isinstance(end, Failed) else "OK"
        fields = {"explainer": end.explainer, "milliseconds": round(seconds * 1000), "outcome": outcome}
        log.info("explainer ended", extra={"request": self._request, **fields})

    def _with_reason(self, event: Finished | Failed) -> Finished | Failed:
        if isinstance(event, Failed) and event.code == Cancelled.code and self._state.cut_off.is_set():
            return Failed(event.explainer, StoppingError.code, "The server is shutting down. Call again.")
        return event
