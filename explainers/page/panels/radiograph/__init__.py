"""The radiograph: one area that takes files and samples, and becomes the picture."""

from collections.abc import Iterator
from dataclasses import asdict
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar

from cxr.reading.dicom import is_dicom
from cxr.reading.radiograph import LARGEST_FILE_BYTES
from explainers.errors import OptionError
from explainers.output.dicom import source_of
from explainers.page import worked_case
from explainers.page.concurrency import SCORING
from explainers.page.local import offers_dicom
from explainers.page.panel import Event, Panel, handler
from explainers.page.requests import BrowserRequest, Name
from explainers.page.samples import Sample
from explainers.page.sessions import Session
from explainers.page.words import words_of
from explainers.pictures import SIDES, displayed

if TYPE_CHECKING:
    from pydicom import Dataset

LONGEST_NAME = 40


class UploadRequest(BrowserRequest):
    """An uploaded file, and through which window to read it; "" for the file's own."""

    subject: ClassVar[str] = "The upload"

    file: str = ""
    window: Name | None = None


class SampleRequest(BrowserRequest):
    """One of the page's own pictures, by name."""

    subject: ClassVar[str] = "The sample"

    name: Name


class RadiographPanel(Panel):
    """Opens a session for the radiograph that a visitor gives or chooses."""

    place = "side"
    order = 10

    def settings(self) -> dict[str, Any]:
        """The samples, and which files are read."""
        samples = self.state.samples.items()
        return {
            "samples": [{"name": name, "title": each.title, "said": each.said} for name, each in samples],
            "dicom": reads_dicom(),
            "largestUploadBytes": LARGEST_FILE_BYTES,
            "sides": SIDES,
        }

    @handler(**SCORING)
    def upload(self, event: Event) -> Iterator[dict]:
        """Read an uploaded file, delete it, show it."""
        request, visitor = UploadRequest.from_event(event.data), event.visitor
        content = self.state.folder.take(request.file, at_once=True)
        window = (request.window or "")[:LONGEST_NAME]
        radiograph = self.state.pictures.read(content, window=window)
        name, source = words_of("radiograph")["upload_name"], self._dicom_source(content)
        yield self._open(visitor, Session(radiograph, name=name, dicom_source=source))

    def _dicom_source(self, content: bytes) -> "Dataset | None":
        """What an export as DICOM needs of an uploaded file, where the page offers one and the file is of that kind."""
        if not offers_dicom(self.state.settings) or not is_dicom(content):
            return None
        try:
            return source_of(content, keep_identity=False)
        except OptionError:
            return None

    @handler(**SCORING)
    def arrive(self, event: Event) -> Iterator[dict]:
        """Show the first sample, with its stored results unless another network is in use already."""
        visitor, case = event.visitor, worked_case.packaged()
        if case is not None and worked_case.applies(case, self.state.networks):
            sample = self.state.samples.find(case.sample)
            session = Session(case.radiograph, name=sample.title, sample=sample, worked_case=case)
        else:
            _, sample = self.state.samples.items()[0]
            session = Session(sample.read(), name=sample.title, sample=sample)
        yield self._open(visitor, session)

    @handler(**SCORING)
    def sample(self, event: Event) -> Iterator[dict]:
        """Show one of the page's own pictures."""
        request, visitor = SampleRequest.from_event(event.data), event.visitor
        chosen = self.state.samples.find(request.name)
        yield self._open(visitor, Session(chosen.read(), name=chosen.title, sample=chosen))

    def _open(self, visitor: str, session: Session) -> dict:
        self.state.sessions.open(visitor, session)
        return radiograph_value(session)


def radiograph_value(session: Session) -> dict:
    """The radiograph as the browser needs it; the picture itself is fetched with the token."""
    height, width = displayed(session.radiograph).shape
    return {
        "token": session.token,
        "name": session.name,
        "sample": _sample(session.sample),
        "kind": session.radiograph.kind,
        "dicomExport": session.dicom_source is not None,
        "notes": list(session.radiograph.notes),
        "windows": [asdict(window) for window in session.radiograph.windows],
        "window": session.radiograph.window,
        "height": height,
        "width": width,
        "imageHeight": session.radiograph.height,
        "imageWidth": session.radiograph.width,
    }


def _sample(sample: Sample | None) -> dict | None:
    if sample is None:
        return None
    credit = sample.credit and asdict(sample.credit)
    return {"said": sample.said, "credit": credit, "made": sample.made, "planted": sample.planted}


def reads_dicom() -> bool:
    """Whether the extra for DICOM is installed."""
    return find_spec("pydicom") is not None
