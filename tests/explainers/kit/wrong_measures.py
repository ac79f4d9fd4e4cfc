"""Measures with one mistake each, and the check that finds it."""

import numpy as np

from explainers import Measure, Measured
from explainers.contract.measure import NotMeasurable
from tests.explainers.kit.wrong_further import DefaultOptions, FirstBox


class Right(Measure):
    """The map's value in the box, as a share of its magnitude."""

    name, title, bounds, better = "right", "Right", (-1, 1), "higher"

    def measure(self, subject):
        values = subject.explanation.on_image()
        whole, inside = np.abs(values).sum(), np.zeros(values.shape, bool)
        for top, left, height, width in np.array([subject.box, *subject.more_boxes], int):
            inside[top : top + height, left : left + width] = True
        if not whole:
            raise NotMeasurable("The map is empty.")
        return Measured(float(values[inside].sum() / whole), "A share of the map lies in the box.")


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


class SaysNothing(Right):
    def measure(self, subject):
        raise NotMeasurable("It needs a network with attention.")


class OfTheFirstFinding(Right):
    def measure(self, subject):
        found, place = super().measure(subject), subject.context.labels.index(subject.explanation.finding)
        return Measured(found.value / (1 + place), "A share that depends on the finding's position.")


class AlwaysHits(Right):
    def measure(self, subject):
        return Measured(super().measure(subject).value, "A share of the map in the box.", figures={"pointing": True})


class OtherShareOfControls(Right):
    def measure(self, subject):
        figures = {"controls": {"none": -2.0, "all": 2.0}, "share_of_controls_beaten": 1.0}
        return Measured(super().measure(subject).value, "A share of the map in the box.", figures=figures)


class CurvesExchanged(Right):
    def measure(self, subject):
        logit = float(subject.context.logits[subject.context.labels.index(subject.explanation.finding)])
        figures = {"most_first": [logit, logit, 0.0], "least_first": [logit, 0.0, 0.0]}
        return Measured(super().measure(subject).value, "Beside the curves of a removal.", figures=figures)


class SummedOverSteps(Measure):
    name, title, unit, better = "summed", "Summed", "logit", "higher"

    def measure(self, subject):
        return Measured(10 * float(subject.explanation.map.sum()), "The sum of ten steps' changes.")


class RowsAlone(Right):
    def measure(self, subject):
        values = np.maximum(subject.explanation.on_image(), 0)
        top, _, height, _ = (int(each) for each in subject.box)
        share = values[top : top + height].sum() / max(values.sum(), 1e-9)
        return Measured(float(share), "A share of the map lies in the rows of the box.")


class PositiveAlone(Measure):
    name, title, bounds, better = "positive_alone", "Positive alone", (0, 1), "higher"

    def measure(self, subject):
        values = np.maximum(subject.explanation.map, 0)
        return Measured(float(values.max() > 0), "Whether the map has any evidence.")


class NotMovedBack(Measure):
    name, title, bounds, better = "not_moved_back", "Not moved back", (-1, 1), "higher"

    def measure(self, subject):
        other = subject.again(array=np.roll(subject.context.input, 2, axis=1))
        return Measured(float(np.corrcoef(subject.explanation.map.ravel(), other.ravel())[0, 1]), "It stays, or not.")


class NoRefitMatters(Right):
    def measure(self, subject):
        if subject.predictor.heads is None:
            raise NotMeasurable("There are no output layers fitted on other patients.")
        return Measured(1.0, "All output layers agree, whatever they are.")


class VerdictsExchanged(Right):
    verdicts = ("good", "poor")

    def measure(self, subject):
        value = super().measure(subject).value
        return Measured(value, "A share of the map in the box.", "poor" if value > 0.2 else "good")


class OtherVerdicts(Right):
    verdicts = ("good", "poor")

    def measure(self, subject):
        return Measured(super().measure(subject).value, "A share of the map in the box.", "fair")


class ShareAboveOne(Measure):
    name, title = "share_above_one", "A share"

    def measure(self, subject):
        return Measured(0.5, "A value beside a figure.", figures={"share_of_cells": 12.0})


class ArrayNotMoved(Right):
    def measure(self, subject):
        return Measured(super().measure(subject).value, "Beside an array.", arrays={"hot": np.eye(8, 12)})


FAULTS = {
    "boxes": FirstBox,
    "again": DefaultOptions,
    "measurable": SaysNothing,
    "names": OfTheFirstFinding,
    "figures": AlwaysHits,
    "level": LevelCounts,
    "worth": SummedOverSteps,
    "elsewhere": RowsAlone,
    "mirror": PositiveAlone,
    "still": NotMovedBack,
    "refits": NoRefitMatters,
    "verdicts": VerdictsExchanged,
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
