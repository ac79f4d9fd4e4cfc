"""The first ten seconds in a real browser: what is on the screen, where, and what it says."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from explainers.page import worked_case
from explainers.page.panel import Event
from explainers.page.panels.comparison.request import CompareRequest
from explainers.page.panels.comparison.run import run_comparison, worked_comparison
from explainers.page.panels.findings import Findings, scores_of
from explainers.page.panels.radiograph import RadiographPanel
from explainers.registry import Registry

browser = pytest.mark.browser

SHIFTS = """() => {
    window.shifted = 0;
    new PerformanceObserver((list) => {
        for (const each of list.getEntries()) if (!each.hadRecentInput) window.shifted += each.value;
    }).observe({type: "layout-shift", buffered: true});
}"""

PLACES = """() => {
    const boxes = (selector) => [...document.querySelectorAll(selector)].map((each) => each.getBoundingClientRect());
    const lowest = (selector) => Math.max(...boxes(selector).map((each) => each.bottom));
    return {
        map: boxes(".panel .frame")[0].top, bar: boxes(".looks")[0].height,
        pages: document.documentElement.scrollHeight / innerHeight, bars: lowest(".panel .bar"),
        abreast: boxes(".panel .frame").filter((each, at, all) => each.top === all[0].top).length,
        rows: lowest(".findings li"), wide: document.documentElement.scrollWidth,
    };
}"""

KEEP_GREY = """() => {
    const read = (canvas) => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    window.readPixels = read;
    window.greyOf = new Map([...document.querySelectorAll(".panel")].map(
        (panel) => [panel.dataset.explainer, read(panel.querySelector("canvas"))]));
}"""

SHARES = """(visible) => Object.fromEntries([...document.querySelectorAll(".panel")].map((panel) => {
    const name = panel.dataset.explainer, grey = window.greyOf.get(name);
    const now = window.readPixels(panel.querySelector("canvas"));
    let coloured = 0;
    for (let at = 0; at < now.length; at += 4) {
        const differs = [0, 1, 2].map((channel) => Math.abs(now[at + channel] - grey[at + channel]));
        if (Math.max(...differs) > visible) coloured += 1;
    }
    return [name, coloured / (now.length / 4)];
}))"""

VISIBLE = 10
"""Of 255: a pixel that differs more than this from the radiograph's grey is visibly coloured."""


def coloured(page) -> dict[str, float]:
    """Share of each panel's pixels that are visibly coloured."""
    page.locator("[data-opacity]").fill("0")
    page.evaluate(KEEP_GREY)
    page.locator("[data-opacity]").fill("60")
    return page.evaluate(SHARES, VISIBLE)


@pytest.fixture
def arrived_before(visit, steps) -> None:
    """Somebody arrived before, so that the network is loaded and the server has sent everything once."""
    page = visit()
    steps.compared(page)


@browser
@pytest.mark.parametrize(
    ("width", "height", "theme"),
    [
        (1440, 900, "light"),
        pytest.param(1366, 768, "dark", marks=pytest.mark.slow),
        pytest.param(1280, 720, "light", marks=pytest.mark.slow),
        pytest.param(768, 1024, "dark", marks=pytest.mark.slow),
        (390, 844, "light"),
    ],
)
def test_a_visitor_arrives_at_a_comparison(visit, steps, accessible, width, height, theme):
    """Positions at each width, and no violation of accessibility rules."""
    page = visit(width=width, height=height, theme=theme)
    steps.compared(page)
    places = page.evaluate(PLACES)
    assert places["wide"] <= width
    if width >= 1280:
        assert places["map"] <= 260
        assert places["bar"] <= 44
        assert places["abreast"] == 3
        assert places["bars"] <= height
    elif width >= 768:
        assert places["abreast"] == 2
    else:
        assert places["map"] <= height - 300
    if (width, height) == (1440, 900):
        assert places["rows"] <= height
        assert places["pages"] <= 2.5
    sentence = page.locator(".headline").inner_text()
    assert sentence.startswith("Three explanations")
    assert "of their hottest tenth" in sentence
    assert page.locator(".panel[data-state=done]").count() == 3
    accessible(page)


@browser
@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_nothing_moves_while_the_page_fills(arrived_before, visit, steps, width, height):
    """The least of three visits counts: on a busy machine, one may be interrupted anywhere."""
    shifts = [1.0]
    while min(shifts) > 0.05 and len(shifts) <= 3:
        page = visit(width=width, height=height)
        page.evaluate(SHIFTS)
        steps.compared(page)
        page.wait_for_timeout(300)
        shifts.append(page.evaluate("window.shifted"))
    assert min(shifts) <= 0.05, shifts


@browser
def test_the_first_panels_are_visibly_coloured(visit, steps):
    page = visit()
    steps.compared(page)
    shares = coloured(page)
    assert list(shares) == ["grad_cam", "occlusion", "saliency"]
    assert min(shares.values()) >= 0.03, shares
    assert "smoothed 4 px · clipped at" in page.locator(".panel[data-explainer=saliency] .note").inner_text()
    page.evaluate("document.querySelector('details[data-more]').open = true")
    page.locator("[data-smooth]").uncheck()
    page.locator("[data-clip]").uncheck()
    assert "smoothed" not in page.locator(".panel[data-explainer=saliency] .note").inner_text()
    assert coloured(page)["saliency"] < shares["saliency"]


