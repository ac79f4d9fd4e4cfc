"""The worked case: the first sample's scores and maps, computed once, so that an arriving visitor sees a comparison.

`python -m explainers.page worked-case` computes it again with the packaged network, and has to be run whenever the
packaged weights, an explainer that is compared by default, or the first sample change. Maps are stored in 16 bits.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from cxr.checkpoint import Identity
from cxr.frame import Frame
from cxr.input_check import InputStatistics
from cxr.prediction import FindingScore, Prediction
from cxr.predictor import Predictor
from cxr.reading.radiograph import Radiograph, read_radiograph
from explainers.contract.explanation import Explanation
from explainers.contract.measure import Measured, NotMeasurable
from explainers.page.samples import SIZE_PX, Samples
from explainers.registry import Registry
from explainers.running.comparison import Failed, Finished, compare
from explainers.running.measuring import MeasureDone, measure

if TYPE_CHECKING:
    from explainers.page.networks import Networks

RECORD, MAPS, PICTURE = "case.json", "maps.npz", "radiograph.webp"

SEED = 0

SHOWN_QUALITY = 95

COUNT = 3
"""Explainers of the case: as many as the page compares at first."""


@dataclass(frozen=True, eq=False)
class WorkedCase:
    """The stored results of one sample.

    sample        its name
    picture       its file, lossless
    scores        what the panel of scores shows, but for the session's token
    explanations  of `finding`, with the explainers' default options
    tests         of the explanations: what measures that run without being asked for found
    """

    sample: str
    finding: str
    picture: bytes
    radiograph: Radiograph
    prediction: Prediction
    scores: Mapping[str, Any]
    explanations: tuple[Explanation, ...]
    tests: tuple[MeasureDone, ...]

    def found(self, explanation: Explanation, measure: str) -> MeasureDone | None:
        """The stored result of a measure; None if the explanation is not of the case, or was not measured so."""
        if not any(explanation is each for each in self.explanations):
            return None
        results = [each for each in self.tests if (each.explainer, each.measure) == (explanation.explainer, measure)]
        return results[0] if results else None

    @cached_property
    def shown(self) -> bytes:
        """The picture as an arriving browser gets it: a quarter of the size, each grey within a few of 255 levels."""
        content = io.BytesIO()
        Image.open(io.BytesIO(self.picture)).convert("L").save(content, "WEBP", quality=SHOWN_QUALITY, method=6)
        return content.getvalue()

    @property
    def identity(self) -> Identity:
        """The network that the case was computed with."""
        return self.prediction.identity


def make(predictor: Predictor, folder: Path, scores_of: Any) -> None:
    """Compute the case and write it to a folder; `scores_of(prediction, predictor)` is what the scores' panel shows."""
    name, sample = Samples().items()[0]
    registry = Registry.standard()
    radiograph = sample.read()
    prediction = predictor.predict(radiograph)
    names = [each for each in registry.defaults if not registry.explainers[each].control][:COUNT]
    events = list(compare(predictor, radiograph, sample.planted, names, seed=SEED, registry=registry))
    failed = [event for event in events if isinstance(event, Failed)]
    if failed:
        raise RuntimeError(f"{failed[0].explainer} failed: {failed[0].reason}")
    made = {event.explainer: event.explanation for event in events if isinstance(event, Finished)}
    tests = _tested(predictor, radiograph, [made[each] for each in names], registry)
    record = {
        "sample": name,
        "finding": sample.planted,
        "kind": radiograph.kind,
        "findings": [asdict(each) for each in prediction.findings],
        "warnings": list(prediction.warnings),
        "statistics": asdict(prediction.statistics),
        "scores": scores_of(prediction, predictor),
        "explanations": [made[each].record() for each in names],
        "tests": [_test_record(each) for each in tests],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECORD).write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    maps: dict[str, Any] = {each: made[each].map.astype(np.float16) for each in names}
    maps |= {_place(end, array): values.astype(np.float16) for end in tests if end.measured
             for array, values in end.measured.arrays.items()}  # fmt: skip
    np.savez_compressed(folder / MAPS, **maps)
    picture = Image.fromarray(radiograph.display(SIZE_PX))
    picture.save(folder / PICTURE, "WEBP", lossless=True, quality=100, method=6)


