"""Answers of endpoints: JSON with the version and the network in it, and files that Gradio hands out."""

import errno
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cxr.checkpoint import CheckpointConfig
from cxr.errors import Busy
from cxr.evaluation.claims import flagged, withheld
from cxr.findings import display_name
from cxr.predictor import Predictor
from explainers.contract.explainer import Explainer
from explainers.contract.explanation import Explanation
from explainers.contract.measure import Measure
from explainers.page.api.codes import RETRY_AFTER_S
from explainers.page.api.version import API_VERSION, DEPRECATED
from explainers.page.networks import AnsweringNetwork, Networks
from explainers.page.private_folder import PrivateFolder
from explainers.regions import regions_record

File = dict[str, Any]
"""A file of an answer in the form that Gradio expects; `FileData` in the signatures of endpoints, for its schema."""


def answer(network: AnsweringNetwork, *, warnings: Sequence[str] = (), **fields: Any) -> dict:
    """A JSON answer: which network was asked for, which one answered, and what speaks against trusting it."""
    fallback = [network.fallback] if network.fallback else []
    return {
        "api_version": API_VERSION,
        "model": network.predictor.identity.to_json(),
        "requested": network.requested,
        "fallback": network.fallback,
        "warnings": [*fallback, *warnings],
        **fields,
    }


def checkpoint(predictor: Predictor, not_available: Mapping[str, str]) -> dict:
    """A network's description and contents; `not_available`: {explainer: why it has no map of this network}."""
    config = predictor.config
    return {
        "description": config.description,
        "license": config.license,
        "findings": list(predictor.labels),
        "input": predictor.rule.to_config(),
        "unit": config.unit,
        "not_available": dict(not_available),
        "layers": [{"name": name, "shape": list(shape)} for name, shape in predictor.layers.items()],
        "metrics": dict(config.metrics),
        "witness": dict(config.raw.get("witness", {})),
        "reported": dict(config.raw.get("reported", {})),
    }


def health(networks: Networks, *, stopping: bool) -> dict:
    """State of the server and of each network that it offers; `model` is null until the default one is loaded."""
    default, predictor = networks.state(), networks.loaded()
    return {
        "api_version": API_VERSION,
        "deprecated": dict(DEPRECATED),
        "live": True,
        "ready": default.state == "ready" and not stopping,
        "status": "stopping" if stopping else default.state,
        "model": predictor.identity.to_json() if predictor else None,
        "requested": networks.names[0],
        "fallback": " ".join(default.notes) if default.fallback else "",
        "notes": list(default.notes),
        "models": {name: networks.state(name).state for name in networks.names},
        "retry_after_s": RETRY_AFTER_S["BUSY"],
    }


def record(explanation: Explanation) -> dict:
    """Everything needed to get an explanation again; the network stands once, in the answer around it."""
    return {name: value for name, value in explanation.record().items() if name != "model"}


def regions(explanation: Explanation, share: float, predictor: Predictor) -> dict:
    """{"regions": the hottest part of a map, of a share of the picture}; {} for a share of 0."""
    return {"regions": regions_record(explanation, share, predictor.average_maps)} if share else {}


def finding(name: str, config: CheckpointConfig) -> dict:
    """A finding with its operating point, None where the checkpoint has none, and what other patients say of both.

    calibrated               whether a probability is shown; `withheld` says why not
    flagged_without_finding  [share, low, high] of radiographs without any finding that are above the operating point
    """
    threshold, reason = config.thresholds.get(name), withheld(name, config)
    return {
        "finding": name,
        "title": display_name(name),
        "description": config.describe(name),
        "threshold": threshold.score if threshold else None,
        "threshold_rule": threshold.rule if threshold else None,
        "provisional": threshold.provisional if threshold else None,
        "calibrated": not reason,
        "withheld": reason,
        "flagged_without_finding": list(share) if (share := flagged(name, config)) else None,
    }


def explainer(each: type[Explainer], origin: str) -> dict:
    """An explainer with its documentation and the JSON Schema of its options."""
    return {**each.describe(), "plugin": origin}


def measure(each: type[Measure]) -> dict:
    """A measure with its documentation."""
    return each.describe()


def file_of(folder: PrivateFolder, name: str, content: bytes) -> File:
    """A file of an answer, in the form that Gradio expects. Raises Busy if the disk is full."""
    try:
        place = folder.answer_folder() / name
        place.write_bytes(content)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise Busy("The server has no room left for files.", "Try again later.") from error
    return {"path": str(place), "orig_name": name, "meta": {"_type": "gradio.FileData"}}


def maps_npz(explanations: Sequence[Explanation]) -> bytes:
    """Maps of a comparison as one .npz: `EXPLAINER/map`, `EXPLAINER/input_map`, `EXPLAINER/image_map`, float32."""
    arrays = {}
    for each in explanations:
        arrays[f"{each.explainer}/map"] = each.map
        arrays[f"{each.explainer}/input_map"] = each.on_input()
        arrays[f"{each.explainer}/image_map"] = each.on_image()
    target = io.BytesIO()
    np.savez_compressed(target, allow_pickle=False, **arrays)
    return target.getvalue()
