"""Fixtures that every folder shares. One loaded starter serves the whole run; tests must leave it as it was."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real radiographs and checkpoint fixtures beside the project, which users do not have."""
    if not SHARED.is_dir():
        pytest.skip("the folder ../shared with real radiographs is not here")
    return SHARED


@pytest.fixture(scope="session")
def nih_full(shared) -> list[Path]:
    """The radiographs of 512 to 1024 pixels, sorted by name."""
    return sorted((shared / "nih" / "full").iterdir())


@pytest.fixture(scope="session")
def fixture_folder(shared, tmp_path_factory) -> Path:
    """The three synthetic checkpoints (torchvision14, xrv18, keras2), made once a run."""
    folder = tmp_path_factory.mktemp("checkpoints")
    subprocess.run(
        [sys.executable, str(shared / "checkpoints" / "make_fixtures.py"), str(folder)], check=True, capture_output=True
    )
    return folder


@pytest.fixture(scope="session")
def predictor():
    """The packaged starter, loaded once."""
    from cxr import Predictor

    return Predictor.load("starter")


@pytest.fixture(scope="session")
def phantom():
    """A synthetic chest with an effusion, as a Radiograph."""
    from cxr.phantom import phantom

    return phantom(seed=1, size=512, effusion=True).radiograph
