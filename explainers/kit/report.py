"""Results of the checks."""

from dataclasses import dataclass

PASSED, FAILED, NOT_APPLICABLE = "passed", "failed", "not applicable"
EXPECTED, UNEXPECTED = "failed as declared", "passed against its declaration"

MARKS = {PASSED: "✓", FAILED: "✗", NOT_APPLICABLE: "–", EXPECTED: "(✗)", UNEXPECTED: "(✓)"}


class CheckFailed(AssertionError):
    """A check's finding: what is wrong, and what to do about it."""


class NotApplicable(Exception):
    """A check has nothing to look at; why."""


@dataclass(frozen=True)
class Result:
    """One check's result.

    check     its name
    outcome   "passed", "failed", "not applicable", "failed as declared" or "passed against its declaration"
    sentence  what was found, and what the author can do
    seconds   that it took
    """

    check: str
    outcome: str
    sentence: str
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether the check passed, did not apply, or failed as declared."""
        return self.outcome != FAILED


@dataclass(frozen=True)
class Report:
    """All checks of one explainer or measure; prints as a table."""

    subject: str
    results: tuple[Result, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed that wasn't declared to."""
        return all(result.ok for result in self.results)

    def __str__(self) -> str:
        width = max((len(result.check) for result in self.results), default=0)
        lines = []
        for first, *others in self._by_cause():
            lines.append(f"  {MARKS[first.outcome]:>3} {first.check:<{width}}  {first.sentence or first.outcome}")
            if others:
                names = ", ".join(each.check for each in others)
                lines.append(f"      {'':<{width}}  For the same reason {len(others)} more failed: {names}.")
        failed = sum(not result.ok for result in self.results)
        verdict = "all checks passed" if self.passed else f"{failed} of {len(self.results)} checks failed"
        return "\n".join([f"{self.subject}: {verdict}", *lines])

    def _by_cause(self) -> list[list[Result]]:
        """Results in order; failures with the same sentence together, so that one cause is printed once."""
        found: dict[object, list[Result]] = {}
        for number, result in enumerate(self.results):
            found.setdefault(result.sentence if result.outcome == FAILED else number, []).append(result)
        return list(found.values())

    def to_json(self) -> dict:
        """JSON with the fields of each result."""
        fields = [
            {"check": each.check, "outcome": each.outcome, "sentence": each.sentence, "seconds": round(each.seconds, 3)}
            for each in self.results
        ]
        return {"subject": self.subject, "passed": self.passed, "results": fields}
