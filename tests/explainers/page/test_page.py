"""The page in a real browser: what a visitor does, and what is seen."""

import base64
import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from cxr import read_radiograph
from cxr.findings import display_name
from explainers import compare
from explainers.pictures import overlay

pytestmark = pytest.mark.browser

PIXELS = """name => {
    const canvas = document.querySelector(`.panel[data-explainer=${name}] canvas`);
    const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    let colour = 0;
    for (let at = 0; at < data.length; at += 4) colour += Math.abs(data[at] - data[at + 2]);
    return colour / data.length;
}"""
"""How colourful a panel's picture is: 0 for a grey one."""


def choose(page, *names: str) -> None:
    """Have exactly these explainers compared."""
    for chip in page.locator("#comparison .chip").all():
        chip.locator("input").set_checked(chip.inner_text().strip() in names)


def load(page, file) -> None:
    page.set_input_files("[data-invitation] [data-file], [data-another] [data-file]", str(file))


def compared(page) -> None:
    """Wait until nothing is computed any more, and something was."""
    page.wait_for_selector(".panel:is([data-state=done], [data-state=failed], [data-state=cancelled])")
    page.wait_for_selector(".comparison[aria-busy=false]")
    page.wait_for_function("!document.querySelector('.panel:is([data-state=waiting], [data-state=running])')")


def colour(page, name: str) -> float:
    return page.evaluate(PIXELS, name)


def test_a_radiograph_is_scored_compared_looked_at_and_taken_along(visit, nih_full, predictor):
    file = nih_full[2]
    page = visit()
    load(page, file)
    page.wait_for_selector(".finding .value")
    prediction = predictor.predict(read_radiograph(file))
    scores = {each.finding: each for each in prediction.findings}
    compared(page)
    first = page.locator(".finding").first
    finding = page.locator("[data-finding]").input_value()  # what nobody chose is what stands first
    assert display_name(finding) in first.inner_text()
    assert f"{scores[finding].score:.2f}" in first.inner_text()
    assert page.locator(".finding").count() == 14

    states = {each.get_attribute("data-explainer"): each for each in page.locator(".panel").all()}
    assert list(states) == ["grad_cam", "occlusion", "saliency"]
    assert all(panel.get_attribute("data-state") == "done" for panel in states.values())
    here = list(compare(predictor, read_radiograph(file), finding, ["grad_cam"]))[-1].explanation.map
    assert f"{here.max():#.2g} logit" in states["grad_cam"].locator(".ticks").inner_text()

    half = colour(page, "occlusion")
    page.locator("[data-opacity]").fill("0")
    assert colour(page, "occlusion") == 0
    page.locator("[data-opacity]").fill("100")
    assert colour(page, "occlusion") > half > 0
    page.locator(".segments").get_by_text("Signed").click()
    assert "Blue lowers, orange raises." in states["occlusion"].inner_text()
    page.locator("[data-opacity]").fill("60")

    with page.expect_download() as saved:
        page.click("[data-get='comparison.zip']")
    with zipfile.ZipFile(io.BytesIO(saved.value.path().read_bytes())) as archive:
        names = archive.namelist()
        assert {"grad_cam.png", "occlusion.png", "saliency.png"} <= {name.split("/")[-1] for name in names}
        (maps,) = [name for name in names if name.endswith("grad_cam.npz")]
        with np.load(io.BytesIO(archive.read(maps))) as arrays:
            assert arrays["map"] == pytest.approx(here, abs=1e-5)
        (record,) = [name for name in names if name.endswith("grad_cam.json")]
        assert json.loads(archive.read(record))["finding"] == finding


def test_the_sample_needs_one_click(visit):
    page = visit()
    choose(page, "Grad-CAM")
    page.click(".sample")
    compared(page)
    assert page.locator(".panel[data-state=done]").count() == 1
    assert "Synthetic: effusion" in page.locator("[data-caption]").inner_text()
    assert "patient's right" in page.locator("[data-caption]").inner_text()


def test_a_click_on_a_finding_explains_it(visit, phantom_file):
    page = visit()
    choose(page, "Grad-CAM")
    load(page, phantom_file)
    compared(page)
    page.get_by_role("button", name="Cardiomegaly", exact=True).click()
    page.wait_for_function(
        "document.querySelector('.panel canvas').getAttribute('aria-label').includes('Cardiomegaly')"
    )
    assert page.locator("[data-finding]").input_value() == "Cardiomegaly"
    assert "heart's shadow" in page.locator("[data-about]").inner_text()


