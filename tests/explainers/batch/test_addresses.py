"""Radiographs and results behind addresses: in fsspec's memory, and on servers of S3, Google and a Hub on loopback."""

import logging
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cxr.datasets.storage import Folder
from explainers import results
from explainers.__main__ import main
from explainers.batch import parts
from explainers.batch.run import left
from explainers.batch.sources import read_source
from tests.explainers.batch import fake_gcs
from tests.hub.conftest import fake_hub  # noqa: F401 - a fixture


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of a server that speaks S3."""
    server = pytest.importorskip("moto.server", reason="moto is not installed: pip install 'moto[server]'")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # else it prints every request
    running = server.ThreadedMotoServer("127.0.0.1", port, verbose=False)
    running.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        running.stop()


@pytest.fixture
def gcs() -> Iterator[str]:
    """The address of a server that speaks as Google Cloud Storage does."""
    with fake_gcs.running() as address:
        yield address


@pytest.fixture(params=["memory", "s3", "gs", "hf"])
def place(request, tmp_path, monkeypatch) -> str:
    """An empty place behind an address."""
    if request.param == "memory":
        return f"memory://{tmp_path.name}"
    if request.param == "gs":
        monkeypatch.setenv("CLOUD_STORAGE_EMULATOR_ENDPOINT", request.getfixturevalue("gcs"))
        return "gs://anonymous@chests"
    if request.param == "hf":
        request.getfixturevalue("fake_hub").put("org/chests", {"README.md": b""}, kind="datasets")
        monkeypatch.setenv("HF_TOKEN", "good")
        return "hf://datasets/org/chests"
    endpoint = request.getfixturevalue("s3")
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    from pyarrow.fs import S3FileSystem

    bucket = f"chests-{abs(hash(tmp_path)) % 10**9}"
    S3FileSystem(allow_bucket_creation=True, endpoint_override=endpoint).create_dir(bucket)
    return f"s3://{bucket}"


@pytest.fixture
def uploaded(place, dataset) -> str:
    """The address of the twelve chests, one of them in a folder below, beside a file that is none."""
    folder = Folder.at(f"{place}/chests")
    for number, file in enumerate(sorted((dataset / "images").iterdir())):
        folder.write(f"deep/{file.name}" if number == 5 else file.name, file.read_bytes())
    folder.write("notes.txt", b"about these files")
    return f"{place}/chests"


def test_a_folder_behind_an_address_keeps_whole_files(place):
    folder = Folder.at(f"{place}/new")
    assert list(folder.names()) == []
    assert not folder.exists()
    folder.write("scores/a.parquet", b"one")
    folder.write("run.json", b"two")
    assert list(folder.names()) == ["run.json", "scores/a.parquet"]
    assert (folder.read("run.json"), folder.size_bytes("run.json"), folder.size_bytes("none")) == (b"two", 3, None)
    folder.delete("run.json")
    assert not folder.exists("run.json")


def test_radiographs_and_results_behind_addresses_give_the_rows_of_local_ones(
    place, uploaded, plan, source, carried_out, table
):
    carried_out(plan, source)
    remote = read_source(uploaded)
    assert sorted(Path(item.image).name for item in remote.items) == [item.image for item in source.items]
    out = f"{place}/out"
    carried_out(replace(plan, out=out), remote)
    found = results.open(out).scores.to_pylist()
    ours = {(row["image"], row["finding"]): row["logit"] for row in table(plan.out, "scores").to_pylist()}
    assert {(Path(row["image"]).name, row["finding"]) for row in found} == set(ours)
    for row in found:
        assert row["logit"] == pytest.approx(ours[Path(row["image"]).name, row["finding"]], rel=1e-5)
    assert len(list(results.open(out).explanations(explainer="grad_cam"))) == 24


def test_an_ended_run_behind_an_address_goes_on(place, uploaded, plan, carried_out):
    plan, source = replace(plan, out=f"{place}/out"), read_source(uploaded)
    carried_out(plan, source)
    out = Folder.at(plan.out)
    out.delete(f"scores/{parts.parts(out)[0]}")
    assert len(left(out, source)) == 4
    assert sum(report.images for report in carried_out(plan, source)) == 4
    assert left(out, source) == []


def test_a_file_that_is_gone_behind_an_address_is_an_error_of_its_own(place, uploaded, plan, carried_out):
    plan, source = replace(plan, out=f"{place}/out"), read_source(uploaded)
    Folder.at(uploaded).delete(source.items[0].image)
    carried_out(plan, source)
    assert parts.failures(Folder.at(plan.out)) == (1, 0)


def test_the_commands_take_addresses(place, uploaded, tiny, tmp_path, monkeypatch, capsys):
    from cxr import Predictor

    monkeypatch.setattr(Predictor, "load", lambda source, **_: tiny)
    assert main(["batch", "--images", uploaded, "--explainers", "grad_cam", "--out", f"{place}/out"]) == 0
    assert "12 radiographs: 12 scored" in capsys.readouterr().out
    assert main(["summary", f"{place}/out", "--out", str(tmp_path / "summary.html")]) == 0
    assert "<h1>Summary" in (tmp_path / "summary.html").read_text()
