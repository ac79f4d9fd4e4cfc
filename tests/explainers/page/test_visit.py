"""A visit in a real browser: by mouse, by keyboard, by paste and drop, from a shared link."""

import base64
import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from cxr import read_radiograph
from explainers import compare
from explainers.pictures.shading import number

pytestmark = pytest.mark.browser

GIVE = """async ([kind, data]) => {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], "chest.png", {type: "image/png"}));
    const event = kind === "paste" ? new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true})
        : new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true});
    document.body.dispatchEvent(event);
}"""


def panel(page, name: str, second: str = ""):
    own = f"[data-model='{second}'], .panel[data-second='{second}']" if second else ":not([data-model], [data-second])"
    return page.locator(f".panel[data-explainer={name}]{own}")


@pytest.mark.slow  # by default, a test for each of its parts: here, and in test_accessibility.py and test_regions.py
def test_a_whole_visit(visit, steps, accessible, nih_full, predictor, tmp_path):
    """A real radiograph is scored, explained, drawn, tested, covered, exported; axe looks at each state."""
    page, file = visit(theme="dark"), nih_full[2]
    steps.compared(page)
    steps.choose(page, "Grad-CAM", "Left half")
    steps.load(page, file)
    steps.compared(page)
    prediction = predictor.predict(read_radiograph(file))
    finding = page.locator("[data-finding]").input_value()
    assert finding == prediction.default_finding()
    assert number(prediction[finding].score) in page.locator("[data-about]").inner_text()
    here = list(compare(predictor, read_radiograph(file), finding, ["grad_cam"]))[-1].explanation.map
    assert f"{number(float(here.max()))} logit" in panel(page, "grad_cam").locator(".ticks").inner_text()
    assert page.locator(".finding .value").count() == 3 * 14
    assert "it is never stored" in page.locator("[data-caption]").inner_text()

    # one that fails beside the others, and another network beside this one
    steps.choose(page, "Grad-CAM", "Raises")
    steps.compared(page)
    assert "This explainer failed." in panel(page, "raises").inner_text()

    for name in ("measures", "region", "cam_sum", "probability", "export", "agreement"):
        steps.tab(page, name)
        assert page.locator(f"#{name}").first.is_visible()
        accessible(page)
    assert sum(each.is_visible() for each in page.locator(".block.lens-tab").all()) == 1

    with page.expect_download() as saved:
        steps.tab(page, "export")
        page.click("[data-get='comparison.zip']")
    with zipfile.ZipFile(io.BytesIO(saved.value.path().read_bytes())) as archive:
        (maps,) = [name for name in archive.namelist() if name.endswith("grad_cam.npz")]
        with np.load(io.BytesIO(archive.read(maps))) as arrays:
            assert arrays["map"] == pytest.approx(here, abs=1e-5)
        (record,) = [name for name in archive.namelist() if name.endswith("grad_cam.json")]
        assert json.loads(archive.read(record))["finding"] == finding

    (tmp_path / "notes.txt").write_text("no picture at all")
    page.set_input_files("[data-file]", str(tmp_path / "notes.txt"))
    page.locator(".radiograph [data-error]:not([hidden])").wait_for()
    assert "not an image" in page.locator(".radiograph [data-error]").inner_text()

    page.get_by_role("link", name="About").click()
    page.locator("#about-title").wait_for()
    assert page.url.endswith("#about")
    assert not page.locator("#desk").is_visible()
    page.get_by_role("link", name="Back to the maps").click()
    assert page.locator("[data-finding]").input_value() == finding


@pytest.mark.slow
def test_a_shared_link_brings_the_same_screen(visit, steps):
    page = visit(query="?sample=phantom-nodule&finding=Mass&explainers=grad_cam,edges&view=signed")
    steps.compared(page)
    assert {each.get_attribute("data-explainer") for each in page.locator(".panel").all()} == {"grad_cam", "edges"}
    assert page.locator("[data-finding]").input_value() == "Mass"
    assert "Synthetic: nodule" in page.locator("[data-caption]").inner_text()
    assert page.evaluate("cxrLens.page.last('comparison').look.view") == "signed"
    page.locator(".finding", has_text="Nodule").click()
    page.wait_for_function("location.search.includes('finding=Nodule')")
    assert "sample=phantom-nodule" in page.url
    steps.compared(page)
    again = visit(query=page.url[page.url.index("?") :])
    steps.compared(again)
    assert again.locator("[data-finding]").input_value() == "Nodule"


