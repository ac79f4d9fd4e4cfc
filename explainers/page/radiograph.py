"""The radiograph: one area that takes files and samples, and becomes the picture."""

from dataclasses import asdict
from importlib.util import find_spec

import gradio as gr

from cxr.errors import RadiographError
from explainers.page.component import asset, component
from explainers.page.error_boundary import ErrorMessage
from explainers.page.samples import Sample
from explainers.page.sessions import Session
from explainers.pictures import displayed

LONGEST_NAME = 40


def build() -> gr.HTML:
    """The component; its value is what `shown` or `refused` return. It triggers `upload` and `sample`."""
    return component("radiograph", asset("radiograph.html"), asset("radiograph.js"))


def shown(session: Session) -> dict:
    """The radiograph as the browser needs it; the picture itself is fetched with the token."""
    height, width = displayed(session.radiograph).shape
    return {
        "token": session.token,
        "name": session.name,
        "sample": _sample(session.sample),
        "kind": session.radiograph.kind,
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
    return {"said": sample.said, "credit": sample.credit and asdict(sample.credit), "made": sample.made}


def window_of(given: object) -> str:
    """The window that a browser asks for, by its name; "" for the file's own. RadiographError for what is no name."""
    if given is None:
        return ""
    if not isinstance(given, str):
        raise RadiographError("The window to show is not a name.", "Load the page again.")
    return given[:LONGEST_NAME]


def refused(said: ErrorMessage) -> dict:
    """What the area shows when a file can't be read."""
    return {"error": said.to_json()}


def reads_dicom() -> bool:
    """Whether the extra for DICOM is installed."""
    return find_spec("pydicom") is not None
