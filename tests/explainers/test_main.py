"""python -m explainers, as a user runs it."""

import json
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explainers.__main__ import _parser, main

PLUGINS = Path(__file__).parents[1] / "plugins"
LEFT_HALF = str(PLUGINS / "left_half.py")


@pytest.fixture
def on_tiny(tiny, monkeypatch):
    """The commands load the tiny network, whatever is asked for."""
    from cxr.predictor import Predictor

    monkeypatch.setattr(Predictor, "load", classmethod(lambda cls, source, **_: tiny))


@pytest.fixture
def picture(tmp_path):
    file = tmp_path / "chest.png"
    Image.fromarray(np.random.default_rng(3).integers(0, 255, (96, 64), np.uint8)).save(file)
    return str(file)


def test_list_names_explainers_options_and_what_was_left_out(capsys):
    assert main(["list", "--plugin", LEFT_HALF, "--plugin", str(PLUGINS / "no_import.py")]) == 0
    out = capsys.readouterr().out
    assert "grad_cam  Grad-CAM (logit; built-in)" in out
    assert "--option occlusion.patch=32" in out
    assert "left_half  Left half (mark; left_half.py)" in out
    assert "left out: no_import.py: It can't be imported. ModuleNotFoundError" in out


def test_list_as_json_has_the_schemas(capsys):
    plugins = [word for file in sorted(PLUGINS.glob("*.py")) for word in ("--plugin", str(file))]
    assert main(["list", "--json", *plugins]) == 0
    answer = json.loads(capsys.readouterr().out)
    known = {each["name"]: each for each in answer["explainers"]}
    assert list(known)[:3] == ["grad_cam", "occlusion", "saliency"]
    assert list(known)[-3:] == ["left_half", "not_finite", "raises"]
    assert (known["edges"]["control"], known["edges"]["by_default"]) == (True, False)
    assert known["left_half"]["options"]["side"]["enum"] == ["left", "right"]
    assert [each["plugin"] for each in answer["failures"]] == ["no_import.py", "taken_name.py", "wrong_signature.py"]


def test_layers_are_listed_with_their_sizes(on_tiny, capsys):
    assert main(["layers"]) == 0
    assert [line.split()[:4] for line in capsys.readouterr().out.splitlines()] == [
        ["cells", "2", "×", "2"],
        ["relu", "2", "×", "2"],
    ]


def test_explain_writes_picture_maps_and_record(on_tiny, picture, tmp_path, capsys):
    out = tmp_path / "maps"
    words = ["--finding", "Nodule", "--explainer", "left_half", "--explainer", "saliency", "--seed", "7"]
    options = ["--option", "left_half.strength=2", "--option", "left_half.side=right"]
    assert main(["explain", picture, *words, *options, "--plugin", LEFT_HALF, "--out", str(out)]) == 0
    assert sorted(file.name for file in out.iterdir()) == [
        f"{name}.{ending}" for name in ("left_half", "saliency") for ending in ("json", "npz", "png")
    ]
    with np.load(out / "left_half.npz") as arrays:
        assert set(arrays) == {"map", "input_map", "image_map"}
        assert arrays["map"].tolist() == [[0, 0, 2, 2]] * 4
        assert arrays["input_map"].shape == (32, 32)
        assert arrays["image_map"].shape == (96, 64)
    record = json.loads((out / "left_half.json").read_text())
    assert (record["finding"], record["seed"]) == ("Nodule", 7)
    assert record["options"]["strength"] == 2.0
    assert Image.open(out / "left_half.png").format == "PNG"
    assert "left_half: Nodule" in capsys.readouterr().out


def test_one_failing_explainer_does_not_stop_the_others(on_tiny, picture, tmp_path, capsys):
    plugins = ["--plugin", str(PLUGINS / "raises.py"), "--plugin", LEFT_HALF]
    words = ["--explainer", "raises", "--explainer", "left_half", "--finding", "Effusion"]
    assert main(["explain", picture, *words, *plugins, "--out", str(tmp_path / "maps")]) == 1
    said = capsys.readouterr()
    assert "raises: failed: It raised ValueError" in said.err
    assert (tmp_path / "maps" / "left_half.png").is_file()
    assert not (tmp_path / "maps" / "raises.png").exists()


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_belongs_on_a_terminal_and_nowhere_else(on_tiny, picture, tmp_path, capsys, monkeypatch, terminal):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    words = ["--explainer", "occlusion", "--option", "occlusion.patch=16", "--finding", "Effusion"]
    assert main(["explain", picture, *words, "--out", str(tmp_path / "maps")]) == 0
    said = capsys.readouterr()
    assert ("\r" in said.err, "█" in said.err) == (terminal, terminal)
    assert "█" not in said.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--explainer", "gradcam"], "Did you mean 'grad_cam'?"),
        (["--finding", "Efusion"], "Effusion"),
        (["--option", "left_half.strength=much"], "must be a number from 0.5 to 2, not 'much'"),
        (["--option", "left_half.strength=9"], "must be a number from 0.5 to 2, not 9.0"),
        (["--option", "left_half.power=9"], "no option 'power'"),
        (["--option", "strength=9"], "EXPLAINER.NAME=VALUE"),
        (["--option", "left_half.layer=nowhere"], "no layer 'nowhere'"),
        (["--option", "nobody.layer=relu"], "no explainer 'nobody'"),
        (["--seed", "-1"], "seed must be a whole number from 0, not -1"),
    ],
)
def test_a_wrong_word_ends_with_a_sentence(on_tiny, picture, tmp_path, capsys, words, said):
    assert main(["explain", picture, *words, "--plugin", LEFT_HALF, "--out", str(tmp_path / "maps")]) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "maps").exists()


