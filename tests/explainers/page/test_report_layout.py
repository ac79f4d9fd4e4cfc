"""The report in a browser: it fits a phone and paper, in both themes, with the radiograph first."""

import re

import pytest

from explainers import compare
from explainers.output.look import Look
from explainers.output.report import report_html
from explainers.regions import regions_record
from explainers.running.comparison import Finished
from explainers.running.measuring import MeasureDone


@pytest.fixture(scope="module")
def made(predictor, phantom):
    events = compare(predictor, phantom, "Effusion", ["grad_cam", "edges"])
    return [event.explanation for event in events if isinstance(event, Finished)]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("width", "theme"),
    [
        (390, "light"),
        (1440, "dark"),
        pytest.param(390, "dark", marks=pytest.mark.slow),
        pytest.param(1440, "light", marks=pytest.mark.slow),
    ],
)
def test_the_report_fits_the_screen_and_paper(made, predictor, phantom, chromium, accessible, tmp_path, width, theme):
    records = {each: regions_record(each, 0.05, predictor.average_maps) for each in made}
    silent = MeasureDone("edges", "sum", code="NOT_MEASURABLE", reason="It has no sum.")
    text = report_html(predictor.predict(phantom), made, phantom, Look(regions=0.05), regions=records,
                       measured={each: {"Adds up": silent} for each in made})  # fmt: skip
    (tmp_path / "report.html").write_text(text)
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, offline=True)
    page = context.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("[...document.images].every((each) => each.naturalWidth > 300)")
    assert page.locator("figure img").first.bounding_box()["y"] < 400
    accessible(page)
    paper = page.pdf(prefer_css_page_size=True)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= 3
    context.close()
