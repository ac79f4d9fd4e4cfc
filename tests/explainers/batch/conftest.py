"""A folder of radiographs, and a run over it on the network that is small enough for paper."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cxr.evaluation.labels import read_labels
from cxr.phantom.dataset import write_dataset
from explainers.registry import Registry

pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install 'cxr-lens[batch]'")

import pyarrow as pa
import pyarrow.parquet as pq

from explainers.batch.plan import Plan
from explainers.batch.run import prepare_folder
from explainers.batch.schemas import TIMES
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


def _plan(source: Source, out: Path, measures: tuple[str, ...] = ()) -> Plan:
    names = ("grad_cam", "random_map")
    return Plan(root=source.root, out=str(out), explainers=names, measures=measures, batch=4, command="test")


@pytest.fixture
def plan(source, tmp_path) -> Plan:
    """Grad-CAM and a random map of both findings, in batches of four."""
    return _plan(source, tmp_path / "out")


@pytest.fixture(scope="session")
def finished(source, carried_out, tmp_path_factory) -> Path:
    """A whole run with a measure, to be copied."""
    out = tmp_path_factory.mktemp("finished") / "out"
    carried_out(_plan(source, out, measures=("finding_sensitivity",)), source)
    return out


@pytest.fixture
def done(plan, finished) -> str:
    """A folder of its own with the results of the plan and a measure."""
    shutil.copytree(finished, plan.out)
    return plan.out


@pytest.fixture(scope="session")
def carried_out(tiny) -> Callable[..., list[Report]]:
    """Does what a plan says, or what of it is left, on the tiny network."""

    def carry_out(plan: Plan, source: Source, **settings: bool) -> list[Report]:
        worker = Worker(replace(plan, root=source.root), tiny, Registry.standard(plan.plugins))
        return list(worker.run(prepare_folder(worker, source, **settings)))

    return carry_out


KEYS = [("image", "ascending"), ("finding", "ascending"), ("explainer", "ascending"), ("measure", "ascending")]


def _table(out: str | Path, name: str) -> pa.Table:
    """All rows of a table without times, in the order of their keys; as anyone reads the folder."""
    found = pq.read_table(Path(out) / name)
    return found.drop_columns([each for each in TIMES if each in found.column_names]).sort_by(
        [key for key in KEYS if key[0] in found.column_names]
    )


def _assert_same_rows(one: str | Path, other: str | Path) -> None:
    """Texts and flags are equal, numbers to 1e-5."""
    names = {each.name for each in Path(one).iterdir() if each.is_dir()}
    assert names == {each.name for each in Path(other).iterdir() if each.is_dir()}
    for name in names:
        first, second = _table(one, name), _table(other, name)
        assert first.num_rows == second.num_rows
        for column in first.column_names:
            ours, theirs = (each[column].combine_chunks() for each in (first, second))
            kind = ours.type.value_type if pa.types.is_list(ours.type) else ours.type
            if pa.types.is_floating(kind):
                flat = [each.flatten() if pa.types.is_list(each.type) else each.drop_null() for each in (ours, theirs)]
                np.testing.assert_allclose(*(each.to_numpy() for each in flat), rtol=1e-5, atol=1e-6, err_msg=column)
            else:
                assert ours.to_pylist() == theirs.to_pylist(), column


@pytest.fixture(scope="session")
def table():
    """(folder, name) -> all rows of a table, sorted, without times."""
    return _table


@pytest.fixture(scope="session")
def assert_same_rows():
    """(folder, other folder): they hold the same rows."""
    return _assert_same_rows
