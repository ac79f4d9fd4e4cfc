"""Where the logit comes from: what is sent, what is refused, and what a visitor sees add up."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from cxr import read_radiograph
from cxr.predictor import Predictor
from explainers.cam_sum import cam_sum, logits_covered
from explainers.errors import OptionError
from explainers.page.panels.cam_sum.request import CamSumRequest
from explainers.page.panels.cam_sum.run import add_up, cover_cells
from explainers.page.sessions import Session


def state_of(predictor) -> SimpleNamespace:
    return SimpleNamespace(networks=SimpleNamespace(find=lambda name: predictor, name_of=lambda name: name))


@pytest.fixture
def wide():
    """A radiograph of 800 × 1000 pixels."""
    return Session(read_radiograph(np.random.default_rng(0).random((800, 1000))), "wide")


@pytest.mark.parametrize("cell", [4, 2**20])
def test_a_cell_that_is_not_there_is_refused(tiny, wide, cell):
    with pytest.raises(OptionError, match="no such cell"):
        list(cover_cells(state_of(tiny), wide, CamSumRequest(run=1, cell=cell)))


def test_the_cells_lie_on_the_part_that_a_cropping_network_sees(tiny, wide):
    cropping = Predictor(tiny._network, replace(tiny.config, input={"rule": "imagenet", "size": 32}), tiny.identity)
    (answer,) = add_up(state_of(cropping), wide, CamSumRequest(run=1))
    # 800 × 1000 to 37 × 46, then the middle 32 × 32, cut at row 2 and column 7
    assert answer["crop"] == pytest.approx([2 * 800 / 37, 7 * 1000 / 46, 32 * 800 / 37, 32 * 1000 / 46], rel=1e-6)
    assert (answer["rows"], answer["columns"]) == (2, 2)
    account = answer["findings"]["Nodule"]
    assert sum(account["cells"]) + account["bias"] == pytest.approx(account["logit"], abs=1e-5)
    assert account["threshold"] == 0.2


def test_a_network_whose_logit_is_no_sum_says_so_in_a_sentence(tiny, wide):
    hidden = Predictor(tiny._network, replace(tiny.config, head=(4,)), tiny.identity)
    (answer,) = add_up(state_of(hidden), wide, CamSumRequest(run=1))
    assert "hidden layer" in answer["none"]
    assert "findings" not in answer


def test_covering_every_square_ends_with_how_far_the_ranks_agree(tiny, wide):
    *before, last = cover_cells(state_of(tiny), wide, CamSumRequest(run=1))
    assert before == []
    assert last["places"] == [0, 1, 2, 3]
    assert last["done"]
    assert set(last["agree"]) == {"Effusion", "Nodule"}
    (one,) = cover_cells(state_of(tiny), wide, CamSumRequest(run=1, cell=2))
    assert one["logits"]["Nodule"] == pytest.approx([last["logits"]["Nodule"][2]], abs=1e-5)
    assert one["agree"] == {}


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", ""))


@pytest.mark.browser
def test_the_cells_add_up_before_the_visitor_s_eyes_and_one_can_be_taken_out(visit, steps, phantom_file, predictor):
    page = visit(query="?explainers=grad_cam")
    steps.compared(page)
    steps.load(page, phantom_file)
    steps.compared(page)
    steps.tab(page, "cam_sum")
    page.locator(".cam-sum [data-sum] tr").nth(3).wait_for()
    finding = page.locator("[data-finding]").input_value()
    prepared = predictor.prepare(read_radiograph(phantom_file))
    made, place = cam_sum(predictor, prepared), predictor.labels.index(finding)

    bias, raised, lowered, logit = map(number, page.locator(".cam-sum [data-sum] .number").all_inner_texts())
    assert bias + raised + lowered == pytest.approx(logit, abs=2e-3)
    assert logit == pytest.approx(made.logits[place], abs=1e-3)
    cells = [number(each) for each in page.locator(".cam-sum [data-features] .cell").all_inner_texts()]
    assert cells == pytest.approx(made.cells[place].ravel(), abs=6e-3)
    rows = [row.split("\t") for row in page.locator(".cam-sum [data-rows]").inner_text().split("\n")]
    adds = [number(row[1]) for row in rows[1:-1]]
    assert len(adds) == 49
    assert number(rows[0][1]) + sum(adds) == pytest.approx(number(rows[-1][2]), abs=49 * 5e-4)
    assert [abs(each) for each in adds] == sorted(map(abs, adds), reverse=True)
    assert number(rows[-2][2]) == pytest.approx(logit, abs=2e-3)  # the running sum ends in the logit

    cell = 45
    page.locator(".cam-sum [data-features] .cell").nth(cell).click()
    removal = page.locator(".cam-sum [data-removal] tbody tr")
    page.wait_for_function("!document.querySelector('.cam-sum [data-removal]').innerText.includes('…')")
    as_it_is, without, hidden = (number(row.locator("td").first.inner_text()) for row in removal.all())
    ((_, logits),) = logits_covered(predictor, prepared, made.windows[[cell]])
    assert as_it_is - without == pytest.approx(made.cells[place].flat[cell], abs=0.011)
    assert hidden == pytest.approx(logits[0, place], abs=0.011)
    assert "The cell contributes" in page.locator(".cam-sum [data-chosen-text]").inner_text()
    assert "row 7, column 4" in page.locator(".cam-sum [data-rows] tr[aria-current]").inner_text()
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("row 6, column 4")

    page.get_by_role("button", name="Cover every square in turn").click()
    page.locator(".cam-sum [data-agree]").wait_for(timeout=300_000)
    falls = [number(each) for each in page.locator(".cam-sum [data-pixels] .cell").all_inner_texts()]
    assert falls[cell] == pytest.approx(made.logits[place] - logits[0, place], abs=6e-3)
    # another finding comes from the same passes
    other = next(name for name in predictor.labels if name != finding and "_" not in name)
    page.select_option("[data-finding]", other)
    page.wait_for_function("name => document.querySelector('.cam-sum [data-sum]').innerText.includes(name)", arg=other)
    assert page.locator(".cam-sum [data-agree]").is_visible()
    (*_, changed) = map(number, page.locator(".cam-sum [data-sum] .number").all_inner_texts())
    assert changed == pytest.approx(made.logits[predictor.labels.index(other)], abs=1e-3)
