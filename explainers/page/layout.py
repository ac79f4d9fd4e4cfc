"""The page put together: which panel stands where, and which event ends in which handler."""

import gradio as gr

from explainers.page import (
    about,
    belief,
    bench,
    findings,
    header,
    ledger,
    likelihood,
    radiograph,
    region,
    takeaway,
)
from explainers.page.api import endpoints
from explainers.page.concurrency import EXPLAINING, SCORING
from explainers.page.state import AppState
from explainers.page.visits import Visits

HIDDEN = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "multiple"}
"""Of the page's own events. Each has an `api_name` too: Gradio's default, the function's name, may be an endpoint's."""


def page(state: AppState) -> gr.Blocks:
    """The whole page with its endpoints, not yet served."""
    with gr.Blocks(title="cxr-lens", analytics_enabled=False, fill_width=True) as blocks:
        head = header.build()
        with gr.Row(elem_id="desk"):
            with gr.Column(elem_id="reading", scale=0):
                picture, scores = radiograph.build(), findings.build()
            with gr.Column(elem_id="comparison"):
                comparison = bench.build()
                tests = belief.build()
                marked = region.build()
                account = ledger.build()
                likelihood.build()
                takeaway.build()
        card = about.build(state)
        _connect(blocks, state, head, card, picture, scores, comparison, tests, marked, account)
        endpoints.define(state)
    return blocks.queue(max_size=state.settings.limits.waiting, default_concurrency_limit=4, api_open=False)


def _connect(
    blocks: gr.Blocks,
    state: AppState,
    head: gr.HTML,
    card: gr.HTML,
    picture: gr.HTML,
    scores: gr.HTML,
    comparison: gr.HTML,
    tests: gr.HTML,
    marked: gr.HTML,
    account: gr.HTML,
) -> None:
    visits = Visits(state)
    blocks.load(visits.arrive, None, [head, card], concurrency_limit=None, api_name="page_arrive", **HIDDEN)
    head.choose(visits.choose, None, [head, card], concurrency_limit=None, api_name="page_choose", **HIDDEN)
    head.retry(visits.retry, None, [head, card], concurrency_limit=None, api_name="page_retry", **HIDDEN)
    blocks.unload(visits.leave)
    picture.upload(visits.upload, None, [picture, scores], api_name="page_upload", **SCORING, **HIDDEN)
    picture.sample(visits.sample, None, [picture, scores], api_name="page_sample", **SCORING, **HIDDEN)
    scores.rescore(visits.rescore, None, scores, api_name="page_rescore", **SCORING, **HIDDEN)
    comparison.compare(visits.compare, None, comparison, api_name="page_compare", **EXPLAINING, **HIDDEN)
    tests.measure(visits.measure, None, tests, api_name="page_measure", **EXPLAINING, **HIDDEN)
    marked.ask(visits.ask, None, marked, api_name="page_ask", **SCORING, **HIDDEN)
    account.reckon(visits.reckon, None, account, api_name="page_reckon", **SCORING, **HIDDEN)
    account.cover(visits.cover, None, account, api_name="page_cover", **EXPLAINING, **HIDDEN)
    tests.cancel(visits.stop_measuring, None, None, api_name="page_cancel_measure", queue=False, **HIDDEN)
    # not queued: it must not wait behind what it cancels
    comparison.cancel(visits.stop_comparing, None, None, api_name="page_cancel", queue=False, **HIDDEN)
