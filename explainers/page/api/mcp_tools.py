"""The endpoints as tools of the Model Context Protocol: what an agent may call, and what it gets.

Gradio's own tools give text with paths of the server, refuse the addresses of its own uploads here, and describe no
argument of an endpoint. These call the same endpoints, so that queue and limits hold for agents too.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cxr.errors import RadiographError
from explainers.client import Client, Comparison, Explanation
from explainers.client.pictures import png_of
from explainers.client.results import FindingScore
from explainers.errors import OptionError
from explainers.page.state import AppState

NOTICE = (
    "For research only, not for diagnosis. A map shows what the network responds to, not where a disease is. "
    "Compare each map with the controls: they ignore the network or the finding, so a map that is no better says "
    "nothing."
)

CONTROLS = ("edges", "random_map")
"""Explained and measured beside whatever is asked for."""

MOST_MAPS = 6
"""Explainers of one call: each picture is some 300 kB of an agent's context."""

UPLOADED = "/gradio_api/file="

Image = Annotated[
    str,
    Field(
        min_length=1,
        description="The radiograph: the name of a sample from `overview`; the address of a file uploaded to this "
        "server (POST /gradio_api/upload); or a data URL such as data:image/png;base64,…",
    ),
]
Model = Annotated[str, Field(max_length=200, description="Name of the network; empty for the server's default.")]


class OverviewArguments(BaseModel):
    """The findings, explainers, measures, samples and networks that the other tools take by name."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ScoreArguments(BaseModel):
    """Scores of a chest radiograph: per finding the score, the operating point, and a probability where calibrated."""

    model_config = ConfigDict(extra="forbid", strict=True)

    image: Image
    model: Model = ""


class ExplainArguments(BaseModel):
    """Maps of what the network responded to for one finding, each tested, as pictures on the radiograph.

    Two controls are always explained and tested beside the explainers that are asked for.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    image: Image
    finding: str = Field("", max_length=200, description="Name of the finding; empty for the one that stands out most.")
    explainers: list[str] = Field(
        ["grad_cam"], min_length=1, max_length=MOST_MAPS, description="Names of explainers from `overview`."
    )
    measures: list[str] = Field(
        ["completeness", "relevance_gain"],
        description="Names of measures from `overview` that test each map and each control; some take minutes.",
    )
    seed: int = Field(0, ge=0, description="The same seed gives the same maps.")
    model: Model = ""


