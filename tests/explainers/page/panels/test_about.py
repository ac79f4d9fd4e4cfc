"""About: what it says of checkpoint, explainers and data, and that it holds whatever a checkpoint states."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from explainers.page.panels import about
from explainers.registry import Registry
from hub.samples import NIH

PLUGINS = ("wrong_signature", "no_import")


@pytest.fixture
def told(predictor, pytestconfig):
    """About's HTML over one network, whose configuration may be changed."""

    def shown(**changes) -> str:
        changed = SimpleNamespace(
            identity=predictor.identity,
            labels=predictor.labels,
            rule=predictor.rule,
            benchmark=predictor.benchmark,
            config=replace(predictor.config, **changes),
        )
        networks = SimpleNamespace(
            names=["starter"], state=lambda name: SimpleNamespace(state="ready", notes=()), loaded=lambda name: changed
        )
        folder = pytestconfig.rootpath / "tests" / "plugins"
        registry = Registry.standard([str(folder / f"{name}.py") for name in PLUGINS])
        return about.about_html(SimpleNamespace(networks=networks, registry=registry))

    return shown


def test_it_has_the_figures_of_every_finding_and_their_mean(told, predictor):
    text = told()
    for finding, value in (predictor.config.metrics["auc"] | {"mean": predictor.config.metrics["mean_auc"]}).items():
        assert "{:.3f} [{:.3f}–{:.3f}]".format(*value) in text, finding
    assert f"{predictor.config.thresholds['Effusion'].score:.2f}" in text
    assert "Explainers measured on starter" in text


def test_it_names_sources_versions_and_what_was_left_out(told):
    text = told()
    assert NIH.link in text
    assert NIH.citation in text
    assert "with thanks" in text
    assert "https://arxiv.org/abs/1610.02391" in text
    assert "TensorFlow 2" in text
    assert all(f"<strong>{name}.py</strong>: " in text for name in PLUGINS)


@pytest.mark.parametrize(
    "metrics",
    [
        {},
        {"auc": "high", "mean_auc": "very"},
        {"auc": {"Effusion": 0.8, "Mass": ["<b>", 0, 1], "Edema": [0.7]}, "data": "<script>"},
        {"auc": {}, "mean_auc": [1, 2]},
    ],
)
def test_a_checkpoint_may_state_anything(told, metrics):
    text = told(metrics=metrics, description="<img src=x>", thresholds={})
    assert "<b>" not in text
    assert "<script>" not in text
    assert "<img" not in text


def test_findings_of_any_name_are_listed_as_text(told, predictor):
    text = told(labels=(*predictor.config.labels, "Lung Opacity", "<b>Fracture"))
    assert "Lung opacity" in text
    assert "&lt;b&gt;fracture" in text.lower()
    assert "<b>" not in text
