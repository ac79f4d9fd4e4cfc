"""About: the checkpoint and its figures, the explainers, plugins that were left out, limits, data, privacy, versions.

Plain HTML, made here. What a checkpoint or a plugin states may be anybody's: it is escaped, and left out if it is not
of the form.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.metadata import PackageNotFoundError, version

from cxr.checkpoint import CheckpointConfig, Threshold
from cxr.checkpoint.witness import Figure
from cxr.evaluation.claims import flagged, sentences_on, withheld
from cxr.evaluation.claims_table import NO_WITNESS
from cxr.findings import display_name
from cxr.predictor import Predictor
from explainers.benchmark.report import COLUMNS, EXPLANATION, table_rows
from explainers.contract.explainer import Explainer
from explainers.page.concurrency import ANY_NUMBER
from explainers.page.panel import Event, Panel, handler
from explainers.page.panels.about.api import api_section
from explainers.page.panels.about.tables import table
from explainers.page.state import AppState
from explainers.page.words import words_of
from hub.samples import NIH

VERSIONS = {
    "cxr-lens": "cxr-lens",
    "TensorFlow": "tensorflow",
    "Keras": "keras",
    "ONNX Runtime": "onnxruntime",
    "NumPy": "numpy",
    "Gradio": "gradio",
    "huggingface_hub": "huggingface-hub",
}
"""What people call a package, and what the package index calls it; one that isn't installed is left out."""


SCORES = ("Finding", "AUC [95 %]", "Operating point", "Above it without any finding [95 %]", "Probability")


class About(Panel):
    """A view of its own, fetched when it is opened."""

    place = "view"

    def value(self) -> str:
        """Nothing: the view is empty until it is opened."""
        return ""

    @handler(**ANY_NUMBER)
    def refresh(self, event: Event) -> Iterator[str]:
        """What is known now."""
        yield about_html(self.state)


def about_html(state: AppState) -> str:
    """HTML of the whole section, as far as it is known by now."""
    return f"""<section class="about" aria-labelledby="about-title">
<p><a href="#">{escape(words_of("about")["back"])}</a></p>
<h2 id="about-title" tabindex="-1">{escape(words_of("about")["title"])}</h2>
<div class="about-columns">
{_networks(state)}
{_explainers(state)}
{_reading()}
</div>
{_benchmarks(state)}
{api_section()}
<p class="quiet versions">{_versions()}</p>
</section>"""


def _networks(state: AppState) -> str:
    """A card for each network that is offered; those that nobody asked for yet by their names alone."""
    names = state.networks.names
    cards = [_network(state, name) for name in names if state.networks.state(name).state != "idle"]
    others = [name for name in names if state.networks.state(name).state == "idle"]
    waiting = f"<p>Also offered: {escape(', '.join(others))}.</p>" if others else ""
    return f"<section><h3>{'The network' if len(names) == 1 else 'Networks'}</h3>{''.join(cards)}{waiting}</section>"


def _network(state: AppState, name: str) -> str:
    predictor, network = state.networks.loaded(name), state.networks.state(name)
    if predictor is None:
        return f"<p>{escape(name)} is being loaded.</p>" if network.state == "loading" else _paragraphs(network.notes)
    return _paragraphs(network.notes) + _card(predictor)


def _card(predictor: Predictor) -> str:
    config, identity = predictor.config, predictor.identity
    rule = predictor.rule
    rows = {
        "Name": identity.name,
        "From": identity.source + (f" at {identity.revision}" if identity.revision else ""),
        "Weights": f"sha256 {identity.sha256[:16]}…" if identity.sha256 else "",
        "Input": f"{rule.size} × {rule.size} pixels, rule “{rule.rule}”",
        "Findings": " ".join(filter(None, [f"{len(predictor.labels)}.", config.left_out])),
        "Trained on": _trained(config.raw.get("training", {})),
        "AUC": _auc(config.metrics),
        "Reported": _reported(config.raw.get("reported", {})),
        "Certainty": str(config.raw.get("certainty", "")),
        "Licence": config.license,
    }
    return (f"<p>{escape(config.description)}</p>" if config.description else "") + _definitions(rows) + _scores(config)


def _trained(training: dict) -> str:
    """The data that the checkpoint's provenance states, with the number of pictures."""
    pictures = training.get("pictures", {})
    count = (pictures.get("train") if isinstance(pictures, dict) else None) or training.get("images")
    return ", ".join(str(part) for part in (training.get("data"), f"{count} pictures" if count else "") if part)


def _auc(metrics: Mapping) -> str:
    """Mean AUC with its interval and data, as far as the checkpoint states them."""
    mean = _with_interval(metrics.get("mean_auc"))
    return f"{mean} on average, on {_measured_on(metrics)}" if mean else ""


def _measured_on(metrics: Mapping) -> str:
    """Data, part, pictures and patients, as far as they are stated."""
    where = [str(metrics[name]) for name in ("data", "part") if metrics.get(name)]
    counts = [
        f"{metrics[name]} {word}" for name, word in (("n", "pictures"), ("patients", "patients")) if metrics.get(name)
    ]
    return ", ".join([*where, *([" of ".join(counts)] if counts else [])]) or "data that are not stated"


def _reported(reported: dict) -> str:
    """A mean AUC that others state of the network; nobody measured it here."""
    if not reported.get("mean_auc"):
        return ""
    return f"mean AUC {reported['mean_auc']} on {reported.get('data', '?')}, by {reported.get('source', '?')}"


