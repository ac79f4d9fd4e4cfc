"""The kit on the built-ins, and on explainers with one fault each."""

import json
import sys
from pathlib import Path
from typing import ClassVar

import pytest

from cxr.planted_network import planted
from explainers import Explainer, Registry, check_explainer
from explainers.__main__ import main
from explainers.errors import OptionError
from explainers.kit import check_names, check_on_network
from tests.explainers.kit import wrong, wrong_behaviour

ROOT = Path(__file__).resolve().parents[3]

FAULTS = wrong.FAULTS | wrong_behaviour.FAULTS

QUICK = [name for name, each in Registry.standard().explainers.items() if name != "rise"]


COSTLY = ("expected_gradients", "integrated_gradients", "occlusion", "smoothgrad")
"""Explainers whose checks need thousands of passes."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in COSTLY else name for name in QUICK]
)
def test_every_built_in_passes(name):
    report = check_explainer(Registry.standard().explainers[name])
    assert report.passed, str(report)
    outcomes = {result.check: result.outcome for result in report.results}
    assert list(outcomes) == list(check_names())
    assert len(outcomes) == 29
    # what is declared to fail does
    assert "passed against its declaration" not in outcomes.values(), str(report)


@pytest.mark.slow
def test_rise_passes():
    report = check_explainer(Registry.standard().explainers["rise"])
    assert report.passed, str(report)


def test_nothing_is_found_where_nothing_is_wrong():
    assert check_explainer(wrong.Right).passed


@pytest.mark.parametrize("check", FAULTS)
def test_each_fault_is_found_by_the_check_that_is_meant_for_it(check):
    (result,) = check_explainer(FAULTS[check], [check]).results
    assert result.outcome == "failed", result
    # a sentence for its author, not a traceback
    assert len(result.sentence.split()) > 5
    assert not result.ok


def test_on_a_real_network_a_right_explainer_passes(predictor, phantom):
    report = check_on_network(Registry.standard().explainers["grad_cam"], predictor, phantom)
    assert report.passed, str(report)
    assert report.subject == "grad_cam on starter"


@pytest.mark.parametrize("check", ["finding", "purity", "determinism"])
def test_on_any_network_a_wrong_explainer_is_found(check):
    report = check_on_network(FAULTS[check], planted(), None)
    assert check in [result.check for result in report.results if result.outcome == "failed"], str(report)


def test_on_any_network_a_control_fails_as_declared():
    report = check_on_network(Registry.standard().explainers["edges"], planted(), None)
    assert {result.check: result.outcome for result in report.results}["finding"] == "failed as declared"


def test_global_generators_and_company_are_watched_too():
    (result,) = check_explainer(wrong_behaviour.GlobalSeed, ["determinism"]).results
    assert "global random generator" in result.sentence
    (result,) = check_explainer(wrong_behaviour.BatchMates, ["batch"]).results
    assert "other findings" in result.sentence


def test_random_numbers_that_are_the_same_for_every_picture_are_found():
    (result,) = check_explainer(wrong_behaviour.OneSeedForAll, ["determinism"]).results
    assert "the same random numbers for every picture" in result.sentence


def test_what_breaks_the_contract_is_said_before_anything_runs():
    class Nameless(Explainer):
        title, unit = "t", "u"

        def explain(self, context, finding):
            raise AssertionError

    report = check_explainer(Nameless)
    assert [(each.check, each.outcome) for each in report.results] == [("contract", "failed")]
    assert "'name'" in report.results[0].sentence


def test_what_an_explainer_raises_is_a_finding_not_an_accident():
    class Raises(wrong.Right):
        name = "raises"

        def explain(self, context, finding):
            raise KeyError("weights")

    (result,) = check_explainer(Raises, ["dtype"]).results
    assert result.outcome == "failed"
    assert "KeyError" in result.sentence


def test_a_declared_failure_is_no_failure_and_a_needless_declaration_is_told():
    class Declared(wrong.IgnoresFinding):
        expected_failures: ClassVar = {"finding": "By design.", "dtype": "Needlessly."}

    report = check_explainer(Declared, ["finding", "dtype"])
    assert report.passed
    assert {each.check: each.outcome for each in report.results} == {
        "dtype": "passed against its declaration",
        "finding": "failed as declared",
    }
    assert "By design." in str(report)


def test_an_unknown_check_is_refused():
    with pytest.raises(OptionError, match="no check 'shap'"):
        check_explainer(wrong.Right, ["shap"])


def test_the_command_line_checks_files_and_names(capsys):
    file = str(Path(__file__).with_name("wrong.py"))
    assert main(["check", "saliency", "--only", "dtype"]) == 0
    assert "saliency: all checks passed" in capsys.readouterr().out
    good = ROOT / "tests" / "plugins" / "left_half.py"
    assert main(["check", str(good), "--json", "--only", "dtype"]) == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert report["passed"]
    assert main(["check", file]) == 1
    assert "It defines no hook" in capsys.readouterr().err
    assert main(["check", str(ROOT / "tests" / "plugins" / "not_finite.py"), "--only", "finite"]) == 1
    assert "not finite" in capsys.readouterr().out


class Broken(wrong.Right):
    """Fails in the same way whatever is asked."""

    name = "broken"
    work: ClassVar = None

    def explain(self, context, finding):
        return self.work(context, finding)


@pytest.mark.parametrize(
    ("work", "sentence"),
    [
        (lambda self, context, finding: None, "explain returned nothing (None). Is a `return` missing?"),
        (lambda self, context, finding: context.input.__iadd__(1), "Work on a copy: context.input.copy()."),
        (lambda self, context, finding: sys.exit(3), "It raised SystemExit: 3"),
        (lambda self, context, finding: {}["weights"], "It raised KeyError: 'weights'"),
        (lambda self, context, finding: context.input, "The map has the shape (64, 96, 3)"),
    ],
)
def test_one_cause_is_printed_once(work, sentence):
    report = check_explainer(type("Broken", (Broken,), {"work": work}))
    text = str(report)
    assert text.count(sentence) == 1, text
    assert sum(not result.ok for result in report.results) > 8
    assert "For the same reason" in text
    assert "Guard divisions" not in text


def test_the_users_own_interrupt_ends_the_checks():
    def interrupted(self, context, finding):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_explainer(type("Broken", (Broken,), {"work": interrupted}), ["shape"])


@pytest.mark.parametrize(
    ("signature", "words"),
    [
        ("self, context, findings", "lacks 'strength'"),
        ("self, context, findings, *, strengh: int = 1", "lacks 'strength' and adds 'strengh'"),
    ],
)
def test_options_of_explain_findings_that_differ_are_said_and_are_no_traceback(signature, words):
    space: dict = {"Right": wrong.Right}
    exec(
        "class Mine(Right):\n    name = 'mine'\n"
        "    def explain(self, context, finding, *, strength: int = 1):\n        return [[1.0]]\n"
        f"    def explain_findings({signature}):\n        return [[[1.0]]] * len(findings)\n",
        space,
    )
    (result,) = check_explainer(space["Mine"]).results
    assert (result.check, result.outcome) == ("contract", "failed")
    assert words in result.sentence
    assert "same options" in result.sentence


class Energy(Explainer):
    """A control that knows nothing of the finding and declares nothing."""

    name, title, unit, signed, control = "energy", "Energy", "activation", False, True

    def explain(self, context, finding):
        return (context.activations(list(context.layers)[-1]) ** 2).mean(-1)


def test_a_control_need_not_depend_on_the_finding():
    for report in (check_explainer(Energy), check_on_network(Energy, planted(), None)):
        assert report.passed, str(report)
        (finding,) = [result for result in report.results if result.check == "finding"]
        assert finding.outcome == "failed as declared"
        assert "control" in finding.sentence


BOTH = """
import numpy as np
from explainers import Measure, Measured, hookimpl
from explainers.builtin.grad_cam import GradCam
from explainers.measures.completeness import Completeness

@hookimpl
def cxr_lens_explainers():
    return [type("Mine", (GradCam,), {"name": "mine"})]

@hookimpl
def cxr_lens_measures():
    return [type("Sums", (Completeness,), {"name": "sums"})]
"""


@pytest.mark.parametrize(
    ("only", "subjects"),
    [
        (["dtype"], ["mine"]),
        (["bounds"], ["sums"]),
        (["determinism"], ["mine", "sums"]),
        (["dtype", "bounds"], ["mine", "sums"]),
        (["said"], ["sums"]),  # the former name of "sentence"
    ],
)
def test_only_chooses_checks_of_explainers_and_of_measures_in_one_file(tmp_path, capsys, only, subjects):
    (tmp_path / "both.py").write_text(BOTH)
    words = [word for name in only for word in ("--only", name)]
    assert main(["check", str(tmp_path / "both.py"), "--json", *words]) == 0
    assert [report["subject"] for report in json.loads(capsys.readouterr().out)] == subjects


def test_only_refuses_a_check_that_neither_has(capsys):
    assert main(["check", "saliency", "--only", "shap"]) == 1
    assert "no check 'shap'" in capsys.readouterr().err
