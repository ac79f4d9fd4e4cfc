"""What a visitor takes along: it opens anywhere, says what the page says, and the code that it gives makes the same."""

import io
import json
import re
import shlex
import subprocess
import urllib.request
import zipfile

import numpy as np
import pytest

from explainers.__main__ import main
from explainers.page.samples import Samples
from explainers.registry import Registry
from hub.samples import NIH

pytestmark = pytest.mark.browser

CHOSEN = {"grad_cam": "Grad-CAM", "random_map": "Random"}
"""One that is exact, and one that would differ under another seed."""

SCORES = """[...document.querySelectorAll('.finding')].map((each) =>
    [...each.querySelectorAll('.label, .value:nth-child(-n+3)')].map((part) => part.textContent))"""
"""Name, score and operating point of each finding, as the page shows them."""


@pytest.fixture(scope="module")
def taken(chromium, server, steps, few_tests) -> dict:
    """A comparison of the first sample: what the page said of it, its code, and the archive.

    By default, test_regions.py looks into an archive.
    """
    context = chromium.new_context(accept_downloads=True, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(300_000)
    page.add_init_script(few_tests)
    page.goto(f"{server}/?sample=phantom&explainers={','.join(CHOSEN)}")
    steps.compared(page)
    page.wait_for_function("document.querySelector('#measures [data-now]').textContent.startsWith('Results')")
    steps.tab(page, "export")
    page.click("[data-code] summary")
    page.wait_for_function("document.querySelector('#export-code [data-text]').textContent.includes('gradio_client')")
    with page.expect_download() as saved:
        page.click("[data-get='comparison.zip']")
    told = {
        "scores": page.evaluate(SCORES),
        "ranges": {
            name: page.locator(f".panel[data-explainer={name}] .ticks").inner_text().split("\n")[-1] for name in CHOSEN
        },
        "found": {name: page.locator(f".panel[data-explainer={name}] .results").text_content() for name in CHOSEN},
        "alt": page.locator(".radiograph [data-picture]").get_attribute("alt"),
        "canvas": page.locator(".panel[data-explainer=grad_cam] canvas").first.get_attribute("aria-label"),
        "code": page.locator("#export-code [data-text]").text_content(),
        "quick": page.evaluate("cxrLens.page.settings.panels.measures.measures.filter((each) => each.quick)"),
        "archive": zipfile.ZipFile(io.BytesIO(saved.value.path().read_bytes())),
    }
    context.close()
    return told


def maps_of(archive: zipfile.ZipFile) -> dict[str, np.ndarray]:
    return {name: np.load(io.BytesIO(archive.read(f"{name}.npz")))["map"] for name in CHOSEN}


@pytest.mark.slow
def test_the_report_opens_without_a_network_and_says_what_the_page_said(taken, chromium, tmp_path):
    (tmp_path / "report.html").write_bytes(taken["archive"].read("report.html"))
    context = chromium.new_context(offline=True, viewport={"width": 390, "height": 800})
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "report.html").as_uri())
    seen = page.locator("body").inner_text()
    assert all(address.startswith(("file:", "data:")) for address in asked)
    assert page.evaluate("[...document.images].every((each) => each.naturalWidth > 300)")
    assert page.evaluate("document.images.length") == 1 + len(CHOSEN)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    rows = page.evaluate("[...document.querySelectorAll('.scores tbody tr')].map((row) => "
                         "[...row.cells].map((cell) => cell.textContent))")  # fmt: skip
    below = {}
    for name in CHOSEN:
        title = Registry.standard().explainers[name].title
        figure = page.locator("figure", has=page.get_by_role("heading", name=title))
        below[name] = {
            "range": figure.locator(".range").inner_text(),
            "told": figure.locator(".tests dd").all_inner_texts(),
            "silent": figure.locator(".silent").all_inner_texts(),
        }
    context.close()

    for said in ("Not a medical device", "Not for diagnosis", "Synthetic: effusion", "not a patient"):
        assert said in seen
    scores = {row[0]: (row[1], row[3]) for row in rows}
    assert len(scores) == 14
    for name, score, point in taken["scores"]:
        score_there, point_there = scores[name]
        assert is_rounded(score, score_there)
        assert is_rounded(point, point_there)
    assert {name: each["range"].split(" to ")[-1] for name, each in below.items()} == taken["ranges"]
    quick = [each["title"] for each in taken["quick"]]
    assert len(quick) >= 3
    for name, text in taken["found"].items():
        silent = " ".join(below[name]["silent"])
        assert len(below[name]["told"]) + sum(f"{title}: " in silent for title in quick) == len(quick)
        assert [sentence for sentence in below[name]["told"] if sentence not in text] == [], text


def is_rounded(shown: str, there: str) -> bool:
    """Whether the page's figure is the report's, of four decimals, with fewer of them."""
    decimals = len(shown.partition(".")[2])
    return 2 <= decimals <= 4 and abs(float(shown) - float(there)) <= 0.5 * 10**-decimals + 0.51e-4


@pytest.mark.slow
def test_a_synthetic_radiograph_is_called_so_wherever_it_goes(taken):
    archive = taken["archive"]
    assert "Synthetic: effusion" in taken["alt"]
    assert "on the synthetic radiograph" in taken["canvas"]
    for name in ("grad_cam.json", "prediction.json"):
        record = json.loads(archive.read(name))["radiograph"]
        assert record["synthetic"]
        assert "Computed, not a patient" in record["origin"]
    assert "on a synthetic radiograph" in archive.read("report.html").decode()


@pytest.mark.slow
def test_the_snippet_makes_the_same_maps(taken, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fetch(taken["code"])
    found: dict = {}
    exec(compile(taken["code"], "code.txt", "exec"), found)
    with np.load(found["maps"]) as maps:
        for name, expected in maps_of(taken["archive"]).items():
            np.testing.assert_allclose(maps[f"{name}/map"], expected, rtol=1e-5, atol=1e-7)
    assert "seed=0" in taken["code"]


@pytest.mark.slow
def test_the_command_makes_the_same_maps(taken, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fetch(taken["code"])
    (line,) = re.findall(r"# python -m explainers (.*)", taken["code"])
    assert main(shlex.split(line)) == 0
    for name, expected in maps_of(taken["archive"]).items():
        found = np.load(tmp_path / "maps" / f"{name}.npz")["map"]
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


def fetch(code: str) -> None:
    """Have radiograph.png as the code's own comment says."""
    (line,) = re.findall(r"# (curl .*)", code)
    subprocess.run(shlex.split(line), check=True, capture_output=True)


def test_only_computed_samples_are_had_as_files(server):
    for name in ("nih-00000001", "none", "..%2Fdemo"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{server}/samples/{name}/radiograph.png")


def test_a_sample_that_can_not_be_fetched_says_what_can_be_tried(visit):
    page = visit()
    page.get_by_text("Change image").click()
    page.get_by_role("button", name="NIH: cardiomegaly").click()
    said = page.locator(".radiograph [data-error]:not([hidden])")
    said.wait_for()
    assert said.inner_text().endswith("try a synthetic one, which needs no connection.")
    assert said.inner_text().count(".") == 1


def test_a_sample_of_patients_carries_link_citation_and_thanks():
    for name in ("nih-00000001", "nih-00027426"):
        said = Samples().find(name).origin
        assert all(words in said for words in (NIH.link, NIH.citation, "with thanks", "NIH Clinical Center"))