def test_a_file_is_taken_anywhere_on_the_page(visit, steps, phantom_file):
    page = visit(query="?explainers=left_half")
    steps.compared(page)
    for kind in ("paste", "drop"):
        before = page.evaluate("cxrLens.page.last('radiograph').token")
        page.evaluate(GIVE, [kind, base64.b64encode(phantom_file.read_bytes()).decode()])
        page.wait_for_function("token => cxrLens.page.last('radiograph').token !== token", arg=before)
        steps.compared(page)
        assert page.locator("[data-caption]").inner_text().startswith("Your radiograph, 512 × 512 pixels."), kind


def test_a_picture_of_something_else_gets_a_banner_and_no_probabilities(visit, steps, tmp_path, accessible):
    y, x = np.mgrid[:300, :400]
    cat = np.where((y - 150) ** 2 + (x - 200) ** 2 < 110**2, 200, 90).astype(np.uint8)
    Image.fromarray(cat).save(tmp_path / "cat.png")
    page = visit(query="?explainers=left_half")
    steps.compared(page)
    steps.load(page, tmp_path / "cat.png")
    steps.compared(page)
    assert "does not look like a frontal chest radiograph" in page.locator("[data-banner]").inner_text()
    assert page.locator(".finding .value:nth-child(4)").all_inner_texts() == [""] * 14
    assert page.locator(".frame .unusual").first.is_visible()
    assert "probability" not in page.locator("[data-about]").inner_text()
    assert "patient's right" not in page.locator("[data-caption]").inner_text()
    steps.tab(page, "probability")
    assert "No probability is shown" in page.locator("#probability").first.inner_text()
    accessible(page)


def test_a_drag_hides_a_region_and_ranks_it_among_others(visit, steps, predictor, accessible):
    page = visit()
    steps.compared(page)
    frame = page.locator(".panel .frame").first
    box = frame.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.6 * box["height"])
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.75 * box["height"])
    page.mouse.up()
    page.locator("[data-ranking] tbody tr").first.wait_for()
    rows = [row.inner_text().split("\t") for row in page.locator("[data-ranking] tbody tr").all()]
    assert len(rows) == 1 + 3 + 1 + 5
    assert "your region" in {row[0] for row in rows}
    changes = [float(row[3].removesuffix(" logit").replace("−", "-")) for row in rows]
    assert changes == sorted(changes)
    assert page.locator(".panel .region-yours").count() == 3
    assert "→" in page.locator(".panel .region-yours").first.inner_text()
    accessible(page)


def test_a_visit_by_keyboard_alone(visit, steps):
    page = visit(query="?explainers=left_half")
    steps.compared(page)

    def reach(selector: str, key: str = "Tab") -> None:
        for _ in range(120):
            page.keyboard.press(key)
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"{key} never came to {selector}")

    reach(".finding:not([aria-current=true])")
    other = page.evaluate("document.activeElement.querySelector('.label').textContent")
    page.keyboard.press("Space")
    page.wait_for_function("name => document.querySelector('.panel canvas').ariaLabel.includes(name)", arg=other)
    reach("input[name=lens-view]:checked")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.value") == "signed"
    reach("details[data-explainers] > summary")
    page.keyboard.press("Enter")
    reach("[data-chooser] input")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.matches('details[data-explainers] > summary')")
    reach(".panel .frame")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowLeft")
    assert page.locator(".panel .here").inner_text() == "1.0 mark"
    reach("[role=tab][aria-selected=true]")
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.id") == "tab-export"
    reach("[data-get='report.html']")
    with page.expect_download() as saved:
        page.keyboard.press("Enter")
    assert saved.value.suggested_filename == "cxr-lens-report.html"


