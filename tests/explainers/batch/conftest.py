"""A folder of radiographs, and a run over it on the network that is small enough for paper."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cxr.evaluation.labels import read_labels
from cxr.phantom.dataset import write_dataset
from explainers.registry import Registry

pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install 'cxr-lens[batch]'")

from explainers.batch.plan import Plan
from explainers.batch.run import prepare_folder
from explainers.batch.sources import Source, read_source
from explainers.batch.worker import Report, Worker

COUNT = 12


@pytest.fixture(scope="session")
def dataset(tmp_path_factory) -> Path:
    """`images` with twelve synthetic chests of six patients, and `labels.csv`."""
    folder = tmp_path_factory.mktemp("dataset")
    write_dataset(folder, folder / "labels.csv", COUNT, size=64)
    return folder


@pytest.fixture
def images(dataset, tmp_path) -> Path:
    """A copy of the folder of radiographs, to change."""
    return shutil.copytree(dataset / "images", tmp_path / "images")


@pytest.fixture(scope="session")
def source(dataset) -> Source:
    """The twelve with their labels."""
    return read_source(str(dataset / "images"), labels=read_labels(dataset / "labels.csv"))


@pytest.fixture
def plan(source, tmp_path) -> Plan:
    """Grad-CAM and a random map of both findings, in batches of four."""
    return Plan(
        root=source.root, out=str(tmp_path / "out"), explainers=("grad_cam", "random_map"), batch=4, command="test"
    )


@pytest.fixture
def carried_out(tiny) -> Callable[..., list[Report]]:
    """Does what a plan says, or what of it is left, on the tiny network."""

    def carry_out(plan: Plan, source: Source, **settings: bool) -> list[Report]:
        worker = Worker(replace(plan, root=source.root), tiny, Registry.standard(plan.plugins))
        return list(worker.run(prepare_folder(worker, source, **settings)))

    return carry_out
