"""About: the checkpoint and its figures, the explainers, plugins that were left out, limits, data, privacy, versions.

Plain HTML, made here. What a checkpoint or a plugin states may be anybody's: it is escaped, and left out if it is not
of the form.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.metadata import PackageNotFoundError, version

from cxr.checkpoint import CheckpointConfig, Identity, Threshold
from cxr.checkpoint.witness import Figure
from cxr.evaluation.claims import flagged, sentences_on, withheld
from cxr.evaluation.claims_table import unchecked
from cxr.findings import display_name
from cxr.predictor import Predictor
from explainers.benchmark.report import COLUMNS, EXPLANATION, table_rows, table_title
from explainers.benchmark.statistics import tables_of
from explainers.contract.explainer import Explainer
from explainers.page.concurrency import ANY_NUMBER
from explainers.page.panel import Event, Panel, handler
from explainers.page.panels.about.api import api_section
from explainers.page.panels.about.tables import table
from explainers.page.state import AppState
from explainers.page.words import filled
from hub.samples import NIH

WORDS = "about"

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
<p><a href="#">{_w("back")}</a></p>
<h2 id="about-title" tabindex="-1">{_w("title")}</h2>
<div class="about-columns">
{_networks(state)}
{_explainers(state)}
{_reading()}
</div>
{_benchmarks(state)}
{api_section()}
<p class="quiet versions">{_versions()}</p>
</section>"""


def _w(key: str, **values: object) -> str:
    """A sentence with its values, escaped."""
    return escape(filled(WORDS, key, **values))


def _networks(state: AppState) -> str:
    """A card for each network that is offered; those that nobody asked for yet by their names alone."""
    names = state.networks.names
    cards = [_network(state, name) for name in names if state.networks.state(name).state != "idle"]
    others = [name for name in names if state.networks.state(name).state == "idle"]
    waiting = f"<p>{_w('also_offered', names=', '.join(others))}</p>" if others else ""
    title = _w("network" if len(names) == 1 else "networks")
    return f"<section><h3>{title}</h3>{''.join(cards)}{waiting}</section>"


def _network(state: AppState, name: str) -> str:
    predictor, network = state.networks.loaded(name), state.networks.state(name)
    if predictor is None:
        if network.state == "loading":
            return f"<p>{_w('being_loaded', name=name)}</p>"
        return _paragraphs(network.notes)
    return _paragraphs(network.notes) + _card(predictor)


def _card(predictor: Predictor) -> str:
    config, identity = predictor.config, predictor.identity
    rule = predictor.rule
    rows = {
        "name": identity.name,
        "source": _source(identity),
        "weights": f"sha256 {identity.sha256[:16]}…" if identity.sha256 else "",
        "input": filled(WORDS, "input_of", size=rule.size, rule=rule.rule),
        "findings": str(len(predictor.labels)),
        "trained_on": _trained(config.raw.get("training", {})),
        "auc": _auc(config.metrics),
        "reported": _reported(config.raw.get("reported", {})),
        "certainty": str(config.raw.get("certainty", "")),
        "licence": config.license,
    }
    return (f"<p>{escape(config.description)}</p>" if config.description else "") + _definitions(rows) + _scores(config)


def _source(identity: Identity) -> str:
    if not identity.revision:
        return identity.source
    return filled(WORDS, "source_at", source=identity.source, revision=identity.revision)


def _trained(training: dict) -> str:
    """The data that the checkpoint's provenance states, with the number of pictures."""
    pictures = training.get("pictures", {})
    count = (pictures.get("train") if isinstance(pictures, dict) else None) or training.get("images")
    images = filled(WORDS, "images", count=count) if count else ""
    return ", ".join(str(part) for part in (training.get("data"), images) if part)


def _auc(metrics: Mapping) -> str:
    """Mean AUC with its interval and data, as far as the checkpoint states them."""
    mean = _with_interval(metrics.get("mean_auc"))
    return filled(WORDS, "auc_mean", mean=mean, data=_measured_on(metrics)) if mean else ""


def _measured_on(metrics: Mapping) -> str:
    """Data, part, pictures and patients, as far as they are stated."""
    where = [str(metrics[name]) for name in ("data", "part") if metrics.get(name)]
    images = filled(WORDS, "images", count=metrics["n"]) if metrics.get("n") else ""
    patients = filled(WORDS, "patients", count=metrics["patients"]) if metrics.get("patients") else ""
    both = filled(WORDS, "images_of", images=images, patients=patients) if images and patients else images or patients
    return ", ".join(filter(None, [*where, both])) or filled(WORDS, "no_data")


def _reported(reported: dict) -> str:
    """A mean AUC that others state of the network; nobody measured it here."""
    if not reported.get("mean_auc"):
        return ""
    data, source = reported.get("data", "?"), reported.get("source", "?")
    return filled(WORDS, "reported_auc", auc=reported["mean_auc"], data=data, source=source)