class Tools:
    """The tools over one state; they call the server's own endpoints by `client`."""

    def __init__(self, state: AppState, client: Callable[[], Client]) -> None:
        self._state, self._client = state, client
        self._tools: dict[str, tuple[type[BaseModel], Callable[..., dict]]] = {
            "overview": (OverviewArguments, self._overview),
            "score_radiograph": (ScoreArguments, self._score),
            "explain_finding": (ExplainArguments, self._explain),
        }

    def described(self) -> list[dict[str, Any]]:
        """Name, description and JSON Schema of each tool."""
        return [
            {
                "name": name,
                "description": f"{' '.join((arguments.__doc__ or '').split())} {NOTICE}",
                "inputSchema": arguments.model_json_schema(),
            }
            for name, (arguments, _) in self._tools.items()
        ]

    def call(self, name: str, given: object, cancelled: Callable[[], bool]) -> dict[str, Any]:
        """`content` and `structured` of an answer.

        Raises CallError for a refusal of an endpoint, OptionError and RadiographError for wrong arguments.
        """
        if name not in self._tools:
            raise OptionError(f"There is no tool {name[:100]!r}.", f"Known: {', '.join(self._tools)}.")
        kind, tool = self._tools[name]
        try:
            arguments = kind.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            place = ".".join(str(part) for part in first["loc"])[:100]
            raise OptionError(f"{place or 'The arguments'}: {first['msg']}.") from None
        return tool(arguments, cancelled)

    def _overview(self, _: OverviewArguments, cancelled: Callable[[], bool]) -> dict[str, Any]:
        client = self._client()
        listed, scored = client.explainers(), client.findings()
        found = {
            "notice": NOTICE,
            "findings": [each["finding"] for each in scored["findings"]],
            "explainers": {
                each["name"]: each["summary"] + (" (a control)" if each["control"] else "")
                for each in listed["explainers"]
            },
            "measures": {each["name"]: each["summary"] for each in listed["measures"]},
            "samples": {name: sample.title for name, sample in self._state.samples.items() if sample.there()},
            "networks": list(client.health()["models"]),
        }
        return {"content": [_text(_lines(found))], "structured": found}

    def _score(self, arguments: ScoreArguments, cancelled: Callable[[], bool]) -> dict[str, Any]:
        prediction = self._client().predict(self._picture(arguments.image), model=arguments.model)
        found = {"notice": NOTICE, **prediction.record}
        lines = [
            f"{each.finding}: score {each.score:.3f}"
            + (f", operating point {each.threshold:.3f}" if each.threshold is not None else ", no operating point")
            + _calibrated(each)
            for each in prediction.findings
        ]
        notes = prediction.record["notes"]
        return {"content": [_text("\n".join([NOTICE, *prediction.warnings, *notes, *lines]))], "structured": found}

    def _explain(self, arguments: ExplainArguments, cancelled: Callable[[], bool]) -> dict[str, Any]:
        registry = self._state.registry
        controls = [name for name in CONTROLS if name in registry.explainers and name not in arguments.explainers]
        comparison = self._client().compare(
            self._picture(arguments.image),
            arguments.finding,
            [*dict.fromkeys(arguments.explainers), *controls],
            seed=arguments.seed,
            measures=arguments.measures,
            model=arguments.model,
            cancelled=cancelled,
        )
        content = [_text("\n".join([NOTICE, f"Finding: {comparison.finding}.", *comparison.record["warnings"]]))]
        for each in comparison.explanations:
            content += [_text(_said_of(each)), _picture_content(each.overlay)]
        content += [_text(f"{each.explainer} failed: {each.reason} ({each.code})") for each in comparison.failed]
        return {"content": content, "structured": _structured(comparison)}

    def _picture(self, given: str) -> bytes:
        """Contents of the picture that an agent names. Raises RadiographError for what is none of the three forms."""
        if given in dict(self._state.samples.items()):
            return png_of(self._state.samples.find(given).read().grey)
        if given.startswith("data:"):
            return _decoded(given)
        if UPLOADED in given:
            return self._state.folder.take(unquote(given.partition(UPLOADED)[2]), at_once=False)
        if self._state.folder.holds(given):
            return self._state.folder.take(given, at_once=False)
        raise RadiographError(
            "The image is neither a sample, nor an upload of this server, nor a data URL.",
            "Upload the file to /gradio_api/upload and pass the address, or take a sample from 'overview'.",
        )


def _decoded(address: str) -> bytes:
    head, _, data = address.partition(",")
    if not head.endswith(";base64"):
        raise RadiographError("The data URL is not in base64.", "Pass data:image/png;base64,…")
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise RadiographError("The data URL is not valid base64.", "Encode the file's contents once more.") from None


def _structured(comparison: Comparison) -> dict[str, Any]:
    """The record of a comparison, the controls apart from what was asked for."""
    results = comparison.record["results"]
    return {
        "notice": NOTICE,
        **{name: value for name, value in comparison.record.items() if name != "results"},
        "maps": [each for each in results if not each.get("control")],
        "controls": [each for each in results if each.get("control")],
    }


def _calibrated(each: FindingScore) -> str:
    if each.probability is None or each.probability_interval is None:
        return ", not calibrated"
    return f", probability {each.probability:.2f} ({{:.2f}} to {{:.2f}})".format(*each.probability_interval)


def _said_of(explanation: Explanation) -> str:
    """A map's title and range, and what its tests found."""
    record = explanation.record
    kind = "Control" if record["control"] else "Map"
    span = f"{record['minimum']:.3g} to {record['maximum']:.3g}"
    tests = [each.get("sentence") or each.get("reason", "") for each in record.get("measures", {}).values()]
    return "\n".join([f"{kind}: {record['title']} ({explanation.explainer}), {record['unit']}, {span}.", *tests])


def _lines(found: dict[str, Any]) -> str:
    rows = []
    for name, value in found.items():
        listed: Sequence[str] = [f"{key}: {said}" for key, said in value.items()] if isinstance(value, dict) else value
        rows += [value] if isinstance(value, str) else [f"{name}:", *(f"- {each}" for each in listed)]
    return "\n".join(rows)


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def _picture_content(png: bytes) -> dict[str, str]:
    return {"type": "image", "data": base64.b64encode(png).decode(), "mimeType": "image/png"}
