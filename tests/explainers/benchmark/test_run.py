"""A whole run on discs: right figures, resumed after a cut, refused for another network; its command and report."""

import csv
import io
import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from cxr.errors import FolderError
from explainers.__main__ import main
from explainers.benchmark import report
from explainers.benchmark.boxes import read_boxes
from explainers.benchmark.protocol import read_protocol
from explainers.benchmark.rows import FIGURES, TEXTS
from explainers.benchmark.run import run, stored_rows
from explainers.benchmark.statistics import numbers, summary
from explainers.benchmark.storing import OLD_ROWS, ROWS, rows_to_compare_with
from explainers.errors import OptionError
from hub.errors import SourceError


@pytest.fixture(scope="module")
def done(tmp_path_factory, square, discs, protocol_file):
    """(bench, folder, rows) of a whole run."""
    from explainers import Registry
    from explainers.benchmark.run import Benchmark

    data = read_boxes(discs, labels=square.labels, side=64)
    bench = Benchmark(square, Registry.standard(), data, read_protocol(protocol_file))
    out = tmp_path_factory.mktemp("out")
    return bench, out, run(bench, out)


def _of(rows, label):
    return [row for row in rows if row["label"] == label]


def test_the_right_explainer_finds_every_disc_and_chance_does_not(done):
    bench, _, rows = done
    assert len(rows) == 3 * 16 + 2
    assert not any(row["failed"] for row in rows)
    assert numbers(_of(rows, "True"), "pointing_tolerant").mean() > 0.8
    assert numbers(_of(rows, "True"), "pixel_auc").min() > 0.9
    assert numbers(_of(rows, "Random"), "pointing").mean() < 0.3
    found = summary(rows, bench.protocol, model=bench.predictor.identity.to_json(), findings=bench.data.findings)
    beats = {each["label"]: each.get("beats_prior") for each in found["explainers"]}
    assert beats["True"]
    assert not beats["Random"]


def test_the_costlier_measures_are_taken_where_the_protocol_says(done):
    _, _, rows = done
    assert np.isfinite(numbers(_of(rows, "True"), "relevance_gain")).sum() == 2
    assert np.isfinite(numbers(_of(rows, "Random"), "stability")).sum() == 2
    assert not np.isfinite(numbers(_of(rows, "Sparse"), "stability")).any()  # it takes few boxes already
    assert numbers(_of(rows, "True"), "relevance_gain")[:2].min() > 0


def test_claims_are_tried_where_the_protocol_says_and_true_ones_are_confirmed(done):
    bench, _, rows = done
    states = ("confirmed", "false_claims", "fill_dependent")
    true, random = ({name: numbers(_of(rows, label), name) for name in states} for label in ("True", "Random"))
    assert np.isfinite(true["confirmed"]).sum() == np.isfinite(random["confirmed"]).sum() == 4
    assert true["confirmed"][:4].min() >= 0.95
    assert random["false_claims"][:4].mean() > 0.6
    assert sum(random.values())[:4] == pytest.approx(np.ones(4), abs=1e-4)
    found = summary(rows, bench.protocol, model=bench.predictor.identity.to_json(), findings=bench.data.findings)
    by_label = {each["label"]: each["macro"] for each in found["explainers"]}
    value, low, high = by_label["Random"]["false_claims"]
    assert low <= value <= high
    assert "false claims" in report.table(found)


def comparable(rows):
    """Sorted, without times, numbers rounded as far as passes differ by how many threads they use."""
    names = [*TEXTS, *(name for name in FIGURES if name != "seconds")]
    found = [[round(row[name], 5) if isinstance(row[name], float) else row[name] for name in names] for row in rows]
    return sorted(found, key=lambda row: row[:5])


def test_a_run_that_was_cut_goes_on_and_ends_in_the_same_rows(done, tmp_path):
    bench, out, rows = done
    cut = tmp_path / "cut"
    shutil.copytree(out, cut)
    first, *_ = sorted((cut / ROWS).iterdir())
    first.unlink()
    (cut / ROWS / ".part-abc").write_bytes(b"half of a file")
    assert len(stored_rows(bench, cut)) < len(rows)
    assert comparable(run(bench, cut)) == comparable(rows)
    assert not (cut / ROWS / ".part-abc").exists()


