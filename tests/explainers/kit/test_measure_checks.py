"""The kit's checks of measures: they pass what is shipped, and find what is planted."""

from typing import ClassVar

import numpy as np
import pytest

from explainers import Measure, Measured, Registry, check_measure
from explainers.__main__ import main
from explainers.contract.measure import NotMeasurable
from explainers.errors import OptionError

CHECKS = [
    "bounds", "sentence", "determinism", "purity", "empty", "extremes", "planted", "unit", "crop", "scale", "opposite",
    "company", "perfect", "controls", "symmetry",
]  # fmt: skip


class Right(Measure):
    """The map's value in the box, as a share of its magnitude."""

    name, title, bounds, better = "right", "Right", (-1, 1), "higher"

    def measure(self, subject):
        whole = np.abs(subject.explanation.on_image()).sum()
        top, left, height, width = (int(each) for each in subject.box)
        inside = subject.explanation.on_image()[top : top + height, left : left + width].sum()
        if not whole:
            raise NotMeasurable("The map is empty.")
        return Measured(float(inside / whole), "A share of the map lies in the box.")


class OutOfBounds(Right):
    def measure(self, subject):
        return Measured(2.0, "It says too much of it.")


class Wordless(Right):
    def measure(self, subject):
        return Measured(0.5, "")


class NoJson(Right):
    def measure(self, subject):
        return Measured(0.5, "A figure that is none.", figures={"x": np.float32(1)})


class Drawing(Right):
    def measure(self, subject):
        return Measured(float(np.random.default_rng().random()), "Whatever comes out.")


class Writes(Right):
    def measure(self, subject):
        subject.explanation.map[:] = 0
        return Measured(0.5, "It writes into what it was given.")


class Divides(Right):
    def measure(self, subject):
        values = subject.explanation.map
        with np.errstate(invalid="ignore"):
            return Measured(float((values / np.abs(values).max()).max() - 1.5), "Divided by the largest.")


class UpsideDown(Right):
    better = "lower"


class Raises(Right):
    def measure(self, subject):
        raise KeyError("x")


class LevelCounts(Right):
    def measure(self, subject):
        found = super().measure(subject)
        return Measured(found.value / (1 + float(np.abs(subject.explanation.map).max())), "A share, of sorts.")


class NoSign(Right):
    def measure(self, subject):
        return Measured(abs(super().measure(subject).value), "A share of the map, without a sign.")


class KeptForTheNext(Right):
    def measure(self, subject):
        value = subject.shared.setdefault("kept", super().measure(subject).value)
        return Measured(value, "A share of the first map that was measured.")


class NoMoreThanHalf(Right):
    def measure(self, subject):
        return Measured(super().measure(subject).value / 2, "Half of the share that lies in the box.")


class OtherControls(Right):
    def measure(self, subject):
        found = super().measure(subject)
        return Measured(found.value, "A share, beside a control.", figures={"controls": {"centre": found.value + 1}})


class RowsWeighMore(Right):
    def measure(self, subject):
        found, rows = super().measure(subject), subject.explanation.map.shape[0]
        return Measured(found.value * rows / 12, "A share of the map that depends on the number of its rows.")


FAULTS = {
    "scale": LevelCounts,
    "opposite": NoSign,
    "company": KeptForTheNext,
    "perfect": NoMoreThanHalf,
    "controls": OtherControls,
    "symmetry": RowsWeighMore,
    "bounds": OutOfBounds,
    "sentence": Wordless,
    "determinism": Drawing,
    "purity": Writes,
    "empty": Divides,
    "planted": UpsideDown,
}


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
        "controls": "not applicable",
    }, str(report)


@pytest.mark.parametrize("check", FAULTS)
def test_each_fault_is_found_by_its_check(check):
    (result,) = check_measure(FAULTS[check], [check]).results
    assert result.outcome == "failed", result
    assert len(result.sentence.split()) > 5


def test_numbers_that_are_no_json_and_errors_are_findings():
    assert not check_measure(NoJson, ["sentence"]).passed
    (result,) = check_measure(Raises, ["bounds"]).results
    assert "KeyError" in result.sentence


def test_declared_failures_unknown_checks_and_broken_classes():
    class Declared(UpsideDown):
        expected_failures: ClassVar = dict.fromkeys(("planted", "opposite", "perfect"), "By design.")

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
