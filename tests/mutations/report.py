"""The catch rate by kind, what was not found, and what changes nothing."""

from collections.abc import Iterator, Sequence

from tests.mutations.reasons import allowed, reason
from tests.mutations.subjects import subjects
from tests.mutations.trial import CAUGHT, EQUIVALENT, SURVIVED, Verdict


def text_of(verdicts: Sequence[Verdict], *, every: bool = False) -> str:
    """A table in Markdown, and the lists below it."""
    valid = [each for each in verdicts if each.outcome == SURVIVED and allowed(each.place)]
    verdicts = [each for each in verdicts if each not in valid]
    faults = [each for each in verdicts if each.outcome != EQUIVALENT]
    lines = ["| kind | faults | caught | named |", "|---|---|---|---|"]
    for kind in sorted({each.kind for each in faults}):
        lines.append(_row(kind, [each for each in faults if each.kind == kind]))
    for name, group in _groups(faults):
        lines.append(_row(name, group))
    checks: dict[str, int] = {}
    for each in faults:
        if each.outcome == CAUGHT:
            checks[each.check] = checks.get(each.check, 0) + 1
    counted = sorted(checks.items(), key=lambda each: -each[1])
    lines += ["", "Found first by: " + ", ".join(f"{name} {count}" for name, count in counted)]
    for title, outcome in (("Not found", SURVIVED), ("Equivalent", EQUIVALENT)):
        lines += ["", f"{title}:", *(_listed(each) for each in verdicts if each.outcome == outcome)]
    lines += ["", "Another valid explainer or measure:"]
    lines += [_listed(each) for each in valid]
    unnamed = [each for each in faults if each.outcome == CAUGHT and (every or not each.named)]
    lines += ["", "Caught:" if every else "Caught, not named:"]
    lines += [f"- {each.subject}: {each.place} ({each.kind}): {each.check}: {each.sentence}" for each in unnamed]
    return "\n".join(lines) + "\n"


def _groups(faults: Sequence[Verdict]) -> Iterator[tuple[str, list[Verdict]]]:
    """Faults of explainers, of measures, and all."""
    measures = {each.name for each in subjects() if ".measures." in each.module}
    yield "all, of explainers", [each for each in faults if each.subject not in measures]
    yield "all, of measures", [each for each in faults if each.subject in measures]
    yield "all", list(faults)


def _listed(verdict: Verdict) -> str:
    survived = verdict.outcome == SURVIVED
    why = allowed(verdict.place) or reason(verdict.place) if survived else ""
    return f"- {verdict.subject}: {verdict.place} ({verdict.kind})" + (f". Why: {why}." if why else "")


def _row(kind: str, faults: Sequence[Verdict]) -> str:
    caught = sum(each.outcome == CAUGHT for each in faults)
    named = sum(each.named for each in faults)
    share = f"{caught} ({caught / max(1, len(faults)):.0%})"
    return f"| {kind} | {len(faults)} | {share} | {named} ({named / max(1, len(faults)):.0%}) |"
