"""Folders of results: a file is there as a whole or not at all."""

import os

import pytest

from cxr.datasets.storage import Folder
from cxr.errors import FolderError


@pytest.fixture(params=["local", "memory"])
def folder(request, tmp_path) -> Folder:
    return Folder.at(tmp_path / "new" if request.param == "local" else f"memory://{tmp_path.name}/new")


def test_what_is_written_is_listed_and_read_back(folder):
    assert list(folder.names()) == []
    assert not folder.exists()
    folder.write("scores/a.parquet", b"one")
    folder.write("run.json", b"two")
    assert list(folder.names()) == ["run.json", "scores/a.parquet"]
    assert list(folder.names("scores")) == ["scores/a.parquet"]
    assert (folder.read("run.json"), folder.size_bytes("run.json"), folder.size_bytes("none")) == (b"two", 3, None)
    folder.write("run.json", b"three")
    assert folder.read("run.json") == b"three"
    folder.delete("run.json")
    assert not folder.exists("run.json")


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    folder = Folder.at(tmp_path)
    folder.write("a", b"old")

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        folder.write("a", b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["a"]
    assert folder.read("a") == b"old"


def test_an_unknown_kind_of_address_is_refused_in_a_sentence():
    with pytest.raises(FolderError, match="begin with nonsense://"):
        Folder.at("nonsense://bucket/x")