def test_rows_of_an_older_version_are_read_and_the_run_goes_on(done, tmp_path):
    bench, out, rows = done
    columns = [*TEXTS, *FIGURES]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows({name: "" if row[name] is None else row[name] for name in columns} for row in rows)
    half = text.getvalue()[: len(text.getvalue()) // 2]  # in the middle of a line
    (tmp_path / OLD_ROWS).write_text(half, newline="")
    shutil.copy(out / "run.json", tmp_path)
    before = stored_rows(bench, tmp_path)
    assert 0 < len(before) == half.count("\n") - 1
    assert comparable(run(bench, tmp_path)) == comparable(rows)
    assert (tmp_path / OLD_ROWS).read_bytes() == half.encode(), "it stays as it is"


def test_a_finished_run_computes_nothing_again(done, monkeypatch):
    bench, out, rows = done
    monkeypatch.setattr("explainers.benchmark.run.figures_of", None)
    assert comparable(run(bench, out)) == comparable(stored_rows(bench, out)) == comparable(rows)
    assert len(stored_rows(replace(bench, limit=1), out)) == 4


def test_rows_of_another_network_are_not_mixed_in(done, tmp_path):
    from cxr.planted_network import SIZE, planted

    bench, out, _ = done
    with pytest.raises(FolderError, match="differs in model"):
        run(replace(bench, predictor=planted(SIZE, scale=2.0)), out)
    with pytest.raises(OptionError, match="no rows"):
        stored_rows(bench, tmp_path)


def test_a_radiograph_that_cannot_be_read_is_a_failure_of_its_rows(bench, discs, tmp_path):
    shutil.copytree(discs, tmp_path / "discs")
    bench = replace(bench, data=read_boxes(tmp_path / "discs", labels=bench.predictor.labels, side=64), limit=2)
    bench.data.picture(bench.data.boxes[0]).write_bytes(b"no picture")
    rows = run(bench, tmp_path / "out")
    failed = [row for row in rows if row["failed"]]
    assert {row["image"] for row in failed} == {bench.data.boxes[0].image}
    assert {row["label"] for row in failed} == {"True", "Random", "Sparse"}, "other patients' boxes ask no picture"


def test_an_explainer_that_fails_leaves_its_reason_and_the_others_go_on(bench, tmp_path):
    from explainers import Explainer, hookimpl
    from explainers.benchmark.protocol import Entry

    class Broken(Explainer):
        """Fails."""

        name, title, unit = "broken", "Broken", "none"

        def explain(self, context, finding):
            raise RuntimeError("It broke.")

    class Plugin:
        @hookimpl
        def cxr_lens_explainers(self):
            return [Broken]

    bench.registry.register(Plugin())
    entries = (Entry("Broken", "broken", {}), *bench.protocol.entries[:1])
    rows = run(replace(bench, protocol=replace(bench.protocol, entries=entries), limit=2), tmp_path)
    failed = [row for row in rows if row["failed"]]
    assert [row["label"] for row in failed] == ["Broken", "Broken"]
    assert "It broke" in failed[0]["failed"]
    assert len(rows) == 4


def test_the_report_stands_alone_and_says_what_the_summary_says(done, tmp_path):
    bench, _out, rows = done
    found = summary(rows, bench.protocol, model=bench.predictor.identity.to_json(), findings=bench.data.findings)
    files = report.write(tmp_path, found, bench)
    assert [file.name for file in files] == ["summary.json", "table.md", "report.html"]
    assert json.loads((tmp_path / "summary.json").read_text()) == found
    page, table = (tmp_path / "report.html").read_text(), (tmp_path / "table.md").read_text()
    for cells in report.table_rows(found):
        assert all(cell in page for cell in cells)
        assert f"| {' | '.join(cells)} |" in table
    assert page.count("data:image/png;base64") == report.EXAMPLES
    assert not re.search(r"(src|href)=.https?:|<script|@import|url\(", page)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version = 1", "version = ", "not TOML"),
        ("seed = 0", "", "lacks 'seed'"),
        ("seed = 0", "seed = 0\nsede = 1", "sede"),
        ('"iou_equal_area"', '"iou"', "'iou' is not a figure"),
        ('name = "grad_cam"', "", "no `name`"),
        ("boxes = 2", "box = 2", "box"),
        ('label = "Random"', 'label = "True"', "one label"),
    ],
)
def test_what_is_wrong_with_a_protocol_is_said(protocol_file, tmp_path, old, new, said):
    file = tmp_path / "protocol.toml"
    file.write_text(protocol_file.read_text().replace(old, new))
    with pytest.raises(OptionError, match=said):
        read_protocol(file)


