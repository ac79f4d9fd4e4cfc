"""What /compare answers while explainers and measures finish, and the overlay of one explanation."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from cxr import Radiograph
from explainers.agreement import agreement
from explainers.contract.explanation import Explanation
from explainers.output.files import png_bytes
from explainers.page.api import responses
from explainers.page.api.calls import Subject
from explainers.pictures import figure
from explainers.running.comparison import Failed, Finished
from explainers.running.measuring import MeasureDone


class ComparisonAnswer:
    """The answer of /compare, which grows while results arrive."""

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
        picture = overlay_png(self._subject.radiograph, event.explanation)
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


def overlay_png(radiograph: Radiograph, explanation: Explanation) -> bytes:
    """A map over its radiograph, as PNG."""
    return png_bytes(figure(radiograph, [explanation]))
