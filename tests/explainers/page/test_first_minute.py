"""The first minute of a fresh installation: the default network is on its way from the Hub, and the page works."""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest

from cxr.checkpoint.safetensors_file import read_safetensors
from cxr.checkpoint.writing import write_safetensors

ROOT = Path(__file__).resolve().parents[3]
COMMIT = "a" * 40
SHIFT = 1.5
"""Added to every logit of the network on the Hub, so that its scores differ from the packaged network's."""

PATIENT = """
import os, time
from explainers import Explainer, hookimpl

class Patient(Explainer):
    \"\"\"Computes until a file is there.\"\"\"

    name, title, unit = "patient", "Patient", "logit"

    def explain(self, context, finding):
        while not os.path.exists(os.environ["LET_GO"]):
            context.progress(0.5, "waiting")
            time.sleep(0.05)
        return context.input.mean(axis=-1)

@hookimpl
def cxr_lens_explainers():
    return [Patient]
"""


class Start(NamedTuple):
    """A page whose default network comes from a Hub that has sent half of it."""

    address: str
    hub: str
    let_go: Path

    def send_the_rest(self) -> None:
        urllib.request.urlopen(urllib.request.Request(f"{self.hub}/_faults", data=b"[]"))


def shifted_network(folder: Path) -> None:
    """A repository with the packaged network, every logit higher by `SHIFT`."""
    place = shutil.copytree(ROOT / "hub" / "starter", folder / "models" / "org" / "slow" / COMMIT)
    (place.parent / "main").write_text(COMMIT)
    weights = read_safetensors(place / "model.safetensors")
    bias = weights["predictions/bias"]
    write_safetensors(place / "model.safetensors", weights | {"predictions/bias": bias + bias.dtype.type(SHIFT)})
    config = json.loads((place / "config.json").read_text())
    config["weights"]["sha256"] = sha256((place / "model.safetensors").read_bytes()).hexdigest()
    (place / "config.json").write_text(json.dumps(config | {"name": "slow"}))


@pytest.fixture
def start(tmp_path) -> Iterator[Start]:
    """The page and its Hub, each a process of its own."""
    shifted_network(tmp_path / "hub")
    plugin, let_go = tmp_path / "patient.py", tmp_path / "let_go"
    plugin.write_text(PATIENT)
    hub = subprocess.Popen(
        [sys.executable, str(ROOT / "tests/hub/fake_hub.py"), str(tmp_path / "hub")], stdout=subprocess.PIPE, text=True
    )
    address = hub.stdout.readline().strip()
    held = [{"part": "GET /org/slow/resolve/" + COMMIT + "/model.safetensors", "kind": "held"}]
    urllib.request.urlopen(urllib.request.Request(f"{address}/_faults", data=json.dumps(held).encode()))
    settings = {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "home"), "HF_TOKEN": "", "LET_GO": str(let_go)}
    settings |= {"HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1", "PYTHONUNBUFFERED": "1"}
    settings |= {"HF_HUB_DOWNLOAD_TIMEOUT": "300"}  # otherwise the client asks again for what is held
    page = subprocess.Popen(
        [sys.executable, str(ROOT / "demo.py"), "--model", "org/slow", "--plugin", str(plugin)],
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=(tmp_path / "log").open("w"),
        text=True,
    )
    try:
        printed = page.stdout.readline()
        assert printed, (tmp_path / "log").read_text()
        yield Start(printed.split()[-1].rstrip("/"), address, let_go)
    finally:
        for process in (page, hub):
            process.terminate()
            process.wait(30)


SCORES = "Object.fromEntries(cxrLens.page.last('scores').findings.map((each) => [each.finding, each.logit]))"
SCORED_BY = "(name) => cxrLens.page.last('scores')?.findings && cxrLens.page.last('scores').model === name"


@pytest.mark.browser
@pytest.mark.slow  # by default, test_networks.py and scripts/change_over.test.mjs
def test_the_page_works_while_the_default_network_is_fetched_and_changes_over_between_comparisons(
    start, chromium, steps, phantom_file
):
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(f"{start.address}/?explainers=grad_cam")
    page.locator("[data-network]", has_text="is used while org/slow is downloaded").wait_for()
    steps.load(page, phantom_file)
    page.wait_for_function(SCORED_BY, arg="starter")
    steps.compared(page)
    packaged = page.evaluate(SCORES)
    assert page.locator("[data-stand-in]").inner_text().startswith("Results of the packaged network (starter).")

    # the rest comes in the middle of a comparison: what is computed stays the packaged network's
    steps.choose(page, "Grad-CAM", "Patient")
    page.locator(".panel[data-explainer=patient][data-state=running]").wait_for()
    start.send_the_rest()
    page.locator("[data-network]", has_text="org/slow is ready").wait_for()
    assert page.locator(".panel[data-explainer=patient]").get_attribute("data-state") == "running"
    assert page.evaluate(SCORES) == packaged
    assert page.evaluate("cxrLens.page.last('network').model") == "starter"

    # it ends and its maps are tested; once no test runs, the default network takes over
    start.let_go.touch()
    steps.tab(page, "measures")
    page.locator(".measures [data-stop]").click()
    page.wait_for_function(SCORED_BY, arg="org/slow")
    steps.compared(page)
    assert page.evaluate(SCORES) == pytest.approx({name: each + SHIFT for name, each in packaged.items()}, abs=0.02)
    assert page.locator("[data-choice]").input_value() == "org/slow"
    assert not page.locator("[data-stand-in]").is_visible()
    assert page.locator("[data-network]").inner_text() == ""
    context.close()
