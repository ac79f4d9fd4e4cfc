"""Every probability and likelihood ratio that a checkpoint may show, beside what other patients say, as tables."""

from collections.abc import Iterator

from cxr.checkpoint import CheckpointConfig
from cxr.checkpoint.witness import Figure, FindingWitness, Witness
from cxr.evaluation.claims import ENOUGH_PATIENTS, sentences_on, withheld
from cxr.findings import display_name

NO_WITNESS = "The calibration was not checked on other patients, so no probability and no likelihood ratio is shown."
NO_CALIBRATION = "There is no calibration, so no probability and no likelihood ratio is shown."
HEADS = ("finding", "patients", "slope (1 is right)", "level (0 is right)", "healthy above the point", "shown")
FIFTH_HEADS = ("finding", "fifth", "scores' logits", "ratio stated", "ratio observed", "probability stated", "observed")


def claims_markdown(config: CheckpointConfig) -> str:
    """Tables of the claims and of what is withheld, in Markdown."""
    witness = config.witness
    if witness is None:
        return unchecked(config)
    parts = [
        f"On {witness.part}: {witness.pictures:,} pictures of {witness.patients:,} patients. Intervals are 95 %, by "
        "patient.",
        *sentences_on(config),
        "\n".join(_findings(config, witness)),
        EXPLANATION,
        "\n".join(_fifths(config, witness)),
        "\n".join(_reasons(config)),
    ]
    return "\n\n".join(part for part in parts if part)


def unchecked(config: CheckpointConfig) -> str:
    """What is said of a checkpoint without a witness."""
    return NO_WITNESS if config.calibration else NO_CALIBRATION


EXPLANATION = (
    f"Shown: whether a probability and a likelihood ratio of this finding may be shown. {ENOUGH_PATIENTS} patients or "
    "more have it, and slope and level are near 1 and 0 within the tolerances of `cxr.evaluation.claims`. Slope and "
    "level are those of the stated ratio's logarithm. Ratios observed are shares of pictures with the finding in that "
    "fifth of the scores, over those without. A stated probability holds at the calibration's own prevalence."
)


def _findings(config: CheckpointConfig, witness: Witness) -> Iterator[str]:
    yield f"| {' | '.join(HEADS)} |"
    yield "|---" * len(HEADS) + "|"
    for finding in config.findings:
        found, flagged = _checked(finding, config, witness), witness.flagged.get(finding)
        yield _row(
            display_name(finding),
            str(found.patients) if found else "",
            _interval(found.slope) if found else "",
            _interval(found.intercept) if found else "",
            _share(flagged) if flagged else "",
            "withheld" if withheld(finding, config) else "yes",
        )


def _checked(finding: str, config: CheckpointConfig, witness: Witness) -> FindingWitness | None:
    """What the second part says of a finding's calibration; None if there is none, whatever an older one stated."""
    return witness.findings.get(finding) if finding in config.calibration else None


def _fifths(config: CheckpointConfig, witness: Witness) -> Iterator[str]:
    yield f"| {' | '.join(FIFTH_HEADS)} |"
    yield "|---" * len(FIFTH_HEADS) + "|"
    for finding in config.findings:
        found = _checked(finding, config, witness)
        for number, fifth in enumerate(found.fifths if found else (), 1):
            yield _row(
                display_name(finding) + (" (withheld)" if withheld(finding, config) else ""),
                str(number),
                "{:.2f} to {:.2f}".format(*fifth.logits),
                f"{fifth.claimed:.2f}",
                _interval(fifth.ratio) if fifth.ratio else "infinite",
                f"{fifth.probability:.1%}",
                _share(fifth.share),
            )


def _reasons(config: CheckpointConfig) -> Iterator[str]:
    for finding in config.findings:
        if reason := withheld(finding, config):
            yield f"- {display_name(finding)}: {reason}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _interval(figure: Figure) -> str:
    return "{:.2f} ({:.2f} to {:.2f})".format(*figure)


def _share(figure: Figure) -> str:
    return "{:.1%} ({:.1%} to {:.1%})".format(*figure)
