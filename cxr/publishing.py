"""Publishes a checkpoint on the Hub: checks it, writes its model card, and uploads both in one commit."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from cxr.checkpoint import CheckpointConfig
from cxr.evaluation.claims_table import claims_markdown
from cxr.evaluation.shortcuts import farthest, mean_distance
from cxr.findings import display_name
from hub.directory import Resolved
from hub.errors import CheckpointError

CARD = "README.md"
BEGIN, END = "<!-- written by cxr-lens: begin -->", "<!-- written by cxr-lens: end -->"
TAGS = ("chest-x-ray", "keras", "densenet121", "cxr-lens")


def publish(directory: Path, repo: str, *, private: bool = False) -> str:
    """Verify a native checkpoint, write its card, and push both; returns the commit's address.

    Raises what `hub.verify` and `cxr.evaluation.reference` raise, CheckpointError for calibrations that were not
    checked on other patients, and SourceError for what the Hub refuses. If the checkpoint is refused, nothing is
    written or sent.
    """
    from cxr.evaluation.reference import check_reference
    from cxr.predictor import Predictor
    from hub import resolve
    from hub.pushing import push
    from hub.verifying import verify

    resolved = resolve(str(directory))
    list(verify(resolved))
    predictor = Predictor.load(resolved)
    check_reference(predictor)
    check_claims(predictor.config)
    write_card(resolved, predictor.config, repo)
    return push(directory, repo, private=private)


def check_claims(config: CheckpointConfig) -> None:
    """CheckpointError for calibrations that no second part was asked about."""
    if config.calibration and config.witness is None:
        raise CheckpointError(
            f"The calibrations of {config.name} were not checked on other patients.",
            "Run `python -m cxr calibrate … --check PART`, or remove `calibration` from config.json.",
        )


def write_card(resolved: Resolved, config: CheckpointConfig, repo: str) -> None:
    """Write the card, or its generated part; the text that its author wrote around that stays."""
    from huggingface_hub.repocard import metadata_load, metadata_save

    file = resolved.directory / CARD
    part = f"{BEGIN}\n{described(config, repo)}\n{END}"
    text = file.read_text(encoding="utf-8") if file.is_file() else f"# {config.name}\n\n{part}\n"
    if BEGIN in text and END in text:
        text = text[: text.index(BEGIN)] + part + text[text.index(END) + len(END) :]
    elif BEGIN not in text:
        text = f"{text.rstrip()}\n\n{part}\n"
    file.write_text(text, encoding="utf-8")
    metadata = metadata_load(file) or {}
    ours = {"library_name": "keras", "pipeline_tag": "image-classification"}
    ours |= {"license": config.license} if config.license and "license" not in metadata else {}
    tags = list(dict.fromkeys([*(metadata.get("tags") or []), *TAGS]))
    metadata_save(file, metadata | ours | {"tags": tags})


def described(config: CheckpointConfig, repo: str) -> str:
    """The generated part: findings in order, input rule, figures, usage and limits."""
    parts = [
        config.description,
        "**Research and teaching only. Not a medical device.**",
        "## Findings\n\nOutputs in order: " + ", ".join(label or "(ignored)" for label in config.labels) + ".",
        "## Input\n\n" + _rule(config.input),
        _figures(config.metrics),
        _claims(config),
        _shortcuts(config.metrics),
        f"## Usage\n\n```python\n{USAGE.format(repo=repo)}```",
    ]
    return "\n\n".join(part for part in parts if part)


USAGE = """from cxr import Predictor, read_radiograph

predictor = Predictor.load("{repo}")
for each in predictor.predict(read_radiograph("radiograph.png")).findings:
    print(each.finding, each.score, each.threshold)
"""


def _rule(rule: Mapping) -> str:
    settings = ", ".join(f"{name} {value}" for name, value in rule.items() if name != "rule")
    return f"Rule `{rule['rule']}`: {settings}." if settings else f"Rule `{rule['rule']}`."


def _figures(metrics: Mapping) -> str:
    """A table of AUC with intervals, as far as the checkpoint states them."""
    auc = metrics.get("auc")
    if not isinstance(auc, Mapping) or not auc:
        return ""
    rows = {display_name(finding): value for finding, value in auc.items()}
    if metrics.get("mean_auc"):
        rows["Mean"] = metrics["mean_auc"]
    lines = [f"| {name} | {_with_interval(value)} |" for name, value in rows.items()]
    counts = [
        f"{metrics[key]} {word}" for key, word in (("n", "pictures"), ("patients", "patients")) if metrics.get(key)
    ]
    where = ", ".join([str(metrics[key]) for key in ("data", "part") if metrics.get(key)] + counts)
    return f"## AUC\n\nOn {where or 'data that are not stated'}.\n\n| finding | AUC |\n|---|---|\n" + "\n".join(lines)


def _claims(config: CheckpointConfig) -> str:
    """What other patients say of operating points and probabilities; "" without any."""
    if not config.thresholds and not config.calibration:
        return ""
    return f"## Operating points and probabilities on other patients\n\n{claims_markdown(config)}"


def _shortcuts(metrics: Mapping) -> str:
    """A table of shortcuts: how well logits predict them, and which one best; "" without figures."""
    found = metrics.get("shortcuts")
    if not isinstance(found, Mapping) or not found:
        return ""
    rows = []
    for name, auc in found.items():
        finding = farthest(auc)
        rows.append(f"| {name} | {mean_distance(auc):.3f} | {display_name(finding)} {_with_interval(auc[finding])} |")
    head = "| what each logit separates | mean distance from 0.5 | farthest |\n|---|---|---|\n"
    return f"## Shortcuts\n\n{SHORTCUTS}\n\n{head}" + "\n".join(rows) + "\n\n" + "\n".join(_by_each_logit(found))


def _by_each_logit(shortcuts: Mapping[str, Mapping]) -> Iterator[str]:
    yield f"| logit of | {' | '.join(shortcuts)} |"
    yield "|---" * (1 + len(shortcuts)) + "|"
    for finding in dict.fromkeys(finding for auc in shortcuts.values() for finding in auc):
        cells = [_with_interval(auc[finding]) if finding in auc else "" for auc in shortcuts.values()]
        yield f"| {display_name(finding)} | {' | '.join(cells)} |"


SHORTCUTS = (
    "View, sex and source among pictures without a finding: a logit that follows its finding alone has 0.5 there. "
    "`any finding`: of all pictures, those that show one against the others."
)


def _with_interval(value: object) -> str:
    if isinstance(value, list | tuple) and len(value) == 3:
        middle, low, high = value
        return f"{middle:.3f} ({low:.3f} to {high:.3f})"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
