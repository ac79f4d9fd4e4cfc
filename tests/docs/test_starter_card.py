"""What the starter's card says of its scores is what `python -m cxr claims starter` prints."""

from pathlib import Path

import pytest

from cxr.checkpoint import CheckpointConfig
from cxr.evaluation.claims import withheld
from cxr.evaluation.claims_table import claims_markdown
from cxr.findings import display_name
from hub import resolve

CARD = Path(__file__).resolve().parents[2] / "hub" / "starter" / "README.md"


@pytest.fixture(scope="module")
def config() -> CheckpointConfig:
    resolved = resolve("starter")
    return CheckpointConfig.from_raw(resolved.config, name=resolved.name)


def fifths(text: str) -> list[str]:
    """Rows of a finding's fifth: seven cells, the second a number from 1 to 5."""
    rows = [line for line in text.splitlines() if line.count("|") == 8]
    return [row for row in rows if row.split("|")[2].strip() in {"1", "2", "3", "4", "5"}]


def test_the_card_has_each_ratio_and_probability_that_may_be_shown(config):
    shown = [display_name(finding) for finding in config.findings if not withheld(finding, config)]
    printed = [row for row in fifths(claims_markdown(config)) if row.split("|")[1].strip() in shown]
    assert fifths(CARD.read_text(encoding="utf-8")) == printed
    assert len(printed) == 5 * len(shown) > 0


def test_the_card_says_which_findings_probabilities_are_withheld(config):
    text = CARD.read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.rstrip().endswith(("| withheld |", "| shown |"))]
    said = {row.split("|")[1].strip(): row.split("|")[-2].strip() for row in rows}
    expected = {display_name(finding): "withheld" if withheld(finding, config) else "shown"
                for finding in config.findings}  # fmt: skip
    assert said == expected