def test_one_failing_explainer_says_why_and_the_others_go_on(visit, phantom_file):
    page = visit()
    choose(page, "Raises", "Left half", "Not finite")
    load(page, phantom_file)
    compared(page)
    failed = page.locator(".panel[data-explainer=raises]").inner_text()
    assert "ValueError: <b>no</b> file weights.bin" in failed
    assert "not finite" in page.locator(".panel[data-explainer=not_finite]").inner_text()
    assert page.locator(".panel[data-explainer=left_half]").get_attribute("data-state") == "done"
    assert colour(page, "left_half") > 0


def test_options_are_controls_that_change_the_map(visit, phantom_file):
    page = visit()
    choose(page, "Left half")
    load(page, phantom_file)
    compared(page)
    panel = page.locator(".panel[data-explainer=left_half]")
    panel.locator("summary").click()
    panel.locator("input[type=range]").nth(1).wait_for()  # options are drawn once they are unfolded
    assert panel.locator("input[type=range]").count() == 2
    layers = panel.get_by_label("layer").locator("option").all_inner_texts()
    assert {"relu", "conv5_block16_concat", "conv1_conv"} <= set(layers)
    panel.get_by_label("strength").fill("2")
    panel.get_by_label("side").select_option("right")
    panel.get_by_text("Explain again").click()
    page.wait_for_function(
        "document.querySelector('.panel[data-explainer=left_half] .ticks').innerText.includes('2.0 mark')"
    )
    compared(page)
    panel.locator(".frame").focus()
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    assert panel.locator(".here").inner_text() == "2.0 mark"


def test_a_map_without_positive_evidence_says_so_and_has_no_colour(visit, phantom_file):
    page = visit()
    choose(page, "Left half")
    load(page, phantom_file)
    compared(page)
    panel = page.locator(".panel[data-explainer=left_half]")
    panel.locator("summary").click()
    panel.get_by_label("negative").check()
    panel.get_by_text("Explain again").click()
    panel.get_by_text("No region raises the score of").wait_for()
    assert colour(page, "left_half") == 0
    page.locator(".segments").get_by_text("Signed").click()
    assert colour(page, "left_half") > 0


def test_a_comparison_can_be_stopped_and_begun_again(visit, nih_full):
    page = visit()
    choose(page, "RISE")
    load(page, nih_full[0])
    page.wait_for_selector(".panel[data-state=running]")
    page.get_by_role("button", name="Stop").click()
    page.wait_for_selector(".panel[data-state=cancelled]")
    choose(page, "Left half")
    compared(page)
    assert page.locator(".panel[data-explainer=left_half]").get_attribute("data-state") == "done"


def test_a_file_that_is_no_picture_is_refused_and_the_radiograph_stays(visit, phantom_file, tmp_path):
    page = visit()
    choose(page, "Left half")
    load(page, phantom_file)
    compared(page)
    (tmp_path / "notes.txt").write_text("no picture at all")
    page.set_input_files("[data-another] [data-file]", str(tmp_path / "notes.txt"))
    page.locator(".radiograph [data-error]:not([hidden])").wait_for()
    assert "not an image" in page.locator(".radiograph [data-error]").inner_text()
    assert page.locator("[data-picture]").is_visible()
    assert colour(page, "left_half") > 0


