"""An explanation, or a comparison, as files: pictures, arrays, and what is needed to compute it again.

Nothing in them names a file or a folder of the machine that wrote them.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from PIL import Image

from cxr.prediction import Prediction
from cxr.reading.radiograph import Radiograph
from explainers.contract.explanation import Explanation
from explainers.output.look import Look
from explainers.output.rendering import render
from explainers.pictures import NOTICE, SIDES, origin_of

ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip archive can state: the same comparison gives the same bytes."""

DEFAULT_LOOK = Look()


def write_files(
    explanation: Explanation,
    radiograph: Radiograph,
    directory: str | Path,
    *,
    view: str = "positive",
    opacity: float = 0.6,
    colour_map: str | None = None,
    origin: str = "",
) -> list[Path]:
    """Write `<explainer>.png`, `.npz` and `.json` into a directory, made if it is not there; their paths.

    `origin` says where the radiograph comes from, for the picture's foot and the record. Files of these names are
    replaced. Raises OptionError for a view, opacity or colour map that does not exist.
    """
    look = Look(view, opacity, colour_map, origin)
    contents = explanation_files(explanation, radiograph, look)
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (directory / name).write_bytes(content)
    return [directory / name for name in contents]


def explanation_files(
    explanation: Explanation, radiograph: Radiograph, look: Look = DEFAULT_LOOK, *, stem: str | None = None
) -> dict[str, bytes]:
    """{file name: contents} of one explanation; `stem` stands in place of the explainer's name."""
    stem = stem or explanation.explainer
    about = {"radiograph": radiograph_record(radiograph, look.origin), "picture": look.record()}
    return {
        f"{stem}.png": png_bytes(look.picture(radiograph, [explanation])),
        f"{stem}.npz": npz_bytes(explanation),
        f"{stem}.json": json_bytes({**explanation.record(), **about}),
    }


def write_record(file: Path, record: dict) -> Path:
    """A record as a JSON file."""
    file.write_bytes(json_bytes(record))
    return file


def comparison_zip(
    prediction: Prediction,
    explanations: Sequence[Explanation],
    radiograph: Radiograph,
    look: Look = DEFAULT_LOOK,
    *,
    extra: Mapping[str, bytes] | None = None,
) -> bytes:
    """A zip archive of a whole comparison: every explanation's files, all of them in one picture, scores and a README.

    extra  {name: contents} of further files

    An explainer that occurs twice, with other options, gets a number: `occlusion.png`, `occlusion-2.png`.
    """
    scores = {**prediction_record(prediction), "radiograph": radiograph_record(radiograph, look.origin)}
    readme = render("readme.txt.j2", notice=NOTICE, sides=SIDES)
    contents = {"README.txt": readme.encode(), "prediction.json": json_bytes(scores)}
    contents |= extra or {}
    if explanations:
        contents["comparison.png"] = png_bytes(look.picture(radiograph, explanations))
    for stem, explanation in _stems(explanations):
        contents |= explanation_files(explanation, radiograph, look, stem=stem)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in contents.items():
            target.writestr(zipfile.ZipInfo(name, ZIP_TIME), content, zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def prediction_record(prediction: Prediction) -> dict:
    """The scores, the input check and the network, as JSON has them."""
    return {
        "model": prediction.identity.to_json(),
        **prediction.to_json(),
        "input": asdict(prediction.statistics),
        "notice": NOTICE,
    }


def radiograph_record(radiograph: Radiograph, origin: str = "") -> dict:
    """Which radiograph it was, as JSON has it: where it comes from, if that is known, its size and its digest."""
    return {
        "origin": origin_of(radiograph, origin) or None,
        "synthetic": radiograph.kind == "phantom",
        "size": [radiograph.height, radiograph.width],
        "digest": radiograph.digest,
    }


PNG_LEVEL = 4
"""Of compression: half the time of Pillow's own level 6, for files that are 6 % larger."""


def png_bytes(picture: Image.Image) -> bytes:
    """A picture as a PNG file."""
    target = io.BytesIO()
    picture.save(target, "PNG", compress_level=PNG_LEVEL)
    return target.getvalue()


def npz_bytes(explanation: Explanation) -> bytes:
    """`map`, `input_map` and `image_map` (NaN outside a crop) as a compressed .npz file of float32 arrays."""
    target = io.BytesIO()
    np.savez_compressed(target, map=explanation.map, input_map=explanation.on_input(), image_map=explanation.on_image())
    return target.getvalue()


def json_bytes(record: dict) -> bytes:
    """A record as UTF-8 JSON with readable indents; NaN and infinity, which JSON lacks, are refused."""
    return (json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _stems(explanations: Sequence[Explanation]) -> Iterator[tuple[str, Explanation]]:
    seen: dict[str, int] = {}
    for explanation in explanations:
        count = seen[explanation.explainer] = seen.get(explanation.explainer, 0) + 1
        yield explanation.explainer if count == 1 else f"{explanation.explainer}-{count}", explanation