def _explainers(state: AppState) -> str:
    known = state.registry.explainers.values()
    items = "".join(_explainer(each) for each in known if not each.control)
    controls = "".join(_explainer(each) for each in known if each.control)
    folded = f"<details><summary>{_w('controls')}</summary><dl>{controls}</dl></details>" if controls else ""
    failures = "".join(
        f"<li><strong>{escape(failure.plugin)}</strong>: {escape(failure.reason)}</li>"
        for failure in state.registry.failures
    )
    left_out = f"<h4>{_w('left_out')}</h4><ul class='failures'>{failures}</ul>" if failures else ""
    return f"<section><h3>{_w('explainers')}</h3><dl>{items}</dl>{folded}{left_out}</section>"


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
            filled(WORDS, "is_withheld" if withheld(finding, config) else "is_shown"),
        ]
        for finding in sorted(config.findings)
    ]
    rows.append([filled(WORDS, "mean"), _with_interval(config.metrics.get("mean_auc")), "", "", ""])
    heads = [filled(WORDS, key) for key in ("finding", "auc_interval", "point", "flagged", "shown")]
    scores = table(heads, rows, filled(WORDS, "auc_table", name=config.name))
    provisional = any(each.provisional for each in config.thresholds.values())
    starred = f" {_w('auc_star')}" if provisional else ""
    checked = escape(" ".join(sentences_on(config)) or unchecked(config))
    return f"<div class='benchmark'>{scores}<p class='quiet'>{_w('auc_how')}{starred} {checked}</p></div>"


def _with_interval(value: object) -> str:
    """`middle [low–high]` of three numbers, anything else ""."""
    if not isinstance(value, Sequence) or len(value) != 3 or not all(isinstance(each, int | float) for each in value):
        return ""
    return "{:.3f} [{:.3f}–{:.3f}]".format(*value)


def _share(figure: Figure | None) -> str:
    return "{:.0%} [{:.0%}–{:.0%}]".format(*figure) if figure else ""


def _point(threshold: Threshold | None) -> str:
    return (
        filled(WORDS, "no_point")
        if threshold is None
        else f"{threshold.score:.2f}{'*' if threshold.provisional else ''}"
    )


def _benchmark(predictor: Predictor) -> str:
    """How explainers did on this network, as the checkpoint states it."""
    found = predictor.benchmark
    try:
        first, last = ("benchmark_explainer", "benchmark_targets"), ("benchmark_beats", "benchmark_seconds")
        columns = [each[0].upper() + each[1:] for each in COLUMNS.values()]
        heads = [*(filled(WORDS, key) for key in first), *columns, *(filled(WORDS, key) for key in last)]
        name = predictor.identity.name
        tables = "".join(
            f"<p class='quiet'>{escape(table_title(each))}.</p>"
            + table(
                heads,
                _cells(each),
                filled(WORDS, "benchmark_table", name=name, targets=table_title(each)),
                intervals_below=True,
            )
            for each in tables_of(found)
        )
        concluded = f"<p>{escape(str(found['concluded']))}</p>" if "concluded" in found else ""
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        return ""
    return f"""<section class="benchmark"><h3>{_w("benchmark", name=name)}</h3>
{concluded}
{tables}
<p class="quiet">{escape(EXPLANATION)}</p></section>"""


def _cells(found: Mapping) -> list[list[str]]:
    return [[str(label), *(_figure(str(cell)) for cell in cells)] for label, *cells in table_rows(found)]


def _figure(cell: str) -> str:
    """A cell of the table: a true minus, and no dash between two numbers where one of them is negative."""
    return cell.replace("–-", " to -").replace("-", "−")


def _reading() -> str:
    return f"""<section><h3>{_w("believe_title")}</h3>
<p>{_w("believe_score")}</p>
<p>{_w("believe_map")}</p>
<h3>{_w("limits_title")}</h3>
<p>{_w("limits")}</p>
<h3>{_w("privacy_title")}</h3>
<p>{_w("privacy")}</p>
<h3>{_w("data_title")}</h3>
<p>{_w("data", provider=NIH.provider)}
<a href="{NIH.link}" rel="noopener">{escape(NIH.link.removeprefix("https://"))}</a>.
{_w("data_cite", citation=NIH.citation)}</p></section>"""


def _versions() -> str:
    found = []
    for title, package in VERSIONS.items():
        try:
            found.append(f"{title} {version(package)}")
        except PackageNotFoundError:
            continue
    return _w("licensed", versions=", ".join(found))


def _paragraphs(sentences: tuple[str, ...]) -> str:
    return "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)


def _definitions(rows: dict[str, str]) -> str:
    pairs = "".join(f"<dt>{_w(key)}</dt><dd>{escape(text)}</dd>" for key, text in rows.items() if text)
    return f"<dl class='facts'>{pairs}</dl>"
