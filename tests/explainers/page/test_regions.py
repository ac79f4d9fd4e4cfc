"""Regions on the page: off until they are asked for, outlined and listed beside the guess and the cells, exported."""

import io
import json
import zipfile

import httpx
import numpy as np
import pytest

from explainers.page import worked_case
from explainers.regions import NOTICE


@pytest.mark.browser
def test_regions_are_off_until_they_are_asked_for_and_stand_beside_the_guess(visit, steps, server, accessible):
    page = visit(query="?explainers=grad_cam,saliency&finding=Effusion")
    steps.compared(page)
    assert page.locator(".outlines, .regions").count() == 0

    page.evaluate("document.querySelector('details[data-more]').open = true")
    page.select_option("[data-regions]", "0.05")
    page.locator(".panel .regions").nth(1).wait_for()
    token = page.evaluate("cxrLens.page.last('radiograph').token")
    found = httpx.get(f"{server}/sessions/{token}/regions.json", params={"regions": 0.05}, timeout=60).json()
    assert set(found) == {"grad_cam", "saliency"}
    for name, record in found.items():
        panel = page.locator(f".panel[data-explainer={name}]")
        assert panel.locator(".outlines .own").count() == len(record["regions"]) > 0
        assert panel.locator(".outlines .guess").count() == len(record["guess"]) > 0
        assert record["notice"] == NOTICE
        listed = panel.locator(".regions").inner_text()
        for each in (record["regions"][0]["box"], record["regions"][0]["whole_cells"], record["guess"][0]["box"]):
            width, height, left, top = (f"{round(each[side]):,}" for side in ("width", "height", "left", "top"))
            assert f"{width} × {height} px at {left}, {top}" in listed
        assert "of the image" in listed
        assert "Guess from other patients" in listed
        assert "no detection" in listed
        # the outline lies on the picture where the box in the image's pixels says
        box = record["regions"][0]["box"]
        height, width = record["image_size"]
        stage, line = (panel.locator(part).first.bounding_box() for part in (".stage", ".outlines .own"))
        assert line["x"] - stage["x"] == pytest.approx(box["left"] / width * stage["width"], abs=3)
        assert line["y"] - stage["y"] == pytest.approx(box["top"] / height * stage["height"], abs=3)
    page.evaluate("document.querySelector('details[data-more]').open = false")
    accessible(page)

    steps.tab(page, "export")
    with page.expect_download() as saved:
        page.click("[data-get='comparison.zip']")
    with zipfile.ZipFile(io.BytesIO(saved.value.path().read_bytes())) as archive:
        exported = json.loads(archive.read("regions.json"))["regions"]
        assert "Region 1: " in archive.read("report.html").decode()
        for explanation in worked_case.load().explanations:
            if explanation.explainer in found:
                with np.load(io.BytesIO(archive.read(f"{explanation.explainer}.npz"))) as arrays:
                    assert arrays["map"] == pytest.approx(explanation.map, abs=1e-5)
    assert exported == list(found.values())

    page.evaluate("document.querySelector('details[data-more]').open = true")
    page.select_option("[data-regions]", "0")
    page.wait_for_function("!document.querySelector('.outlines, .regions')")
    page.evaluate("document.querySelector('details[data-more]').open = false")
    page.route("**/comparison.zip?*", lambda route: route.fulfill(body=b""))
    with page.expect_request("**/comparison.zip?*") as asked, page.expect_download():
        page.click("[data-get='comparison.zip']")
    assert httpx.URL(asked.value.url).params["regions"] == "0"

    for wrong in ("", "0", "2", "-1", "nan", "x"):
        answer = httpx.get(f"{server}/sessions/{token}/regions.json", params={"regions": wrong}, timeout=60)
        assert answer.status_code == 400
        assert answer.json()["code"] == "OPTION"


@pytest.mark.browser
@pytest.mark.slow
def test_regions_follow_the_maps_on_a_phone(visit, steps):
    page = visit(width=390, height=844, query="?explainers=grad_cam&finding=Effusion")
    steps.compared(page)
    page.evaluate("document.querySelector('details[data-more]').open = true")
    page.select_option("[data-regions]", "0.1")
    page.locator(".panel .regions").wait_for()
    page.evaluate("document.querySelector('details[data-more]').open = false")
    before = page.locator(".panel .regions").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.select_option("select[data-finding]", "Mass")
    page.wait_for_function("before => ![before, undefined].includes("
                           "document.querySelector('.panel .regions')?.innerText)", arg=before)  # fmt: skip

    page.evaluate("document.querySelector('details[data-more]').open = true")
    page.select_option("[data-regions]", "0")
    page.wait_for_function("!document.querySelector('.outlines, .regions')")
    page.evaluate("document.querySelector('details[data-more]').open = false")
    steps.compared(page)
    steps.tab(page, "export")
    with page.expect_download() as saved:
        page.click("[data-get='comparison.zip']")
    with zipfile.ZipFile(io.BytesIO(saved.value.path().read_bytes())) as archive:
        assert "regions.json" not in archive.namelist()
        assert "Region 1: " not in archive.read("report.html").decode()