def test_a_server_that_is_gone_is_said_and_its_return_too(visit, steps):
    page = visit(query="?explainers=left_half")
    steps.compared(page)
    page.evaluate("cxrLens.page.publish('server', {up: false})")
    assert "The server does not answer" in page.locator("[data-server]").inner_text()
    page.evaluate("cxrLens.page.publish('server', {up: true})")
    steps.compared(page)
    assert page.locator("[data-server]").is_hidden()


@pytest.mark.slow
def test_a_restarted_server_is_said_and_a_reload_brings_the_same_screen(chromium, server, steps):
    # a window of its own: Gradio writes an error when a reload ends its streams
    context = chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(f"{server}/?finding=Effusion&explainers=left_half,edges")
    steps.compared(page)
    page.wait_for_function("performance.getEntriesByName(`${location.origin}/page_files/up`).length > 0")
    page.route("**/page_files/up", lambda route: route.fulfill(body="another start"))
    page.locator("[data-server] button").wait_for()
    assert "The session ended, because the server was restarted." in page.locator("[data-server]").inner_text()
    page.unroute("**/page_files/up")
    page.locator("[data-server] button").click()
    page.wait_for_function("!document.querySelector('[data-server] button')")
    steps.compared(page)
    assert page.locator(".panel").count() == 2
    assert page.locator("[data-finding]").input_value() == "Effusion"
    context.close()


def test_the_first_view_is_light(chromium, server, steps):
    """Bytes over the wire of the document and of everything that is not Gradio's own."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page, sizes, addresses = context.new_page(), {}, {}
    page.set_default_timeout(120_000)
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on("Network.responseReceived", lambda each: addresses.update({each["requestId"]: each["response"]["url"]}))
    wire.on("Network.loadingFinished", lambda each: sizes.update({each["requestId"]: each["encodedDataLength"]}))
    page.goto(server)
    steps.compared(page)
    page.wait_for_timeout(500)
    context.close()
    gradio = ("/assets/", "/static/", "/gradio_api/", "/theme.css", "/config", "/manifest")
    own = {addresses[each]: size for each, size in sizes.items() if not any(name in addresses[each] for name in gradio)}
    assert sum(own.values()) <= 400_000, own
    assert max(size for address, size in own.items() if "/page_files/" in address) <= 10_000
    assert any("/sessions/" in address for address in own)


def test_what_plugins_brought_is_offered_first_and_what_failed_is_said(visit, steps):
    page = visit()
    steps.compared(page)
    page.locator("details[data-explainers] > summary").click()
    assert page.locator("[data-chooser] .chip").first.inner_text() in ("Left half", "Not finite", "Raises")
    left_out = page.locator("[data-left-out]").inner_text()
    assert "a_package_that_nobody_has" in left_out
    assert "(no_import.py, line 3)" in left_out
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Add an explainer").click()
    assert "from explainers import Explainer, hookimpl" in page.locator("#your-explainer").inner_text()


def test_another_finding_and_another_network_are_compared_side_by_side(visit, steps, predictor):
    """`second` calls Effusion what the starter calls Mass: its Effusion map is the starter's Mass map."""
    page = visit(query="?finding=Effusion&explainers=grad_cam")
    steps.compared(page)
    for choice, kind in (("Mass", "second"), ("second", "model")):
        page.evaluate("document.querySelector('details[data-explainers]').open = true")
        page.get_by_label("Compare with").select_option(label=choice)
        page.evaluate("document.querySelector('details[data-explainers]').open = false")
        page.wait_for_selector(f".panel[data-{kind}='{choice}']")
        steps.compared(page)
        sides = page.locator(".panel .side-name").all_inner_texts()
        assert sides == (["Effusion", "Mass"] if kind == "second" else ["starter", "second"])
        assert "Rank correlation" in page.locator(f".panel[data-{kind}='{choice}'] .correlation").inner_text()


def test_nothing_of_an_upload_stays_on_disk(visit, steps, nih_full, server_folder):
    page = visit(query="?explainers=left_half")
    steps.compared(page)
    steps.load(page, nih_full[1])
    steps.compared(page)
    sizes = {file.stat().st_size for file in server_folder.rglob("*") if file.is_file()}
    assert nih_full[1].stat().st_size not in sizes
    assert not [file for file in server_folder.rglob("*") if nih_full[1].stem in file.name]
