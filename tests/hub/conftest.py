"""A Hub on loopback, as a process of its own (see fake_hub.py), and an empty cache."""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.hub.starter_files import FIRST, STARTER

HERE = Path(__file__).parent


@dataclass(frozen=True)
class FakeHub:
    """The running server: its address, the folder of its repositories, and the cache of its clients."""

    address: str
    folder: Path
    home: Path

    def put(
        self, repo: str, files: dict[str, bytes] | None = None, *, commit: str = FIRST, kind: str = "models"
    ) -> Path:
        """A repository with the starter's files, or these, at a commit, which its main branch is then at."""
        place = self.folder / kind / repo / commit
        place.mkdir(parents=True, exist_ok=True)
        if files is None:
            shutil.copytree(STARTER, place, dirs_exist_ok=True)
        for name, content in (files or {}).items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
        (place.parent / "main").write_text(commit)
        return place

    def faults(self, *faults: dict) -> None:
        """What goes wrong with the next requests whose address has `part` in it."""
        urllib.request.urlopen(urllib.request.Request(f"{self.address}/_faults", data=json.dumps(faults).encode()))

    def asked(self) -> list[str]:
        """What was asked for since the last time; huggingface_hub's questions about itself left out."""
        with urllib.request.urlopen(f"{self.address}/_asked") as answer:
            return [each for each in json.load(answer) if "agent-harnesses" not in each]

    def requests(self) -> list[str]:
        """Method and last part of what was asked for since the last time."""
        return [f"{each.split()[0]} {each.rsplit('/', 1)[-1]}" for each in self.asked()]

    def command(self, *arguments: str, **environment: str) -> subprocess.Popen:
        """python -m hub, as a process that knows this Hub and this cache."""
        return subprocess.Popen(
            [sys.executable, "-m", "hub", *arguments],
            env=os.environ | self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HF_ENDPOINT": self.address,
            "HF_HOME": str(self.home),
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_TOKEN": "",
        }


@pytest.fixture
def fake_hub(tmp_path, monkeypatch) -> Iterator[FakeHub]:
    """The Hub, for this process too."""
    from huggingface_hub import constants

    folder = tmp_path / "hub"
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, str(HERE / "fake_hub.py"), str(folder)], stdout=subprocess.PIPE, text=True
    )
    hub = FakeHub(process.stdout.readline().strip(), folder, tmp_path / "home")
    monkeypatch.setattr(constants, "ENDPOINT", hub.address)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.address + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(hub.home / "hub"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    yield hub
    process.kill()
    process.wait()