def test_the_worked_case_is_what_the_network_computes(predictor):
    """Whoever changes the packaged weights runs `python -m explainers.page worked-case`."""
    from explainers import compare
    from explainers.running.comparison import Finished

    case = worked_case.load()
    registry = Registry.standard()
    assert case.identity.sha256 == predictor.identity.sha256
    names = [each.explainer for each in case.explanations]
    assert names == [name for name in registry.defaults if not registry.explainers[name].control][:3]
    prediction = predictor.predict(case.radiograph)
    for stored, fresh in zip(case.prediction.findings, prediction.findings, strict=True):
        assert stored.finding == fresh.finding
        assert stored.logit == pytest.approx(fresh.logit, abs=5e-3)
    fresh_scores = json.loads(json.dumps(scores_of(prediction, predictor)))
    assert [each["finding"] for each in case.scores["findings"]] == [e["finding"] for e in fresh_scores["findings"]]
    assert case.scores["benchmark"] == fresh_scores["benchmark"]
    # occlusion takes the longest of the three; the others are computed here
    quick = [name for name in names if name != "occlusion"]
    events = compare(predictor, case.radiograph, case.finding, quick, seed=0, registry=registry)
    fresh_maps = {event.explainer: event.explanation.map for event in events if isinstance(event, Finished)}
    for each in case.explanations:
        if each.explainer in quick:
            largest = np.abs(fresh_maps[each.explainer]).max()
            np.testing.assert_allclose(each.map, fresh_maps[each.explainer], atol=0.02 * largest)


def test_the_worked_case_is_the_first_sample_on_a_finding_that_the_network_sees():
    from explainers.page.samples import SIZE_PX, Samples

    case = worked_case.load()
    name, sample = Samples().items()[0]
    assert (case.sample, case.finding) == (name, sample.planted)
    # another processor rounds a few pixels of a synthetic chest the other way
    stored, drawn = (each.display(SIZE_PX).astype(int) for each in (case.radiograph, sample.read()))
    assert np.abs(stored - drawn).max() <= 1
    assert (stored != drawn).mean() < 1e-4
    assert case.prediction[case.finding].above_threshold


def event(visitor: str = "visitor", **data) -> Event:
    return Event(data, visitor)


def test_while_another_network_is_loaded_the_stored_case_is_shown_and_said_to_stand_in(loading_state, predictor):
    loading_state.networks.names = ["medmae"]
    loading_state.networks.name_of = lambda name: name or "medmae"
    (shown,) = RadiographPanel(loading_state).arrive(event())
    (scores,) = Findings(loading_state).score(event(model="medmae"))
    case = worked_case.packaged()
    assert shown["sample"]["planted"] == case.finding
    assert (scores["model"], scores["standIn"]) == ("medmae", case.identity.name)
    request = CompareRequest.from_event({"run": 1, "finding": case.finding, "explainers": ["grad_cam", "saliency"]})
    session = loading_state.sessions.of("visitor")
    (maps,) = run_comparison(loading_state, session, request)
    assert {panel["state"] for panel in maps["panels"].values()} == {"done"}
    # once it is there, the stored results no longer apply
    loading_state.networks.loaded = lambda name="": SimpleNamespace(identity=replace(case.identity, sha256="0" * 64))
    assert worked_comparison(loading_state, session, request) is None
    loading_state.networks.find = lambda name: predictor
    (scores,) = Findings(loading_state).score(event(model="medmae"))
    assert "standIn" not in scores


def test_the_stored_case_does_not_stand_in_for_its_own_network(loading_state):
    loading_state.networks.name_of = lambda name: name or "starter"
    list(RadiographPanel(loading_state).arrive(event()))
    (scores,) = Findings(loading_state).score(event(model="starter"))
    assert scores["standIn"] == ""


@browser
def test_stored_results_are_replaced_when_the_network_is_loaded(visit, steps):
    page = visit(query="?explainers=grad_cam")
    steps.compared(page)
    loading = "{...cxrLens.page.last('network'), state: 'loading'}"
    page.evaluate(f"cxrLens.page.publish('network', {loading})")
    page.evaluate("cxrLens.page.publish('scores', {...cxrLens.page.last('scores'), standIn: 'starter'})")
    steps.compared(page)
    assert page.locator("[data-stand-in]").inner_text().startswith("Stored results of the packaged network (starter)")
    # the scores are asked for again; here the answer is the same, so the browser is not told of it
    with page.expect_request(lambda request: "queue/join" in request.url):
        page.evaluate("cxrLens.page.publish('network', {...cxrLens.page.last('network'), state: 'ready'})")
    assert page.evaluate("cxrLens.page.last('scores').findings") is None