def _tested(
    predictor: Predictor, radiograph: Radiograph, explanations: list[Explanation], registry: Registry
) -> list[MeasureDone]:
    """What each measure that runs without being asked for finds of each explanation."""
    names = [each.name for each in registry.measures.values() if each.quick and not each.needs_box]
    events = measure(predictor, radiograph, explanations, names, registry=registry)
    tests = [event for event in events if isinstance(event, MeasureDone)]
    failed = [each for each in tests if each.measured is None and each.code != NotMeasurable.code]
    if failed:
        raise RuntimeError(f"{failed[0].measure} of {failed[0].explainer} failed: {failed[0].reason}")
    return tests


def _test_record(end: MeasureDone) -> dict[str, Any]:
    arrays = [] if end.measured is None else list(end.measured.arrays)
    return {"explainer": end.explainer, "measure": end.measure, **end.to_json(), "arrays": arrays}


def _place(end: MeasureDone, array: str) -> str:
    """What the array of a test is called among the stored maps."""
    return f"{end.explainer}/{end.measure}/{array}"


def load(folder: Any = None) -> WorkedCase | None:
    """The case in a folder, the packaged one by default; None if none was made."""
    folder = files(__name__) if folder is None else folder
    if not (folder / RECORD).is_file():
        return None
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    picture = (folder / PICTURE).read_bytes()
    radiograph = read_radiograph(np.asarray(Image.open(io.BytesIO(picture)).convert("L")))
    with np.load(io.BytesIO((folder / MAPS).read_bytes())) as arrays:
        maps = {name: arrays[name].astype(np.float32) for name in arrays.files}
    explanations = tuple(_explanation(each, maps[each["explainer"]]) for each in record["explanations"])
    prediction = Prediction(
        tuple(_score(each) for each in record["findings"]),
        tuple(record["warnings"]),
        InputStatistics(**record["statistics"]),
        explanations[0].model,
    )
    return WorkedCase(
        record["sample"],
        record["finding"],
        picture,
        replace(radiograph, kind=record["kind"]),
        prediction,
        record["scores"],
        explanations,
        tuple(_test(each, maps) for each in record["tests"]),
    )


def applies(case: WorkedCase, networks: "Networks", name: str = "") -> bool:
    """Whether the case can be shown for a network: for the case's own, and for the default one until it is loaded.

    name  of the network; "" for the default
    """
    asked = name or networks.names[0]
    if asked not in (networks.names[0], case.identity.source):
        return False
    loaded = networks.loaded(asked)
    if loaded is None:
        return not networks.brought(asked)  # scores of the packaged network say nothing about another kind of network
    return loaded.identity.sha256 == case.identity.sha256


def stands_in(case: WorkedCase, networks: "Networks", name: str = "") -> bool:
    """Whether the case is of the packaged network, while another one is asked for and is not loaded yet."""
    asked = name or networks.names[0]
    return networks.loaded(asked) is None and asked != case.identity.source


@cache
def packaged() -> WorkedCase | None:
    """The case that comes with the project, read once."""
    return load()


def _score(stored: Mapping[str, Any]) -> FindingScore:
    interval = stored["interval"]
    return FindingScore(**{**stored, "interval": tuple(interval) if interval else None})


def _test(stored: Mapping[str, Any], maps: Mapping[str, np.ndarray]) -> MeasureDone:
    ended = MeasureDone(stored["explainer"], stored["measure"])
    if "code" in stored:
        return replace(ended, code=stored["code"], reason=stored["reason"])
    arrays = {array: maps[_place(ended, array)] for array in stored["arrays"]}
    known = {name: stored[name] for name in ("value", "sentence", "verdict", "figures", "compared_with")}
    return replace(ended, measured=Measured(arrays=arrays, **known), seconds=stored["seconds"])


def _explanation(stored: Mapping[str, Any], values: np.ndarray) -> Explanation:
    values.flags.writeable = False
    size = {name: tuple(stored[name]) for name in ("image_size", "input_size", "crop")}
    known = ("finding", "explainer", "title", "options", "unit", "signed", "seed", "seconds", "passes")
    return Explanation(
        map=values,
        model=Identity(**stored["model"]),
        input_digest=stored["input_digest"],
        frame=Frame(**size),
        control=stored["control"],
        stochastic=stored["stochastic"],
        cached=True,
        notes={"family": stored["family"], **stored["notes"]},
        versions=stored["versions"],
        **{name: stored[name] for name in known},
    )
