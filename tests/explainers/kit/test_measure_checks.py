"""The kit's checks of measures: they pass what is shipped, and find what is planted."""

from typing import ClassVar

import pytest

from explainers import Measure, Registry, check_measure
from explainers.__main__ import main
from explainers.errors import OptionError
from tests.explainers.kit.wrong_measures import (
    FAULTS,
    ArrayNotMoved,
    CurvesExchanged,
    NoJson,
    OtherShareOfControls,
    OtherVerdicts,
    Raises,
    Right,
    ShareAboveOne,
    UpsideDown,
)

CHECKS = [
    "measurable", "bounds", "sentence", "determinism", "purity", "empty", "extremes", "planted", "unit", "crop",
    "scale", "opposite", "company", "perfect", "controls", "symmetry", "names", "figures", "level", "worth",
    "elsewhere", "mirror", "still", "refits", "verdicts", "boxes", "again",
]  # fmt: skip

COSTLY = ("weight_sensitivity", "verified", "verified_grid", "relevance_gain")
"""Measures whose checks need thousands of passes."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if name in COSTLY else name for name in Registry.standard().measures],
)
def test_every_built_in_measure_passes(name):
    report = check_measure(Registry.standard().measures[name])
    assert report.passed, str(report)
    assert [result.check for result in report.results] == CHECKS
    assert "passed against its declaration" not in {result.outcome for result in report.results}, str(report)


def test_nothing_is_found_where_nothing_is_wrong():
    report = check_measure(Right)
    assert {result.check: result.outcome for result in report.results} == {
        **dict.fromkeys(CHECKS, "passed"),
        **dict.fromkeys(
            ("controls", "figures", "level", "worth", "mirror", "still", "refits", "verdicts", "again"),
            "not applicable",
        ),
    }, str(report)


@pytest.mark.parametrize("check", FAULTS)
def test_each_fault_is_found_by_its_check(check):
    (result,) = check_measure(FAULTS[check], [check]).results
    assert result.outcome == "failed", result
    assert len(result.sentence.split()) > 5


@pytest.mark.parametrize(
    ("fault", "check", "words"),
    [
        (OtherShareOfControls, "figures", "better than 1 of 2 controls"),
        (CurvesExchanged, "figures", "The first falls before the second"),
        (OtherVerdicts, "verdicts", "'fair', which is not among its verdicts"),
        (ShareAboveOne, "bounds", "shares lie within 0 and 1"),
        (ArrayNotMoved, "symmetry", "its array 'hot' is not moved with the map"),
    ],
)
def test_each_check_finds_its_other_faults(fault, check, words):
    (result,) = check_measure(fault, [check]).results
    assert result.outcome == "failed", result
    assert words in result.sentence


def test_numbers_that_are_no_json_and_errors_are_findings():
    assert not check_measure(NoJson, ["sentence"]).passed
    (result,) = check_measure(Raises, ["bounds"]).results
    assert "KeyError" in result.sentence


def test_declared_failures_unknown_checks_and_broken_classes():
    class Declared(UpsideDown):
        expected_failures: ClassVar = dict.fromkeys(("planted", "opposite", "perfect", "elsewhere"), "By design.")

    assert check_measure(Declared).passed
    with pytest.raises(OptionError, match="no check 'bound'"):
        check_measure(Right, ["bound"])
    (result,) = check_measure(type("Nameless", (Measure,), {})).results
    assert result.check == "contract"


def test_the_command_checks_measures_of_a_name_and_of_a_file(tmp_path, capsys):
    assert main(["check", "localisation"]) == 0
    assert "localisation: all checks passed" in capsys.readouterr().out
    (tmp_path / "loud.py").write_text(
        "from explainers import Measure, Measured, hookimpl\n"
        "class Loud(Measure):\n"
        '    name, title, bounds = "loud", "Loud", (0, 1)\n'
        "    def measure(self, subject):\n"
        '        return Measured(11.0, "It goes up to eleven.")\n'
        "@hookimpl\n"
        "def cxr_lens_measures():\n"
        "    return [Loud]\n"
    )
    assert main(["check", str(tmp_path / "loud.py")]) == 1
    assert "not within (0, 1)" in capsys.readouterr().out
