"""Files that are no radiographs: each has a row with an error, and everything else is done."""

import json
import shutil
from pathlib import Path

import pytest

from cxr.datasets.storage import Folder
from explainers import results
from explainers.__main__ import main
from explainers.batch import parts
from explainers.batch.run import left
from explainers.batch.sources import read_source


def broken(images: Path) -> dict[str, bytes]:
    """Ten kinds of files that are no radiograph, by name."""
    good = sorted(images.glob("*.png"))[0].read_bytes()
    return {
        "empty.png": b"",
        "text.png": b"this is no picture",
        "cut.png": good[: len(good) // 2],
        "html.jpg": b"<html><body>404</body></html>",
        "zip.png": b"PK\x03\x04" + bytes(64),
        "cut.dcm": b"\0" * 128 + b"DICM" + bytes(7),
        "noise.tif": b"II*\0" + bytes(range(256)),
        "zeros.jpeg": bytes(4096),
        "pixel.png": _png((1, 1)),
        "constant.png": _png((80, 80)),
    }


def _png(size: tuple[int, int]) -> bytes:
    from io import BytesIO

    from PIL import Image

    buffer = BytesIO()
    Image.new("L", size, 128).save(buffer, "PNG")
    return buffer.getvalue()


def test_broken_files_get_a_row_with_an_error_and_the_others_their_results(plan, images, carried_out, table):
    wrong = broken(images)
    for name, content in wrong.items():
        (images / name).write_bytes(content)
    source = read_source(str(images))
    reports = carried_out(plan, source)
    rows = table(plan.out, "scores").to_pylist()
    failed = {row["image"]: row for row in rows if row["error"]}
    assert set(failed) == set(wrong)
    assert all(
        row["error"]["code"] == "RADIOGRAPH" and row["error"]["sentence"].endswith(".") for row in failed.values()
    )
    assert all(row["finding"] is None and row["logit"] is None for row in failed.values())
    assert len(rows) == 12 * 2 + len(wrong)
    assert sum(len(report.failures) for report in reports) == len(wrong)
    assert parts.failures(Folder.at(plan.out)) == (len(wrong), 0)
    assert left(Folder.at(plan.out), source) == [], "what can't be read is done too"


def test_a_defect_of_a_decoder_costs_one_radiograph(plan, source, carried_out, monkeypatch, caplog, table):
    from explainers.batch.sources import Reader

    read = Reader.read

    def fail_once(self, image: str):
        if image == source.items[1].image:
            raise ZeroDivisionError("a defect")
        return read(self, image)

    monkeypatch.setattr(Reader, "read", fail_once)
    carried_out(plan, source)
    (failed,) = [row for row in table(plan.out, "scores").to_pylist() if row["error"]]
    assert failed["error"]["code"] == "INTERNAL"
    assert "a defect" in caplog.text, "the log has it"
    assert "a defect" not in failed["error"]["sentence"]


@pytest.mark.slow
def test_twenty_broken_files_of_ten_kinds_among_a_thousand(dataset, tiny, tmp_path, monkeypatch, capsys):
    from cxr import Predictor

    monkeypatch.setattr(Predictor, "load", lambda source, **_: tiny)
    images = tmp_path / "images"
    images.mkdir()
    good = sorted((dataset / "images").iterdir())
    for number in range(980):
        shutil.copy(good[number % len(good)], images / f"{number:08}_000.png")
    for place in ("a", "b"):
        (images / place).mkdir()
        for name, content in broken(dataset / "images").items():
            (images / place / name).write_bytes(content)
    out = tmp_path / "out"
    line = ["batch", "--images", str(images), "--explainers", "grad_cam", "--out", str(out)]
    assert main(line) == 1
    printed = capsys.readouterr()
    assert "1000 radiographs: 980 scored, 20 unreadable" in printed.out
    assert "and 15 more, in the column `error`" in printed.err
    found = results.open(str(out))
    errors = [row for row in found.scores.to_pylist() if row["error"]]
    assert len(errors) == 20
    assert all(row["error"]["sentence"].endswith(".") and "Traceback" not in json.dumps(row["error"]) for row in errors)
    assert found.maps.num_rows == 980 * len(tiny.labels)
    assert main(line) == 1, "nothing is computed again, and it is still so"