def test_plugins_that_were_left_out_are_named(visit):
    page = visit()
    left_out = page.locator(".failures").inner_text()
    assert "a_package_that_nobody_has" in left_out
    assert "'grad_cam' is taken" in left_out
    assert "WrongSignature" in left_out or "wrong_signature" in left_out


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 768, 390])
def test_nothing_scrolls_sideways_and_pictures_stand_on_black(visit, phantom_file, width, theme):
    page = visit(width=width, theme=theme)
    choose(page, "Grad-CAM", "Left half")
    load(page, phantom_file)
    compared(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ground = page.locator(".frame").first.evaluate("frame => getComputedStyle(frame).backgroundColor")
    assert ground == "rgb(5, 6, 7)"
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(19, 21, 24)") == (theme == "dark")


def test_the_keyboard_reads_values(visit, phantom_file):
    page = visit()
    choose(page, "Left half")
    load(page, phantom_file)
    compared(page)
    page.locator(".panel .frame").focus()
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowLeft")
    assert page.locator(".panel .here").inner_text() == "1.0 mark"
    for _ in range(4):
        page.keyboard.press("Shift+ArrowRight")
    assert page.locator(".panel .here").inner_text() == "0 mark"


def test_nothing_of_an_upload_stays_on_disk(visit, nih_full, server_folder):
    page = visit()
    choose(page, "Left half")
    load(page, nih_full[1])
    compared(page)
    sizes = {file.stat().st_size for file in server_folder.rglob("*") if file.is_file()}
    assert nih_full[1].stat().st_size not in sizes
    assert not [file for file in server_folder.rglob("*") if nih_full[1].stem in file.name]


def test_a_finding_is_explained_under_two_networks_side_by_side(visit, nih_full, predictor):
    """`second` calls Effusion what the starter calls Mass: its Effusion map is the starter's Mass map."""
    page = visit(query="?finding=Effusion")
    choose(page, "Grad-CAM")
    load(page, nih_full[2])
    compared(page)
    page.get_by_label("Beside").select_option("second")
    page.wait_for_selector(".panel[data-model=second]")
    compared(page)
    radiograph = read_radiograph(nih_full[2])
    effusion, mass = (
        list(compare(predictor, radiograph, finding, ["grad_cam"]))[-1].explanation.map
        for finding in ("Effusion", "Mass")
    )
    heads = [panel.locator(".panel-head").inner_text() for panel in page.locator(".panel").all()]
    assert [head.split() for head in heads] == [["Grad-CAM", "starter"], ["Grad-CAM", "second"]]
    ticks = [panel.locator(".ticks").inner_text() for panel in page.locator(".panel").all()]
    for tick, expected in zip(ticks, (effusion, mass), strict=True):
        assert f"{expected.max():#.2g} logit" in tick
    with page.expect_download() as saved:
        page.click("[data-get='comparison.zip']")
    with zipfile.ZipFile(io.BytesIO(saved.value.path().read_bytes())) as archive:
        networks = [json.loads(archive.read(name))["model"]["name"] for name in ("grad_cam.json", "grad_cam-2.json")]
    assert networks == ["starter", "second"]


def test_another_network_scores_the_radiograph_that_is_there(visit, phantom_file):
    page = visit()
    choose(page, "Left half")
    load(page, phantom_file)
    compared(page)
    before = page.locator(".finding", has_text="Mass").inner_text().split()[1:]
    page.get_by_label("Network", exact=True).select_option("second")
    page.wait_for_function("cxrLens.page?.last('scores')?.findings && cxrLens.page?.last('scores').model === 'second'")
    compared(page)
    assert page.locator(".finding", has_text="Effusion").inner_text().split()[1] == before[0]


def test_what_takes_a_network_s_place_is_named_and_can_be_tried_again(visit, phantom_file):
    page = visit()
    choose(page, "Left half")
    load(page, phantom_file)
    compared(page)
    page.get_by_label("Beside").select_option("org/none")
    page.wait_for_selector(".panel[data-model='org/none'][data-state=done]")
    assert "starter, for org/none" in page.locator(".panel[data-model='org/none']").inner_text()
    page.get_by_label("Network", exact=True).select_option("org/none")
    page.locator("[data-fallback]").wait_for()
    assert (
        "'org/none' could not be loaded, so the packaged starter is in use."
        in page.locator("[data-notes]").inner_text()
    )
    assert "starter in its place" in page.locator(".network").inner_text()
    page.get_by_role("button", name="Try again").click()
    page.wait_for_function("cxrLens.page?.last('network').state === 'loading'")
    page.wait_for_function("cxrLens.page?.last('network').state === 'ready'")


@pytest.mark.parametrize("cells", [False, True])
def test_the_browser_draws_what_the_library_draws(visit, nih_full, predictor, cells):
    """Two programs, one rule: the script's canvas and `explainers.pictures.overlay`, pixel by pixel."""
    file = nih_full[2]
    radiograph = read_radiograph(file)
    explanation = list(compare(predictor, radiograph, "Effusion", ["grad_cam"]))[-1].explanation
    page = visit(query="?finding=Effusion")
    choose(page, "Grad-CAM")
    load(page, file)
    compared(page)
    page.locator("[data-cells]").set_checked(cells)
    for view in ("positive", "signed", "percentile"):
        page.locator(f".segments input[value={view}]").check(force=True)
        address = page.evaluate("document.querySelector('.panel canvas').toDataURL('image/png')")
        seen = np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))).convert("RGB"), int)
        drawn = np.asarray(overlay(radiograph, explanation, view=view, opacity=0.6, cells=cells), int)
        apart = np.abs(seen - drawn).max(axis=-1)
        # a value half-way between two rows of the colour table may fall to either
        assert np.mean(apart <= 2) > 0.999, view
        assert apart.max() <= 12, view


