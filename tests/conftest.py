"""Fixtures that every folder shares. One loaded starter serves the whole run; tests must leave it as it was."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
PLUGINS = ROOT / "tests" / "plugins"
NETWORKS = PLUGINS / "networks" / "small_networks.py"

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

TEMPORARY = pytest.StashKey[tempfile.TemporaryDirectory]()


def pytest_configure(config: pytest.Config) -> None:
    """Give the run one folder for all temporary files, those of its child processes too.

    pytest-xdist's workers inherit it. Tests' own folders are in it unless `--basetemp` names another place.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        config.stash[TEMPORARY] = tempfile.TemporaryDirectory(prefix="cxr-lens-tests-", ignore_cleanup_errors=True)
        os.environ["TMPDIR"] = tempfile.tempdir = config.stash[TEMPORARY].name


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder with everything in it, whether tests failed or not."""
    if TEMPORARY in config.stash:
        config.stash[TEMPORARY].cleanup()
        tempfile.tempdir = None


PAGE = "tests/explainers/page/"
OWN_SERVER = tuple(PAGE + name for name in ("test_faults.py", "test_first_minute.py", "test_privacy.py",
                                            "test_replicas.py", "test_server.py"))  # fmt: skip
LONG = (
    *OWN_SERVER,
    "tests/docs/test_commands.py",
    "tests/explainers/kit/",
    "tests/explainers/running/test_misdeeds.py",
    "tests/test_demo.py",
)
"""Begun early, so that no worker ends with one while the others have nothing left."""

VISITORS = (
    "tests/docs/test_references.py",
    "tests/docs/test_snippets.py",
    "tests/explainers/test_client.py",
    "tests/explainers/test_planted_markers.py",
)


def visits_the_page(nodeid: str) -> bool:
    """Whether a test is in a file that uses the one running page (`server`)."""
    return nodeid.startswith((PAGE, *VISITORS)) and not nodeid.startswith(OWN_SERVER)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that visit the page, which one worker runs, and with the files that take longest."""
    for item in items:
        if "started_server" in getattr(item, "fixturenames", ()) and not visits_the_page(item.nodeid):
            raise pytest.UsageError(f"{item.nodeid} uses `server`: add its file to VISITORS in tests/conftest.py.")
    items.sort(key=lambda item: (not visits_the_page(item.nodeid), not item.nodeid.startswith(LONG)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """Deal files to workers as `--dist loadfile` does, but all that visit the page to one: one server, one browser."""
    from xdist.scheduler import LoadFileScheduling

    class OnePage(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "the page" if visits_the_page(nodeid) else super()._split_scope(nodeid)

    return OnePage(config, log) if config.getvalue("dist") == "loadfile" else None


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


@pytest.fixture(scope="session")
def tiny():
    """A network small enough for paper: two findings, four cells.

    Input (32, 32, 3). `cells`: the mean of each 16 × 16 quadrant, and its negative, in 2 × 2 cells. `relu`. Average
    pooling. Logits: Effusion = 4·p0 + 0.5, Nodule = −2·p0 + 8·p1 − 1, for the pooled channels p0 and p1.
    """
    import keras
    import numpy as np

    from cxr.checkpoint import CheckpointConfig, Identity, Threshold
    from cxr.network import KerasNetwork
    from cxr.predictor import Predictor

    picture = keras.Input((32, 32, 3))
    cells = keras.layers.Conv2D(2, 16, strides=16, use_bias=False, name="cells")(picture)
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU(name="relu")(cells))
    model = keras.Model(picture, keras.layers.Dense(2, name="predictions")(pooled))
    model.get_layer("cells").set_weights([np.full((16, 16, 3, 2), 1 / 768) * np.array([1, -1])])
    model.get_layer("predictions").set_weights([np.array([[4, -2], [0, 8]]), np.array([0.5, -1])])
    config = CheckpointConfig(
        name="tiny",
        labels=("Effusion", "Nodule"),
        input={"rule": "samplewise", "size": 32},
        thresholds={"Effusion": Threshold(0.9), "Nodule": Threshold(0.2)},
    )
    return Predictor(KerasNetwork(model), config, Identity("tiny", "tiny", None, "0" * 64))


@pytest.fixture
def quadrants():
    """A prepared input (32, 32, 3) for `tiny`, its channels equal, whose quadrants are 1, 2 above 3, −2."""
    import numpy as np

    return np.repeat(np.kron([[1, 2], [3, -2]], np.ones((16, 16)))[..., None], 3, axis=-1).astype(np.float32)


@pytest.fixture(scope="session")
def server_folder(tmp_path_factory) -> Path:
    """What `server` takes for the machine's folder of temporary files."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="session")
def second(tmp_path_factory) -> Path:
    """Another network's folder: the starter's weights with two labels exchanged, so Effusion is what Mass was."""
    folder = shutil.copytree(ROOT / "hub" / "starter", tmp_path_factory.mktemp("networks") / "second")
    config = json.loads((folder / "config.json").read_text())
    exchanged = {"Effusion": "Mass", "Mass": "Effusion"}
    config |= {"name": "second", "labels": [exchanged.get(label, label) for label in config["labels"]]}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


class Server(NamedTuple):
    """A running page: its address, the line that it printed at its start, and where its metrics are, if it has any."""

    address: str
    printed: str
    metrics: str


@pytest.fixture(scope="session")
def server(started_server) -> str:
    """The address of the running page."""
    return started_server.address


@pytest.fixture(scope="session")
def started_server(server_folder, second) -> Iterator[Server]:
    """A running page with the plugins of `tests/plugins`: one good, five bad.

    It offers the starter, `second`, a repository that can't be had, and a plugin's network. Where the extra `metrics`
    is installed, it serves metrics.
    """
    with socket.socket() as free, socket.socket() as another:
        free.bind(("127.0.0.1", 0))
        another.bind(("127.0.0.1", 0))
        port, metrics_port = free.getsockname()[1], another.getsockname()[1]
    metrics = f"http://127.0.0.1:{metrics_port}/metrics" if find_spec("prometheus_client") else ""
    files = [*sorted(PLUGINS.glob("*.py")), NETWORKS]
    plugins = [argument for file in files for argument in ("--plugin", str(file))]
    models = [argument for source in ("starter", str(second), "org/none", "scorer") for argument in ("--model", source)]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "demo.py"), "--port", str(port), *models, *plugins]
        + (["--metrics-port", str(metrics_port)] if metrics else []),
        env=os.environ | {"TMPDIR": str(server_folder), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=(server_folder.parent / "server.log").open("w"),
        text=True,
    )
    address = f"http://127.0.0.1:{port}/"
    try:
        printed = process.stdout.readline()
        log = server_folder.parent / "server.log"
        assert address in printed, f"the server did not start: {printed or log.read_text()}"
        yield Server(address.rstrip("/"), printed, metrics)
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def loading_state():
    """What panels and endpoints share while the one network that is offered is being loaded."""
    from types import SimpleNamespace

    from cxr.checkpoint import Identity
    from explainers.page.samples import Samples
    from explainers.page.sessions import Sessions
    from explainers.page.settings import PageSettings
    from explainers.registry import Registry

    network = SimpleNamespace(state="loading", notes=(), progress=None)
    predictor = SimpleNamespace(identity=Identity("starter", "starter", None, "0" * 64))
    networks = SimpleNamespace(
        names=["starter"],
        in_use="starter",
        expected_findings=lambda name="": {},
        name_of=lambda name="": name or "starter",
        brought=lambda name="": False,
        state=lambda name="": network,
        loaded=lambda name="": None,
        begin=lambda name: None,
        answering=lambda name: SimpleNamespace(predictor=predictor, requested="starter", fallback=""),
    )
    return SimpleNamespace(
        registry=Registry.standard(),
        networks=networks,
        samples=Samples(),
        sessions=Sessions(),
        settings=PageSettings(),
        listeners=None,
    )
