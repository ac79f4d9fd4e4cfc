"""The browser's canvas against `explainers.pictures.overlay`, pixel by pixel: two programs, one rule."""

import base64
import io
from itertools import product

import numpy as np
import pytest
from PIL import Image

from cxr import read_radiograph
from explainers import compare
from explainers.pictures import overlay
from explainers.running.comparison import Finished

pytestmark = pytest.mark.browser


def test_the_browser_draws_what_the_library_draws(visit, steps, nih_full, predictor):
    radiograph = read_radiograph(nih_full[2])
    page = visit(query="?explainers=grad_cam,saliency")
    steps.compared(page)
    steps.load(page, nih_full[2])
    steps.compared(page)
    events = compare(predictor, radiograph, page.locator("[data-finding]").input_value(), ["grad_cam", "saliency"])
    explanations = {each.explainer: each.explanation for each in events if isinstance(each, Finished)}
    for cells, view in product((False, True), ("positive", "signed", "percentile")):
        page.evaluate("document.querySelector('details[data-more]').open = true")  # a click beside it closes it
        page.locator("[data-cells]").set_checked(cells)
        page.locator(f".segments input[value={view}]").check(force=True)
        for name, explanation in explanations.items():
            canvas = f".panel[data-explainer={name}] canvas"
            address = page.evaluate("canvas => document.querySelector(canvas).toDataURL('image/png')", canvas)
            seen = np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))).convert("RGB"), int)
            look = {"view": view, "opacity": 0.6, "cells": cells, "smooth": True, "clip": True}
            apart = np.abs(seen - np.asarray(overlay(radiograph, explanation, **look), int)).max(axis=-1)
            # a value half-way between two rows of the colour table may fall to either
            assert np.mean(apart <= 2) > 0.999, (cells, view, name)
            assert apart.max() <= 12, (cells, view, name)