def test_maps_are_tested_and_what_is_found_stands_under_each(visit, phantom_file):
    page = visit()
    load(page, phantom_file)
    compared(page)
    choose(page, "Grad-CAM", "Saliency", "Edges")
    compared(page)
    page.click("#measures [data-measure]")
    page.wait_for_function("document.querySelector('#measures [data-now]').textContent.startsWith('Tested')")
    under = {
        panel.get_attribute("data-explainer"): panel.locator(".results").inner_text()
        for panel in page.locator(".panel").all()
    }
    assert list(under) == ["grad_cam", "saliency", "edges"]
    assert "shows the same whatever is asked" in under["edges"]
    assert "shows the same whatever is asked" not in under["saliency"]
    assert all("One picture alone is unreliable" in text for text in under.values())
    assert "Adds up" in under["saliency"]  # says why it has nothing to say
    matrix = page.locator("#measures [data-matrix]").inner_text()
    assert "Control: edges" in matrix
    assert "2 explainers" in page.locator("#measures [data-agreement-legend]").inner_text()
    assert (
        page.locator("#measures canvas[role=img]").get_attribute("aria-label").startswith("Where the explainers agree")
    )
    # another comparison has other maps: what was found about the old ones goes
    page.select_option("[data-finding]", "Mass")
    page.wait_for_function("!document.querySelector('.panel .results').textContent")
    compared(page)
    assert page.locator("#measures [data-agreement]").is_hidden()


def test_the_exact_map_is_hatched_where_its_sign_is_unsettled(visit, phantom_file):
    page = visit()
    load(page, phantom_file)
    compared(page)
    choose(page, "Grad-CAM")
    page.locator(".panel[data-explainer=grad_cam] .settings summary").click()
    page.locator(".panel[data-explainer=grad_cam] .settings select").select_option("relu")
    page.locator(".panel[data-explainer=grad_cam] .settings button").click()
    compared(page)
    page.click("#measures [data-measure]")
    page.wait_for_function("document.querySelector('#measures [data-now]').textContent.startsWith('Tested')")
    found = page.locator(".panel[data-explainer=grad_cam] .results").inner_text()
    assert "Adds up" in found
    assert "cells are unsettled" in found
    page.wait_for_selector(".panel[data-explainer=grad_cam] .hatch:not([hidden])", state="attached")


def test_a_region_is_marked_by_two_clicks_and_answered(visit, phantom_file, predictor):
    from cxr.fills import logits_without

    page = visit()
    load(page, phantom_file)
    compared(page)
    page.click("[data-mark]")
    frame = page.locator(".panel .frame").first
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    for share in (0.25, 0.75):
        frame.click(position={"x": box["width"] * share, "y": box["height"] * share})
    page.wait_for_selector(".region [data-answers]:not([hidden])")
    told = page.locator("[data-scores] tbody tr").first.locator("td").nth(1).inner_text()
    finding = page.locator("[data-finding]").input_value()
    logits = logits_without(predictor, read_radiograph(phantom_file), (128.0, 128.0, 256.0, 256.0))
    score = 1 / (1 + np.exp(-logits[predictor.labels.index(finding)]))
    assert float(told) == pytest.approx(score, abs=0.03)
    assert page.locator("[data-maps] tbody tr").count() == page.locator(".panel[data-state=done]").count()
    page.click("[data-clear]")
    assert page.locator(".panel .mark").first.is_hidden()


def test_a_few_explainers_are_offered_at_first_and_the_others_unfold(visit):
    def offered():
        return [chip.inner_text().strip() for chip in page.locator("#comparison .chip").all() if chip.is_visible()]

    page = visit(folded=True)
    page.wait_for_selector("#comparison .chip")
    seen = ["Grad-CAM", "Occlusion", "Saliency", "Left half", "Not finite", "Raises"]
    assert sorted(offered()) == sorted(seen)  # what plugins brought is among them
    more = page.get_by_role("button", name="more explainers")
    count = int(more.inner_text().split()[0])
    more.focus()
    page.keyboard.press("Enter")
    assert len(offered()) == len(seen) + count
    assert more.is_hidden()
    assert page.evaluate("document.activeElement.closest('[data-others] .chip').textContent") == offered()[len(seen)]

    page = visit(folded=True, query="?explainers=edges,grad_cam")
    page.wait_for_selector("#comparison .chip")
    assert sorted(offered()) == sorted([*seen, "Control: edges"])