def test_the_packaged_protocol_is_whole_and_names_explainers_that_are_there():
    from explainers import Registry

    protocol, registry = read_protocol(), Registry.standard()
    for entry in protocol.entries:
        if entry.name != "occupancy":
            (found,) = registry.find([entry.name])
            assert not entry.options.keys() - {option.name for option in found.options()}
    comparisons = (len(protocol.entries) - 1) * len(protocol.headline)
    assert 2 / (protocol.resamples + 1) * comparisons < 0.01  # or nothing could ever be on_progress from the prior
    controls = [name for name, each in registry.explainers.items() if each.control]
    assert {entry.name for entry in protocol.entries} >= {*controls, "occupancy"}
    assert {entry.name for entry in protocol.of(["grad_cam"]).entries} == {"grad_cam", "occupancy"}


def _real(tmp_path, phantom):
    """A data set of one phantom with one box."""
    from PIL import Image

    (tmp_path / "data" / "images").mkdir(parents=True)
    Image.fromarray(phantom.display(256)).save(tmp_path / "data" / "images" / "p.png")
    (tmp_path / "data" / "boxes.csv").write_text("image,finding,x,y,w,h\np.png,Effusion,20,150,80,60\n")
    return tmp_path / "data"


def test_the_command_runs_summarises_and_attaches(tmp_path, phantom, predictor, protocol_file, capsys):
    from cxr import Predictor
    from hub import resolve

    model, out = tmp_path / "net", tmp_path / "out"
    shutil.copytree(resolve("starter").directory, model)
    words = ["benchmark", "--data", str(_real(tmp_path, phantom)), "--box-side", "256", "--out", str(out)]
    # the costlier measures are taken on the planted network, above
    quick = tmp_path / "quick.toml"
    quick.write_text(re.sub(r"(\w+_boxes) = \d", r"\1 = 0", protocol_file.read_text()))
    words += ["--model", str(model), "--protocol", str(quick), "--explainers", "grad_cam", "edges"]
    assert main(words) == 0
    first = capsys.readouterr().out
    assert "| True | 1 |" in first
    assert "| edges | 1 |" in first
    assert "| Prior | 1 |" in first
    assert main([*words, "--summarise", "--attach", "--versus", str(out)]) == 0
    assert "beats starter" in capsys.readouterr().out
    carried = Predictor.load(str(model)).benchmark
    assert [each["label"] for each in carried["explainers"]] == ["edges", "True", "Prior"]
    assert main([*words, "--summarise", "--versus", str(model)]) == 0
    assert "beats starter" in capsys.readouterr().out
    assert rows_to_compare_with(str(model))[1] == rows_to_compare_with(str(out))[1]


def test_a_network_without_rows_is_said(tmp_path):
    with pytest.raises(OptionError, match="carries no rows of a benchmark"):
        rows_to_compare_with("lite0")
    with pytest.raises(SourceError, match="nowhere"):
        rows_to_compare_with(str(tmp_path / "nowhere"))


def test_ctrl_c_says_how_to_go_on(tmp_path, phantom, protocol_file, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("explainers.benchmark.run.figures_of", interrupted)
    words = ["benchmark", "--data", str(_real(tmp_path, phantom)), "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--protocol", str(protocol_file)])
    assert ended.value.code == 130
    assert "--summarise" in capsys.readouterr().err
