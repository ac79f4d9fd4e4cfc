"""The radiograph: one area that takes files and samples, and becomes the picture."""

from importlib.util import find_spec

import gradio as gr

from explainers.page.component import asset, component
from explainers.page.doors import Said
from explainers.page.readings import Reading
from explainers.page.samples import Sample
from explainers.pictures import displayed


def build() -> gr.HTML:
    """The component; its value is what `shown` or `refused` return. It triggers `upload` and `sample`."""
    return component("radiograph", asset("radiograph.html"), asset("radiograph.js"))


def shown(reading: Reading) -> dict:
    """The radiograph as the browser needs it; the picture itself is fetched with the token."""
    height, width = displayed(reading.radiograph).shape
    return {
        "token": reading.token,
        "name": reading.name,
        "sample": _sample(reading.sample),
        "kind": reading.radiograph.kind,
        "height": height,
        "width": width,
        "imageHeight": reading.radiograph.height,
        "imageWidth": reading.radiograph.width,
    }


def _sample(sample: Sample | None) -> dict | None:
    return None if sample is None else {"said": sample.said, "credit": sample.credit, "made": sample.made}


def refused(said: Said) -> dict:
    """What the area shows when a file can't be read."""
    return {"error": said.to_json()}


def reads_dicom() -> bool:
    """Whether the extra for DICOM is installed."""
    return find_spec("pydicom") is not None
