"""A run's tables on the Hub, which runs on loopback."""

import importlib.util
from io import BytesIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from explainers.batch.sharing import share
from hub.errors import SourceError


def _fixture_of_hub():
    """`fake_hub` of the folder tests/hub."""
    file = Path(__file__).resolve().parents[2] / "hub" / "conftest.py"
    spec = importlib.util.spec_from_file_location("fixtures_of_hub", file)
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.fake_hub


fake_hub = _fixture_of_hub()


def uploaded(fake_hub, repo: str) -> dict[str, bytes]:
    home = fake_hub.folder / "datasets" / repo
    place = home / (home / "main").read_text()
    return {file.relative_to(place).as_posix(): file.read_bytes() for file in place.rglob("*") if file.is_file()}


def test_scores_and_measures_go_to_the_hub_with_a_card_and_maps_stay(done, fake_hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "good")
    address = share(done, "org/results")
    assert "org/results/commit/" in address
    files = uploaded(fake_hub, "org/results")
    assert set(files) == {"README.md", "run.json", "scores/scores.parquet", "measures/measures.parquet"}
    assert pq.read_table(BytesIO(files["scores/scores.parquet"])).num_rows == 24
    card = files["README.md"].decode()
    assert "12 radiographs of 6 patients" in card
    assert "config_name: scores" in card
    assert "config_name: maps" not in card


def test_maps_go_where_that_is_asked_for(done, fake_hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "good")
    share(done, "org/results", maps=True)
    files = uploaded(fake_hub, "org/results")
    assert sum(name.startswith("maps/") for name in files) == 3


def test_what_the_hub_refuses_is_a_sentence(done, fake_hub):
    with pytest.raises(SourceError, match="refused to take org/results: 403"):
        share(done, "org/results")
    with pytest.raises(SourceError, match="ORG/NAME"):
        share(done, "results")
