"""Arguments that are paths are checked before anything is computed, on every command line of the project."""

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from cxr import __main__ as scoring
from explainers import __main__ as explaining
from hub import __main__ as files
from hub.command_line import existing_file, existing_folder, output_file, output_folder, run
from hub.errors import SourceError

TYPES = (existing_file, existing_folder, output_file, output_folder)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("path", ["~nosuchuser/file", ""])
def test_a_path_that_can_not_be_one_is_refused(kind, path):
    with pytest.raises(argparse.ArgumentTypeError):
        kind(path)


def test_what_is_read_must_be_there_and_of_the_right_kind(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    assert existing_file(str(file)) == file
    assert existing_folder(str(tmp_path)) == tmp_path
    for kind, path, why in (
        (existing_file, tmp_path, "is a folder"),
        (existing_file, tmp_path / "none", "There is no file"),
        (existing_folder, file, "is a file"),
        (existing_folder, tmp_path / "none", "There is no folder"),
    ):
        with pytest.raises(argparse.ArgumentTypeError, match=why):
            kind(str(path))


def test_what_is_written_may_be_new_but_not_below_a_file(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    assert output_folder(str(tmp_path / "a" / "b")) == tmp_path / "a" / "b"
    assert output_file(str(tmp_path / "a" / "b.csv")) == tmp_path / "a" / "b.csv"
    assert output_file(str(file)) == file
    for kind, path in ((output_folder, file), (output_folder, file / "a"), (output_file, file / "a")):
        with pytest.raises(argparse.ArgumentTypeError, match="is a file"):
            kind(str(path))
    with pytest.raises(argparse.ArgumentTypeError, match="is a folder"):
        output_file(str(tmp_path))


def test_a_folder_that_may_not_be_written_into_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr("os.access", lambda path, mode: False)  # as for anyone but root in a folder of root's
    for kind in (output_folder, output_file):
        with pytest.raises(argparse.ArgumentTypeError, match="may not be written into"):
            kind(str(tmp_path / "a" / "b"))


def test_the_users_home_is_expanded(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert output_folder("~/made") == tmp_path / "made"


def commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    (action,) = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    return action.choices


MODULES = (files, scoring, explaining)
COMMANDS = [(module._parser(), name) for module in MODULES for name in commands(module._parser())]


@pytest.mark.parametrize(("parser", "name"), COMMANDS, ids=[name for _, name in COMMANDS])
def test_every_argument_is_explained_and_every_command_has_an_example(parser, name):
    command = commands(parser)[name]
    assert f"{parser.prog} {name}" in (command.epilog or "")
    for action in command._actions:
        words = (action.help or "").split()
        assert len(words) >= 3, action.dest
        if action.option_strings and not action.required and action.dest != "help" and name != "phantom":
            assert "default:" in action.help or "repeatable" in action.help or "for each" in action.help, action.dest


@pytest.mark.parametrize(("parser", "name"), COMMANDS, ids=[name for _, name in COMMANDS])
def test_every_path_of_a_command_has_a_checked_type(parser, name):
    for action in commands(parser)[name]._actions:
        if action.metavar in ("FILE", "DIR", "CSV"):
            assert action.type in TYPES, action.dest


def failing(error: Exception) -> argparse.ArgumentParser:
    def command(given):
        raise error

    parser = argparse.ArgumentParser()
    parser.set_defaults(run=command)
    return parser


def test_a_file_that_can_not_be_written_is_a_sentence_and_a_defect_is_raised(tmp_path, capsys):
    assert run(failing(SourceError("No such thing.")), []) == 1
    with pytest.raises(IsADirectoryError) as found:
        tmp_path.write_text("")
    assert run(failing(found.value), []) == 1
    assert capsys.readouterr().err.splitlines() == [
        "error: No such thing.",
        f"error: {str(tmp_path)!r}: Is a directory.",
    ]
    with pytest.raises(ZeroDivisionError):
        run(failing(ZeroDivisionError()), [])


@pytest.mark.parametrize("module", MODULES)
def test_the_version_is_printed(module, capsys):
    with pytest.raises(SystemExit) as ended:
        module.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("cxr-lens ")


def test_a_command_s_help_needs_no_heavy_library():
    script = "import sys\nfrom cxr.__main__ import _parser\n_parser().format_help()\nprint(*sys.modules)"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert not {"tensorflow", "keras", "onnxruntime"} & set(done.stdout.split())


def test_a_value_that_begins_with_a_minus_sign_belongs_to_its_option():
    parser = argparse.ArgumentParser()
    parser.add_argument("--input")
    parser.add_argument("--shift", type=float, nargs="+")
    seen = []
    parser.set_defaults(run=lambda given: seen.append((given.input, given.shift)) or 0)
    run(parser, ["--input", "-1..1", "--shift", "-2", "3"])
    run(parser, ["--shift", "1", "-2"])
    assert seen == [("-1..1", [-2, 3]), (None, [1, -2])]
