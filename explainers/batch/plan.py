"""What a run computes: the settings that its rows depend on, and that they stay the same while a folder is filled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cxr.datasets.parts import begin, stored_run
from cxr.datasets.storage import Folder
from cxr.errors import FolderError
from explainers.batch.schemas import VERSION
from explainers.errors import OptionError
from explainers.running.comparison import checked_options, versions

if TYPE_CHECKING:
    from cxr.prediction import Prediction
    from cxr.predictor import Predictor
    from explainers.batch.sources import Item
    from explainers.registry import Registry

ALL, LABELLED, BOXED, TOP = "all", "labelled", "boxed", "top:"


@dataclass(frozen=True)
class Plan:
    """The same for every worker of a run; it can be pickled.

    root        folder of the radiographs, a path or an address
    out         folder of the results
    model       source of the network
    stated      labels and input rule of a whole Keras model
    plugins     files or modules with further explainers and measures
    explainers  names; none: scores alone
    options     {explainer: {option: value}}, defaults for the rest
    findings    ("all",), ("labelled",), ("boxed",), ("top:N",) or names: whose logits are explained
    measures    names
    boxes       digest of the table of boxes; "" for none
    half        cells of half precision
    batch       radiographs whose rows are written together
    command     as it was given, with the names of paths alone
    """

    root: str
    out: str
    model: str = "starter"
    stated: Mapping[str, Any] = field(default_factory=dict)
    plugins: tuple[str, ...] = ()
    explainers: tuple[str, ...] = ()
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    findings: tuple[str, ...] = (ALL,)
    measures: tuple[str, ...] = ()
    boxes: str = ""
    seed: int = 0
    half: bool = False
    batch: int = 32
    command: str = ""

    def explained(self, item: "Item", prediction: "Prediction") -> list[str]:
        """The findings of a radiograph whose logits are explained, in the order of the labels."""
        names = [each.finding for each in prediction.findings]
        if self.findings == (ALL,):
            return names
        if self.findings == (LABELLED,):
            positive = {finding for finding, value in item.labels if value == 1}
            return [name for name in names if name in positive]
        if self.findings == (BOXED,):
            return [name for name in names if name in {row.finding for row in item.boxes}]
        chosen = list(self.findings)
        if chosen[0].startswith(TOP):
            chosen = prediction.ranked()[: int(chosen[0].removeprefix(TOP))]
        return [name for name in names if name in chosen]


def check_findings(words: Sequence[str], labels: Sequence[str]) -> tuple[str, ...]:
    """The words of --findings. Raises OptionError for a wrong number, FindingError for an unknown name."""
    from cxr.findings import check_finding

    if list(words) in ([ALL], [LABELLED], [BOXED]):
        return tuple(words)
    if len(words) == 1 and words[0].startswith(TOP):
        number = words[0].removeprefix(TOP)
        if not number.isdigit() or not 1 <= int(number) <= len(labels):
            raise OptionError(f"{words[0]!r} is not top:N.", f"N is a whole number from 1 to {len(labels)}.")
        return tuple(words)
    return tuple(dict.fromkeys(check_finding(word, labels) for word in words))


def describe(plan: Plan, predictor: "Predictor", registry: "Registry") -> dict[str, Any]:
    """What rows depend on, and how they came about, as JSON: `run.json`, and the metadata of every file."""
    classes = registry.find(plan.explainers)
    checked = checked_options(classes, plan.options, predictor)
    size = predictor.rule.input_shape[:2]
    explainers = {}
    for each in classes:
        options = each.options_in_effect(checked[each.name], size)
        explainers[each.name] = {
            "title": each.title,
            "unit": each.unit,
            "signed": each.is_signed(options),
            "stochastic": each.is_stochastic(options),
            "control": each.control,
            "options": options,
        }
    measures = {
        each.name: {"title": each.title, "unit": each.unit, "better": each.better}
        for each in registry.find_measures(plan.measures)
    }
    return {
        "schema": VERSION,
        "model": predictor.identity.to_json(),
        "labels": list(predictor.labels),
        "input": predictor.rule.to_config(),
        "explainers": explainers,
        "measures": measures,
        "findings": list(plan.findings),
        "boxes": plan.boxes or None,
        "seed": plan.seed,
        "half": plan.half,
        "versions": {**versions(), "engine": predictor.engine},
        "command": plan.command,
    }


SAME = ("schema", "model", "labels", "input", "explainers", "measures", "findings", "boxes", "seed", "half")
"""What may not change while a folder is filled."""


def begin_run(out: Folder, about: Mapping[str, Any]) -> None:
    """Say in the folder what the run is. Raises FolderError if it holds rows of another one."""
    run_of(out)
    begin(out, about, SAME, "Choose another --out, or give the command that is stored in its run.json.")


def run_of(out: Folder) -> dict[str, Any] | None:
    """What the run of a folder is; None if there is none. Raises FolderError for results of another kind."""
    found = stored_run(out)
    if found is not None and found.get("schema") != VERSION:
        raise FolderError(
            f"{out.name!r} holds no results of schema {VERSION}.",
            "Give the folder that `batch` wrote, or update cxr-lens.",
        )
    return found
