"""`config.json`: each field that can't be what it must be is named."""

import json

import pytest

from hub.config import check_config, label_name, read_config
from hub.errors import CheckpointError

GOOD = {
    "format": 1,
    "architecture": "densenet121",
    "labels": ["Effusion", {"name": "Lung Lesion", "ignored": True}, ""],
    "input": {"rule": "samplewise"},
    "weights": {"file": "model.safetensors"},
}


def test_a_good_one_comes_back_with_the_fields_that_nobody_knows():
    raw = GOOD | {"written_by": "somebody"}
    assert check_config(dict(raw)) == raw


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", 2),
        ("format", "1"),
        ("architecture", "resnet50"),
        ("pooling", "max"),
        ("final_relu", "yes"),
        ("head", 512),
        ("head", [0]),
        ("head", [10**9]),
        ("head", [1.5]),
        ("head", [True]),
        ("head", [8] * 9),
        ("labels", None),
        ("labels", []),
        ("labels", "Effusion"),
        ("labels", ["Effusion", 7]),
        ("labels", ["Effusion", "Effusion"]),
        ("labels", ["", ""]),
        ("labels", ["x"] * 1001),
        ("weights", None),
        ("input", None),
        ("input", {"size": 224}),
        ("thresholds", [0.5]),
        ("calibration", "none"),
        ("metrics", 1),
    ],
)
def test_a_field_that_can_not_be_is_named(field, value):
    with pytest.raises(CheckpointError, match=f"config.json: {field!r} must be"):
        check_config(GOOD | {field: value})


@pytest.mark.parametrize("name", [None, 3, "", ".", "..", "../a", "/a", "b/a", "a/"])
def test_weights_are_a_file_in_the_same_folder(name):
    with pytest.raises(CheckpointError, match=r"'weights\.file'"):
        check_config(GOOD | {"weights": {"file": name}})


@pytest.mark.parametrize(
    ("field", "value"),
    [("layout", 3), ("prefix", ["net."]), ("epsilon", "small"), ("epsilon", 0.0), ("epsilon", float("nan"))],
)
def test_what_is_said_of_the_weights_is_checked(field, value):
    with pytest.raises(CheckpointError, match=f"'weights.{field}'"):
        check_config(GOOD | {"weights": {"file": "a", field: value}})


@pytest.mark.parametrize("digest", ["abc", 7, "0" * 63])
def test_a_digest_has_64_digits(digest):
    with pytest.raises(CheckpointError, match=r"'weights\.sha256'"):
        check_config(GOOD | {"weights": {"file": "a", "sha256": digest}})


def test_an_absurd_value_is_cut_in_the_sentence():
    with pytest.raises(CheckpointError) as caught:
        check_config(GOOD | {"head": ["x" * 10_000]})
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[1]", b'"text"', b"[" * 100_000])
def test_a_file_that_is_no_object_is_refused(tmp_path, content):
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"config\.json"):
        read_config(tmp_path)


def test_a_file_of_many_megabytes_is_not_read(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(GOOD | {"padding": "x" * (5 << 20)}))
    with pytest.raises(CheckpointError, match="at most"):
        read_config(tmp_path)


def test_labels_say_which_outputs_are_ignored():
    assert [label_name(label) for label in GOOD["labels"]] == ["Effusion", "", ""]