def test_a_picture_that_is_none_ends_with_a_sentence(on_tiny, tmp_path, capsys):
    assert "There is no file" in refused(["explain", str(tmp_path / "nowhere.png"), "--out", str(tmp_path)], capsys)


def test_a_missing_command_ends_with_the_usage(capsys):
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


@pytest.fixture
def never_loaded(monkeypatch):
    """Commands fail the test if they load a network or read a picture: what is wrong is found before."""
    from cxr.predictor import Predictor

    def load(cls, source):
        raise AssertionError("a network was loaded")

    monkeypatch.setattr(Predictor, "load", classmethod(load))


def refused(words: list[str], capsys) -> str:
    """What the command says of arguments that can't be right: a usage error, before anything is computed."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("out", "sentence"),
    [
        ("{folder}/file", "file' is a file; a folder to write to is expected."),
        ("{folder}/file/below", "file' is a file; a folder to write to is expected."),
        ("~no-such-user/maps", "names a user that does not exist."),
    ],
)
@pytest.mark.parametrize("command", ["explain", "new", "benchmark"])
def test_a_folder_that_can_not_be_written_is_found_before_anything_is_computed(
    never_loaded, picture, tmp_path, capsys, command, out, sentence
):
    (tmp_path / "file").write_text("")
    given = {"explain": [picture], "new": ["mine"], "benchmark": ["--data", str(tmp_path)]}[command]
    assert sentence in refused([command, *given, "--out", out.format(folder=tmp_path)], capsys)


@pytest.mark.parametrize(
    ("protocol", "sentence"),
    [
        ("{folder}/nowhere.toml", "There is no file"),
        ("{folder}", "is a folder; a file is expected."),
        ("~no-such-user/protocol.toml", "names a user that does not exist."),
    ],
)
def test_a_protocol_that_is_no_file_is_found_before_anything_is_computed(
    never_loaded, tmp_path, capsys, protocol, sentence
):
    words = ["benchmark", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    assert sentence in refused([*words, "--protocol", protocol.format(folder=tmp_path)], capsys)


def test_a_protocol_that_is_no_toml_ends_with_a_sentence(never_loaded, tmp_path, capsys):
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    words = ["--out", str(tmp_path / "out"), "--protocol", str(tmp_path / "binary")]
    assert main(["benchmark", "--data", str(tmp_path), *words]) == 1
    assert "The protocol is not TOML" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("images", "sentence"),
    [("{folder}/nowhere", "There is no folder"), ("~no-such-user/images", "names a user that does not exist.")],
)
def test_a_folder_of_pictures_that_is_none_is_found_before_anything_is_computed(
    never_loaded, tmp_path, capsys, images, sentence
):
    assert sentence in refused(["average-maps", str(tmp_path), "--images", images.format(folder=tmp_path)], capsys)


@pytest.mark.parametrize("seconds", ["0", "-1", "nan"])
def test_a_time_limit_that_is_none_is_refused(never_loaded, picture, tmp_path, capsys, seconds):
    assert main(["explain", picture, "--isolate", seconds, "--out", str(tmp_path / "maps")]) == 1
    assert "above 0" in capsys.readouterr().err


def test_a_deprecated_option_is_accepted_with_a_warning_and_not_listed(on_tiny, picture, tmp_path, capsys):
    words = ["--explainer", "saliency", "--option", "saliency.samples=8", "--finding", "Effusion"]
    assert main(["explain", picture, *words, "--out", str(tmp_path / "maps")]) == 0
    assert "warning: The option 'samples' of saliency is deprecated." in capsys.readouterr().err
    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    assert "saliency.samples" not in listed
    assert "smoothgrad.samples" in listed


COMMANDS = ("list", "layers", "explain", "check", "new", "benchmark", "average-maps", "batch", "summary")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_argument_says_what_it_is_and_its_default(command):
    """Of every command: a phrase for each argument, the default of each option that may be left out, an example."""
    (commands,) = (each.choices for each in _parser()._actions if isinstance(each.choices, dict))
    assert set(commands) == set(COMMANDS)
    parser = commands[command]
    assert f"python -m explainers {command}" in parser.epilog
    for action in parser._actions:
        if action.dest != "help":
            assert len(action.help.split()) >= 3, action.dest
            needs_default = action.option_strings and not action.required
            assert ("default: " in action.help) == bool(needs_default), action.dest


@pytest.mark.parametrize("command", ["list", "layers", "new", "explain", "check"])
def test_the_examples_of_the_commands_are_accepted(command, tmp_path, monkeypatch):
    (tmp_path / "chest.png").touch()
    monkeypatch.chdir(tmp_path)
    (commands,) = (each.choices for each in _parser()._actions if isinstance(each.choices, dict))
    example = commands[command].epilog.partition("example:")[2].replace("\\\n", " ")
    words = shlex.split(example)[3:]
    assert _parser().parse_args(words).run
