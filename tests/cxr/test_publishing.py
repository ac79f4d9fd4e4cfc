"""The card of a published checkpoint, and what is sent with it."""

import json
import shutil
from pathlib import Path

import pytest

import hub
from cxr import publishing
from cxr.checkpoint import read_checkpoint
from cxr.checkpoint.witness import FindingWitness, Flagged, Witness
from cxr.publishing import BEGIN, END, publish, write_card
from hub.errors import CheckpointError

STARTER = Path(hub.__file__).parent / "starter"


FOUND = FindingWitness(
    *(100, 40, 30), (1.0, 0.8, 1.2), (0.0, -0.1, 0.1), (1.0, 0.0), (0.01, 0.0, 0.01), (-2.0, 2.0), ()
)
HEALTHY = Flagged(400, 300, any=(0.8, 0.75, 0.85), count=(3.0, 2.5, 3.5))


@pytest.fixture
def folder(tmp_path):
    """The starter, with a second part that bears out Effusion alone."""
    folder = shutil.copytree(STARTER, tmp_path / "mine")
    checked = Witness("test", 900, 600, 14, {"Effusion": FOUND}, {"Effusion": (0.4, 0.3, 0.5)}, HEALTHY)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"witness": checked.to_json()}))
    return folder


def card(folder, repo: str = "org/net") -> str:
    resolved = hub.resolve(str(folder))
    write_card(resolved, read_checkpoint(resolved).config, repo)
    return (folder / "README.md").read_text()


def test_a_card_is_written_with_all_that_a_user_must_know(folder):
    (folder / "README.md").unlink()
    text = card(folder)
    assert text.startswith("---\n")
    assert "license: apache-2.0" in text
    assert "library_name: keras" in text
    assert "Outputs in order: Atelectasis, Cardiomegaly, Effusion, Emphysema" in text
    assert "Rule `samplewise`: size 224, detail 128." in text
    figures = json.loads((folder / "config.json").read_text())["metrics"]
    for name, (auc, low, high) in (("Effusion", figures["auc"]["Effusion"]), ("Mean", figures["mean_auc"])):
        assert f"| {name} | {auc:.3f} ({low:.3f} to {high:.3f}) |" in text
    assert "On sample of NIH ChestX-ray14, test, 1656 pictures, 552 patients." in text
    assert 'Predictor.load("org/net")' in text
    assert "Not a medical device" in text


def test_a_card_says_which_logit_gives_most_away_of_each_shortcut(folder):
    config = json.loads((folder / "config.json").read_text())
    view = {"Mass": [0.52, 0.48, 0.56], "Pleural_Thickening": [0.3, 0.25, 0.35]}
    config["metrics"]["shortcuts"] = {"view AP": view}
    (folder / "config.json").write_text(json.dumps(config))
    text = card(folder)
    # |.52 - .5| and |.3 - .5|: mean .11
    assert "| view AP | 0.110 | Pleural thickening 0.300 (0.250 to 0.350) |" in text
    assert "| logit of | view AP |\n|---|---|\n| Mass | 0.520 (0.480 to 0.560) |\n| Pleural thickening | 0.300" in text
    del config["metrics"]["shortcuts"]
    (folder / "config.json").write_text(json.dumps(config))
    assert "| logit of |" not in card(folder)


def test_a_card_says_what_other_patients_bear_out_and_how_often_the_healthy_are_flagged(folder):
    text = card(folder)
    assert "| Effusion | 30 | 1.00 (0.80 to 1.20) | 0.00 (-0.10 to 0.10) | 40.0% (30.0% to 50.0%) | yes |" in text
    assert "- Mass: Not calibrated: none of the other patients has Mass." in text
    assert "False alarms: of 400 radiographs without a finding (300 other patients), 80 % (75 % to 85 %) are" in text


def test_calibrations_that_nobody_checked_are_not_published(folder, monkeypatch):
    config = json.loads((folder / "config.json").read_text())
    del config["witness"]
    (folder / "config.json").write_text(json.dumps(config))
    monkeypatch.setattr("hub.pushing.push", lambda *given, **more: pytest.fail("it was sent"))
    before = (folder / "README.md").read_text()
    with pytest.raises(CheckpointError, match="not checked on other patients") as refused:
        publish(folder, "org/net")
    assert "--check PART" in refused.value.hint
    assert (folder / "README.md").read_text() == before


def test_what_its_author_wrote_stays(folder):
    (folder / "README.md").write_text("---\nlicense: mit\ntags:\n- mine\nlanguage: en\n---\n# Mine\n\nBefore.\n")
    first = card(folder)
    assert first.count(BEGIN) == 1
    assert "license: mit" in first
    assert "language: en" in first
    assert first.index("- mine") < first.index("- chest-x-ray")
    (folder / "README.md").write_text(first + "\nAfter.\n")
    second = card(folder, "org/other")
    assert second.count(BEGIN) == second.count(END) == 1
    assert second.index("Before.") < second.index(BEGIN) < second.index(END) < second.index("After.")
    assert "org/other" in second
    assert "org/net" not in second


def test_publishing_verifies_writes_the_card_and_pushes(folder, monkeypatch):
    sent = []
    monkeypatch.setattr("hub.pushing.push", lambda *given, **more: sent.append((given, more)) or "address")
    assert publish(folder, "org/net", private=True) == "address"
    assert sent == [((folder, "org/net"), {"private": True})]
    assert BEGIN in (folder / "README.md").read_text()


def test_nothing_is_written_or_sent_of_what_verify_refuses(folder, monkeypatch):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"labels": ["Mass"]}))
    monkeypatch.setattr("hub.pushing.push", lambda *given, **more: pytest.fail("it was sent"))
    before = (folder / "README.md").read_text()
    with pytest.raises(CheckpointError, match="1 labels"):
        publish(folder, "org/net")
    assert (folder / "README.md").read_text() == before


def test_the_snippet_of_the_card_is_python():
    compile(publishing.USAGE.format(repo="org/net"), "card", "exec")
