"""Tables in parts: named by their ids, complete once the last one is there, of one run."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cxr.datasets.parts import METADATA, begin, clean, part_name, part_names, rows_of, stored_run, write_part
from cxr.datasets.storage import Folder
from cxr.errors import FolderError


def rows(*values: int) -> pa.Table:
    return pa.table({"value": list(values)})


def test_a_batch_that_is_written_again_replaces_its_own_part(tmp_path):
    out = Folder.at(tmp_path)
    write_part(out, ["a", "b"], {"rows": rows(1, 2)}, {"run": 1})
    write_part(out, ["c"], {"rows": rows(3)}, {"run": 1})
    write_part(out, ["a", "b"], {"rows": rows(4, 5)}, {"run": 1})
    assert sorted(row["value"] for row in rows_of(out, "rows")) == [3, 4, 5]
    assert part_name(["a", "b"]) in part_names(out, "rows")
    schema = pq.read_schema(tmp_path / "rows" / part_name(["c"]))
    assert json.loads(schema.metadata[METADATA]) == {"run": 1, "table": "rows"}


def test_what_is_not_complete_is_deleted(tmp_path):
    out = Folder.at(tmp_path)
    write_part(out, ["a"], {"first": rows(1), "last": rows(1)}, {})
    write_part(out, ["b"], {"first": rows(2)}, {})
    (tmp_path / "last" / ".part-x").write_bytes(b"half")
    clean(out, ["first", "last"])
    assert part_names(out, "first") == part_names(out, "last") == {part_name(["a"])}
    assert not (tmp_path / "last" / ".part-x").exists()


def test_a_folder_is_of_one_run(tmp_path):
    out = Folder.at(tmp_path)
    assert stored_run(out) is None
    begin(out, {"model": "a", "when": 1}, ["model"], "Choose another.")
    begin(out, {"model": "a", "when": 2}, ["model"], "Choose another.")
    assert stored_run(out)["when"] == 1
    with pytest.raises(FolderError, match=r"differs in model\. Choose another\."):
        begin(out, {"model": "b", "when": 1}, ["model"], "Choose another.")
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(FolderError, match="damaged"):
        stored_run(out)
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(FolderError, match="nothing of a run"):
        stored_run(out)