def _explainers(state: AppState) -> str:
    known = state.registry.explainers.values()
    items = "".join(_explainer(each) for each in known if not each.control)
    controls = "".join(_explainer(each) for each in known if each.control)
    folded = f"<details><summary>Controls, which must lose</summary><dl>{controls}</dl></details>" if controls else ""
    failures = "".join(
        f"<li><strong>{escape(failure.plugin)}</strong>: {escape(failure.reason)}</li>"
        for failure in state.registry.failures
    )
    left_out = f"<h4>Left out</h4><ul class='failures'>{failures}</ul>" if failures else ""
    return f"<section><h3>Explainers</h3><dl>{items}</dl>{folded}{left_out}</section>"


def _explainer(explainer: type[Explainer]) -> str:
    reference = f"<span class='quiet'>{_linked(explainer.reference)}</span>" if explainer.reference else ""
    return f"<dt>{escape(explainer.title)}</dt><dd>{escape(explainer.summary())} {reference}</dd>"


def _linked(reference: str) -> str:
    """A reference, escaped, its arXiv number a link."""
    place = r"<a href='https://arxiv.org/abs/\1' rel='noopener'>arXiv \1</a>"
    return re.sub(r"arXiv (\d{4}\.\d{4,5})", place, escape(reference))


def _benchmarks(state: AppState) -> str:
    """A table for each network at hand that carries a benchmark."""
    loaded = [state.networks.loaded(name) for name in state.networks.names]
    return "".join(_benchmark(predictor) for predictor in loaded if predictor is not None)


def _scores(config: CheckpointConfig) -> str:
    """AUC and operating point of each finding; "" for a network that states no AUC."""
    known = config.metrics.get("auc")
    if not isinstance(known, Mapping):
        return ""
    rows = [
        [
            display_name(finding),
            _with_interval(known.get(finding)),
            _point(config.thresholds.get(finding)),
            _share(flagged(finding, config)),
            "withheld" if withheld(finding, config) else "shown",
        ]
        for finding in sorted(config.findings)
    ]
    rows.append(["Mean", _with_interval(config.metrics.get("mean_auc")), "", "", ""])
    scores = table(SCORES, rows, f"AUC of {config.name} by finding")
    said = "0.5 is chance. Of labels that were mined from reports, as NIH's were, about one in ten is wrong."
    provisional = any(each.provisional for each in config.thresholds.values())
    starred = " An operating point with a star rests on few patients and is provisional." if provisional else ""
    checked = " ".join(sentences_on(config)) or NO_WITNESS
    return f"<div class='benchmark'>{scores}<p class='quiet'>{said}{starred} {escape(checked)}</p></div>"


def _with_interval(value: object) -> str:
    """`middle [low–high]` of three numbers, anything else ""."""
    if not isinstance(value, Sequence) or len(value) != 3 or not all(isinstance(each, int | float) for each in value):
        return ""
    return "{:.3f} [{:.3f}–{:.3f}]".format(*value)


def _share(figure: Figure | None) -> str:
    return "{:.0%} [{:.0%}–{:.0%}]".format(*figure) if figure else ""


def _point(threshold: Threshold | None) -> str:
    return "none" if threshold is None else f"{threshold.score:.2f}{'*' if threshold.provisional else ''}"


def _benchmark(predictor: Predictor) -> str:
    """How explainers did on this network, as the checkpoint states it."""
    found = predictor.benchmark
    try:
        heads = ["explainer", "boxes", *COLUMNS.values(), "beats the prior", "seconds"]
        heads = [each[0].upper() + each[1:] for each in heads]
        rows = [[str(label), *(_figure(str(cell)) for cell in cells)] for label, *cells in table_rows(found)]
        about = (
            f"{int(found['boxes'])} boxes on {int(found['images'])} radiographs of {int(found['patients'])} patients"
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        return ""
    name = predictor.identity.name
    return f"""<section class="benchmark"><h3>Explainers measured on this network: {escape(name)}</h3>
<p class="quiet">{escape(about)}. {escape(EXPLANATION)}</p>
{table(heads, rows, f"Benchmark of explainers on {name}")}</section>"""


def _figure(cell: str) -> str:
    """A cell of the table: a true minus, and no dash between two numbers where one of them is negative."""
    return cell.replace("–-", " to -").replace("-", "−")


def _reading() -> str:
    return f"""<section><h3>How far to believe it</h3>
<p>A score is what this network makes of the picture. It is no probability unless it is called one, and then only where
findings are as frequent as in the data it was calibrated on.</p>
<p>A map says what raises or lowers the score. It does not show disease, and a good-looking map is no reason to trust
the score. Explainers ask different questions of the network; where they disagree, no map is the answer.</p>
<h3>Limits</h3>
<p>For research and teaching, not for diagnosis. Adult frontal radiographs only: anything else is scored too, and the
score means nothing. At another hospital, scores may be worth less than their figures say. A map of 7 × 7 cells can't
point at anything small.</p>
<h3>What is kept</h3>
<p>Nothing. An uploaded file is deleted once it was read; picture and maps stay in the server's memory while this page
is open. De-identify a radiograph before you upload it, and upload only what you may share.</p>
<h3>Data</h3>
<p>The starter and most networks offered here learnt from radiographs provided by {escape(NIH.provider)}, whom we thank:
<a href="{NIH.link}" rel="noopener">{escape(NIH.link.removeprefix("https://"))}</a>. Cite: {escape(NIH.citation)}
Synthetic samples are computed; no patient is in them.</p></section>"""


def _versions() -> str:
    found = []
    for title, package in VERSIONS.items():
        try:
            found.append(f"{title} {version(package)}")
        except PackageNotFoundError:
            continue
    return f"{escape(', '.join(found))}. Apache-2.0."


def _paragraphs(sentences: tuple[str, ...]) -> str:
    return "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)


def _definitions(rows: dict[str, str]) -> str:
    pairs = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in rows.items() if text)
    return f"<dl class='facts'>{pairs}</dl>"
