"""Runs that end and go on: what is done again, what is deleted, what is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from cxr.datasets.storage import Folder
from cxr.errors import FolderError
from explainers.batch import parts
from explainers.batch.run import left
from explainers.batch.sources import read_source


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


@pytest.mark.parametrize("last", range(10))
def test_a_run_that_ends_at_any_write_goes_on_and_gives_the_same_rows(
    plan, source, carried_out, tmp_path, monkeypatch, last, assert_same_rows
):
    whole = replace(plan, out=str(tmp_path / "whole"))
    carried_out(whole, source)
    writes = 0

    def end_after(self, name: str, content: bytes) -> None:
        nonlocal writes
        writes += 1
        if writes > last:
            raise Killed
        write(self, name, content)

    write = Folder.write
    with monkeypatch.context() as patched:
        patched.setattr(Folder, "write", end_after)
        # run.json, then a part of maps and one of scores for each of three batches
        if last < 7:
            with pytest.raises(Killed):
                carried_out(plan, source)
        else:
            carried_out(plan, source)
    done = max(0, (last - 1) // 2) * 4
    if Path(plan.out).exists():
        assert len(left(Folder.at(plan.out), source)) == max(0, 12 - done), "at most the batch in hand is lost"
    carried_out(plan, source)
    assert_same_rows(plan.out, whole.out)


def test_what_a_killed_process_left_is_deleted(plan, source, carried_out, table):
    carried_out(plan, source)
    out = Path(plan.out)
    (name,) = parts.parts(Folder.at(out))[:1]
    (out / "scores" / name).unlink()
    (out / "maps" / ".part-abc").write_bytes(b"half of a file")
    assert len(left(Folder.at(out), source)) == 4
    carried_out(plan, source)
    assert not (out / "maps" / ".part-abc").exists()
    assert table(out, "maps").num_rows == 12 * 2 * 2


def test_radiographs_that_were_added_are_done_by_the_same_command(plan, images, carried_out, table):
    added = images / "00000001_000.png"
    content = added.read_bytes()
    added.unlink()
    assert sum(report.images for report in carried_out(plan, read_source(str(images)))) == 11
    added.write_bytes(content)
    assert [report.images for report in carried_out(plan, read_source(str(images)))] == [1]
    assert table(plan.out, "scores").num_rows == 24


def test_failures_stay_unless_they_are_to_be_tried_again(plan, images, carried_out, table):
    file = images / "00000003_000.png"
    content = file.read_bytes()
    file.write_bytes(content[:100])
    source = read_source(str(images))
    carried_out(plan, source)
    file.write_bytes(content)
    assert carried_out(plan, source) == []
    assert sum(report.images for report in carried_out(plan, source, retry_failed=True)) == 4, "its batch"
    assert parts.failures(Folder.at(plan.out)) == (0, 0)
    assert table(plan.out, "maps").num_rows == 12 * 2 * 2


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"explainers": ("grad_cam",)}, "explainers"),
        ({"options": {"grad_cam": {"layer": "cells"}}}, "explainers"),
        ({"seed": 1}, "seed"),
        ({"findings": ("Nodule",)}, "findings"),
        ({"measures": ("stability",)}, "measures"),
        ({"half": True}, "half"),
    ],
)
def test_a_folder_is_of_one_run(plan, source, carried_out, changed, named):
    carried_out(replace(plan, explainers=("grad_cam", "random_map")), source)
    with pytest.raises(FolderError, match=rf"differs in {named}\."):
        carried_out(replace(plan, **changed), source)
    carried_out(replace(plan, batch=7), source)  # how it is computed may change
