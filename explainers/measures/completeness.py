"""Whether the cells sum to what the method promises."""

from types import MappingProxyType

from explainers import Measure, Measured, NotMeasurable, Subject, hookimpl

LEAST = 1e-3
"""Logits: a promised sum below this is compared with this instead."""

COMPLETE = 0.05
"""Share of the promised sum up to which a map is called complete: the error of a numerical integral."""


class Completeness(Measure):
    """Difference between the sum of the map and the sum that the method guarantees, as a share of the latter.

    Zero is a complete map: its cells are shares of a difference of logits. Only some methods promise a sum.
    Source: Sundararajan et al. 2017 (completeness); Zhou et al. 2016 for CAM.
    """

    name, title, unit, bounds, better = "completeness", "Completeness", "share of the sum", (0, None), "lower"
    reference = "Sundararajan et al. 2017, arXiv 1703.01365"
    quick, most_passes = True, 4
    verdicts = ("complete", "incomplete")
    expected_failures = MappingProxyType(
        {
            "scale": "A map that is three times as large misses its sum.",
            "elsewhere": "A map that is moved has the same sum.",
        }
    )

    def measure(self, subject: Subject) -> Measured:
        """|Σ map − promised| ÷ |promised|."""
        promised = subject.explanation.promised_sum
        if promised is None:
            raise NotMeasurable("The method guarantees no sum.")
        total = float(subject.explanation.map.sum(dtype="float64"))
        error = abs(total - promised) / max(abs(promised), LEAST)
        sentence = f"The cells sum to {total:.3g} logits; the method guarantees {promised:.3g}."
        return Measured(
            error,
            sentence,
            "complete" if error <= COMPLETE else "incomplete",
            {"sum": total, "promised": promised},
            compared_with="complete: 0",
        )


@hookimpl
def cxr_lens_measures() -> list[type[Measure]]:
    return [Completeness]
