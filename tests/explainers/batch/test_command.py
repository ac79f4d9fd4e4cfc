"""The commands `batch` and `summary`."""

import json
from pathlib import Path

import pytest

from explainers import results
from explainers.__main__ import main


@pytest.fixture(autouse=True)
def small_network(monkeypatch, tiny) -> None:
    """Every source is the tiny network."""
    from cxr import Predictor

    monkeypatch.setattr(Predictor, "load", lambda source, **_: tiny)


@pytest.fixture
def line(dataset, tmp_path) -> list[str]:
    return [
        *("batch", "--images", str(dataset / "images"), "--labels", str(dataset / "labels.csv")),
        *("--explainers", "grad_cam,random_map", "--findings", "top:1", "--batch", "5", "--out", str(tmp_path / "out")),
    ]


def test_one_command_fills_a_folder_and_a_second_one_sums_it_up(line, tmp_path, capsys):
    assert main(line) == 0
    printed = capsys.readouterr()
    assert "12 radiographs: 12 scored, 0 unreadable; tables in" in printed.out
    assert "images" in printed.err, "a line of progress"
    assert main(["summary", str(tmp_path / "out")]) == 0
    assert "<h1>Summary" in (tmp_path / "out" / "summary.html").read_text()
    assert main(line) == 0
    assert results.open(str(tmp_path / "out")).maps.num_rows == 24


def test_the_stored_command_has_no_folders(line, tmp_path, dataset):
    assert main(line) == 0
    command = json.loads((tmp_path / "out" / "run.json").read_text())["command"]
    assert command.startswith("python -m explainers batch --images images --labels labels.csv")
    assert "--findings top:1" in command
    assert "/" not in command


def test_a_broken_file_gives_status_1_and_the_rest_is_done(line, images, tmp_path, capsys):
    (images / "00000001_000.png").write_bytes(b"no picture")
    line[line.index("--images") + 1] = str(images)
    assert main(line) == 1
    printed = capsys.readouterr()
    assert "12 radiographs: 11 scored, 1 unreadable" in printed.out
    assert "failed: 00000001_000.png: " in printed.err
    assert main(line) == 1, "it is still so"
    assert results.open(str(tmp_path / "out")).scores.num_rows == 23


def test_a_dry_run_says_what_it_would_cost_and_writes_nothing(line, tmp_path, capsys):
    assert main([*line, "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert "12 radiographs are left. From computing 4 of them here:" in printed
    assert "maps    24" in printed
    # one pass that scores; Grad-CAM's way back
    assert "passes  24 (2.0 a radiograph)" in printed
    assert all(word in printed for word in ("hours", "bytes"))
    assert not (tmp_path / "out").exists()
    main(line)
    capsys.readouterr()
    assert main([*line, "--dry-run"]) == 0
    assert "0 radiographs are left" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("added", "said"),
    [
        (["--batch", "0"], "--batch"),
        (["--seed", "-1"], "--seed"),
        (["--findings", "Efusion"], "Did you mean 'Effusion'"),
        (["--findings", "top:99"], "top:N"),
        (["--explainers", "grad_cm"], "grad_cam"),
        (["--measures", "stabilty"], "stability"),
        (["--option", "grad_cam.layer=none"], "none"),
        (["--images", "nowhere"], "nowhere"),
    ],
)
def test_what_is_wrong_ends_in_a_sentence_before_anything_is_written(line, tmp_path, capsys, added, said):
    assert main([*line, *added]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.startswith("error: ")
    assert not (tmp_path / "out").exists()


def test_labels_that_name_other_pictures_are_refused(line, tmp_path, capsys):
    (tmp_path / "other.csv").write_text("image,patient,Effusion\nx.png,1,0\ny.png,2,1\n")
    assert main([*line, "--labels", str(tmp_path / "other.csv")]) == 1
    assert "name none of these radiographs" in capsys.readouterr().err


def test_measures_need_maps_and_labelled_needs_labels(dataset, tmp_path, capsys):
    short = ["batch", "--images", str(dataset / "images"), "--out", str(tmp_path / "out")]
    assert main([*short, "--measures", "stability"]) == 1
    assert "--explainers" in capsys.readouterr().err
    assert main([*short, "--explainers", "grad_cam", "--findings", "labelled"]) == 1
    assert "--labels" in capsys.readouterr().err


def test_a_summary_of_no_results_is_refused(tmp_path, capsys):
    assert main(["summary", str(tmp_path)]) == 1
    assert "no results" in capsys.readouterr().err
    assert main(["summary", "memory://nothing/here"]) == 1
    assert "--out" in capsys.readouterr().err


def test_without_pyarrow_the_command_says_what_to_install(line, capsys, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert main(line) == 1
    assert "cxr-lens[batch]" in capsys.readouterr().err


def test_ctrl_c_ends_with_its_status_and_the_same_command_goes_on(line, tmp_path, capsys, monkeypatch):
    from explainers.batch import worker

    write, written = worker.write_part, []

    def interrupted(*arguments):
        if written:
            raise KeyboardInterrupt
        written.append(1)
        return write(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(worker, "write_part", interrupted)
        assert main(line) == 130
    assert "the same command continues" in capsys.readouterr().err
    assert len(list((Path(tmp_path) / "out" / "scores").iterdir())) == 1
    assert main(line) == 0
    assert results.open(str(tmp_path / "out")).scores.num_rows == 24


def test_tables_may_name_a_network_s_own_findings(dataset, tmp_path, monkeypatch):
    """A network whose findings are not NIH's: its labels and boxes are found under its own names."""
    monkeypatch.undo()  # each source is itself
    names = [f"{number:08d}_000.png" for number in (1, 2, 3)]
    assert all((dataset / "images" / name).is_file() for name in names)
    (tmp_path / "labels.csv").write_text("Image Index,Patient ID,Left,Right\n" + "".join(
        f"{name},{number},{number % 2},1\n" for number, name in enumerate(names, 1)))  # fmt: skip
    (tmp_path / "boxes.csv").write_text(f"image,finding,x,y,w,h\n{names[0]},Left,0,0,16,16\n")
    plugin = Path(__file__).parents[2] / "plugins" / "networks" / "small_networks.py"
    command = [
        *("batch", "--images", str(dataset / "images"), "--model", f"{plugin}:scorer", "--out", str(tmp_path / "out")),
        *("--labels", str(tmp_path / "labels.csv"), "--boxes", str(tmp_path / "boxes.csv"), "--box-side", "64"),
        *("--explainers", "random_map", "--measures", "localisation", "--findings", "labelled"),
    ]
    assert main(command) == 0
    opened = results.open(str(tmp_path / "out"))
    explained = {(row["image"], row["finding"]) for row in opened.maps.to_pylist()}
    assert explained == {(name, "Right") for name in names} | {(names[0], "Left"), (names[2], "Left")}
    placed = [row for row in opened.measures.to_pylist() if row["value"] is not None]
    assert {(row["image"], row["finding"]) for row in placed} == {(names[0], "Left")}
