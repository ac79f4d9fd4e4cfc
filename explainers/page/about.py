"""About: the checkpoint in use, the explainers, plugins that were left out, privacy. Plain HTML, made here, escaped."""

from html import escape
from importlib.metadata import PackageNotFoundError, version

import gradio as gr

from cxr.predictor import Predictor
from explainers.benchmark.report import SAID, SHOWN, table_rows
from explainers.contract import Explainer
from explainers.page.component import component
from explainers.page.desk import Desk


def build(desk: Desk) -> gr.HTML:
    """The component; its value is what `shown` returns."""
    return component("about", "${value}", "", value=shown(desk))


def shown(desk: Desk) -> str:
    """HTML of the whole section, as far as it is known by now."""
    return f"""<section class="about" aria-labelledby="about-title">
<h2 id="about-title" tabindex="-1">About</h2>
<div class="about-columns">
{_networks(desk)}
{_explainers(desk)}
{_reading()}
</div>
{_benchmarks(desk)}
<p class="quiet">{_versions()}</p>
</section>"""


def _networks(desk: Desk) -> str:
    """A card for each network that is offered; those that nobody asked for yet by their names alone."""
    names = desk.networks.names
    cards = [_network(desk, name) for name in names if desk.networks.state(name).state != "idle"]
    others = [name for name in names if desk.networks.state(name).state == "idle"]
    waiting = f"<p>Also offered: {escape(', '.join(others))}.</p>" if others else ""
    return f"<section><h3>{'The network' if len(names) == 1 else 'Networks'}</h3>{''.join(cards)}{waiting}</section>"


def _network(desk: Desk, name: str) -> str:
    predictor, state = desk.networks.loaded(name), desk.networks.state(name)
    if predictor is None:
        return f"<p>{escape(name)} is being loaded.</p>" if state.state == "loading" else _paragraphs(state.notes)
    return _paragraphs(state.notes) + _card(predictor)


def _card(predictor: Predictor) -> str:
    config, identity = predictor.config, predictor.identity
    rule = predictor.rule
    rows = {
        "Name": identity.name,
        "From": identity.source + (f" at {identity.revision}" if identity.revision else ""),
        "Weights": f"sha256 {identity.sha256[:16]}…" if identity.sha256 else "",
        "Input": f"{rule.size} × {rule.size} pixels, rule “{rule.rule}”",
        "Findings": str(len(predictor.labels)),
        "Trained on": _trained(config.raw.get("training", {})),
        "AUC": _auc(config.metrics),
        "Reported": _reported(config.raw.get("reported", {})),
        "Licence": config.license,
    }
    return (f"<p>{escape(config.description)}</p>" if config.description else "") + _definitions(rows)


def _trained(training: dict) -> str:
    """The data that the checkpoint's provenance states, with the number of pictures."""
    pictures = training.get("pictures", {})
    count = (pictures.get("train") if isinstance(pictures, dict) else None) or training.get("images")
    return ", ".join(str(part) for part in (training.get("data"), f"{count} pictures" if count else "") if part)


def _auc(metrics: dict) -> str:
    """Mean AUC with its interval and data, as far as the checkpoint states them."""
    mean = metrics.get("mean_auc")
    if not isinstance(mean, list | tuple) or len(mean) != 3:
        return ""
    middle, low, high = (f"{value:.3f}" for value in mean)
    where = ", ".join(str(metrics[name]) for name in ("data", "part") if metrics.get(name))
    pictures = f", {metrics['n']} pictures" if metrics.get("n") else ""
    return f"{middle} [{low} to {high}] on average{f' ({where}{pictures})' if where else ''}"


def _reported(reported: dict) -> str:
    """A mean AUC that others state of the network; nobody measured it here."""
    if not reported.get("mean_auc"):
        return ""
    return f"mean AUC {reported['mean_auc']} on {reported.get('data', '?')}, by {reported.get('source', '?')}"


def _explainers(desk: Desk) -> str:
    known = desk.registry.explainers.values()
    items = "".join(_explainer(each) for each in known if not each.control)
    controls = "".join(_explainer(each) for each in known if each.control)
    folded = f"<details><summary>Controls, which must lose</summary><dl>{controls}</dl></details>" if controls else ""
    failures = "".join(
        f"<li><strong>{escape(failure.plugin)}</strong>: {escape(failure.reason)}</li>"
        for failure in desk.registry.failures
    )
    left_out = f"<h4>Left out</h4><ul class='failures'>{failures}</ul>" if failures else ""
    return f"<section><h3>Explainers</h3><dl>{items}</dl>{folded}{left_out}</section>"


def _explainer(explainer: type[Explainer]) -> str:
    reference = f"<span class='quiet'>{escape(explainer.reference)}</span>" if explainer.reference else ""
    return f"<dt>{escape(explainer.title)}</dt><dd>{escape(explainer.summary())} {reference}</dd>"


def _benchmarks(desk: Desk) -> str:
    """A table for each network at hand that carries a benchmark."""
    loaded = [desk.networks.loaded(name) for name in desk.networks.names]
    tables = [_benchmark(predictor) for predictor in loaded if predictor is not None]
    return "".join(tables)


def _benchmark(predictor: Predictor) -> str:
    """The figures as the checkpoint states them, which may be anybody's: escaped, and left out if not of the form."""
    found = predictor.benchmark
    try:
        heads = ["explainer", "boxes", *SHOWN.values(), "beats the prior", "seconds"]
        rows = [[str(cell) for cell in row] for row in table_rows(found)]
        about = (
            f"{int(found['boxes'])} boxes on {int(found['images'])} radiographs of {int(found['patients'])} patients"
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        return ""
    head = "".join(f"<th scope='col'>{escape(each[0].upper() + each[1:])}</th>" for each in heads)
    body = "".join(
        f"<tr><th scope='row'>{escape(row[0])}</th>{''.join(f'<td>{_figure(cell)}</td>' for cell in row[1:])}</tr>"
        for row in rows
    )
    name = escape(predictor.identity.name)
    return f"""<section class="benchmark"><h3>Explainers measured on this network: {name}</h3>
<p class="quiet">{escape(about)}. {escape(SAID)}</p>
<div class="table" tabindex="0" role="region" aria-label="Benchmark of explainers on {name}">
<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></section>"""


def _figure(cell: str) -> str:
    """A cell of the table: a true minus, and no dash between two numbers where one of them is negative."""
    return escape(cell.replace("–-", " to -").replace("-", "−"))


def _reading() -> str:
    return """<section><h3>How far to believe it</h3>
<p>A score is what this network makes of the picture. It is no probability unless it is called one, and then only where
findings are as frequent as in the data it was calibrated on.</p>
<p>A map says what raises or lowers the score. It does not show disease, and a good-looking map is no reason to trust
the score. Explainers ask different questions of the network; where they disagree, no map is the answer.</p>
<h3>What is kept</h3>
<p>Nothing. An uploaded file is deleted once it was read; picture and maps stay in the server's memory while this page
is open. Adult frontal radiographs only, without names on them, and only such as you may share.</p></section>"""


def _versions() -> str:
    def of(name: str) -> str:
        try:
            return version(name)
        except PackageNotFoundError:
            return "?"

    return f"cxr-lens {of('cxr-lens')}, TensorFlow {of('tensorflow')}, Gradio {of('gradio')}. Apache-2.0."


def _paragraphs(sentences: tuple[str, ...]) -> str:
    return "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)


def _definitions(rows: dict[str, str]) -> str:
    pairs = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in rows.items() if text)
    return f"<dl class='facts'>{pairs}</dl>"
