"""A table of logits is read by names, and what is wrong with it is named."""

import dataclasses
import json

import numpy as np
import pytest

from cxr.errors import LabelError
from cxr.evaluation.labels import LabelTable
from cxr.training.augmentation import Augmentation
from cxr.training.soft_labels import SoftLabels, averaged, read_soft_labels, write_soft_labels

IMAGES, FINDINGS = ("a.png", "b.png", "c.png"), ("Mass", "Pleural_Thickening")
PLAIN = SoftLabels(IMAGES, FINDINGS, np.arange(6, dtype=np.float32).reshape(3, 1, 2))
VIEWS = SoftLabels(
    IMAGES, FINDINGS, np.arange(12, dtype=np.float32).reshape(3, 2, 2), (7, 9), Augmentation(shift=0.1), 128
)


def table(images=IMAGES, findings=FINDINGS) -> LabelTable:
    return LabelTable(images, images, findings, np.zeros((len(images), len(findings)), np.float32), {})


@pytest.fixture(params=["plain", "views"])
def labels(request) -> SoftLabels:
    return {"plain": PLAIN, "views": VIEWS}[request.param]


def same(one: SoftLabels, other: SoftLabels) -> bool:
    fields = [field.name for field in dataclasses.fields(one) if field.name != "logits"]
    return (one.logits == other.logits).all() and all(getattr(one, name) == getattr(other, name) for name in fields)


def test_what_is_written_is_read_back(labels, tmp_path):
    write_soft_labels(tmp_path / "soft.npz", labels)
    assert same(read_soft_labels(tmp_path / "soft.npz"), labels)


def test_a_parquet_table_is_the_same_table(labels, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = [(image, seed) for image in reversed(IMAGES) for seed in (labels.views or (None,))]
    logits = {(image, seed): labels.logits[IMAGES.index(image), (labels.views or (None,)).index(seed)]
              for image, seed in rows}  # fmt: skip
    columns = {"image": [image for image, _ in rows]} | ({"view": [seed for _, seed in rows]} if labels.views else {})
    columns |= {name: [float(logits[row][at]) for row in rows] for at, name in enumerate(FINDINGS)}
    made = pyarrow.table(columns)
    if labels.views:
        augmentation = json.dumps(dataclasses.asdict(labels.augmentation))
        made = made.replace_schema_metadata({"augmentation": augmentation, "detail": str(labels.detail)})
    parquet.write_table(made, tmp_path / "soft.parquet")
    read = read_soft_labels(tmp_path / "soft.parquet")
    assert same(read.aligned(table()), labels)


def test_rows_and_findings_go_by_name(labels):
    turned = labels.aligned(table(("c.png", "a.png"), FINDINGS[::-1]))
    assert (turned.logits == labels.logits[[2, 0]][:, :, ::-1]).all()
    assert turned.findings == FINDINGS[::-1]


def test_a_picture_that_is_missing_is_named_and_so_is_how_names_look(labels):
    with pytest.raises(LabelError, match=r"lack 1 of 2 pictures, such as 'b\.jpg'") as raised:
        labels.aligned(table(("a.png", "b.jpg")))
    assert "as 'a.png'" in str(raised.value.hint)


@pytest.mark.parametrize("alias", ["Pleural thickening", "pleural_thickening", "Hernia"])
def test_a_finding_that_is_missing_or_spelled_otherwise_is_named(labels, alias):
    other = dataclasses.replace(labels, findings=("Mass", alias))
    with pytest.raises(LabelError, match="no logits of Pleural_Thickening") as raised:
        other.aligned(table())
    assert alias in str(raised.value.hint)


def test_of_several_tables_the_mean_is_taken(labels):
    other = dataclasses.replace(labels, logits=labels.logits + 4)
    assert (averaged([labels, other]).logits == labels.logits + 2).all()
    assert same(averaged([labels]), labels)
    with pytest.raises(LabelError, match="of different views"):
        averaged([PLAIN, VIEWS])
    with pytest.raises(LabelError, match="of different views"):
        averaged([VIEWS, dataclasses.replace(VIEWS, views=(7, 8))])


def test_views_of_another_augmentation_are_refused():
    VIEWS.check_views(Augmentation(shift=0.1), 128)
    PLAIN.check_views(Augmentation(), 64)
    with pytest.raises(LabelError, match=r"other views: shift 0\.1 \(recipe: 0\.06\), detail 128 \(recipe: 64\)"):
        VIEWS.check_views(Augmentation(), 64)


def test_folds_go_with_their_pictures(tmp_path):
    write_soft_labels(tmp_path / "soft.npz", dataclasses.replace(PLAIN, folds=(3, 1, 2)))
    assert read_soft_labels(tmp_path / "soft.npz").aligned(table(("c.png", "a.png"))).folds == (2, 3)


WRONG = {
    "has 2 folds for 1 pictures": {"images": ["a"], "findings": ["Mass"], "logits": [[1.0]], "folds": [1, 2]},
    "lacks findings": {"images": ["a"], "logits": [[1.0]]},
    "have the shape": {"images": ["a"], "findings": ["Mass"], "logits": [[1.0, 2.0]]},
    "same image twice": {"images": ["a", "a"], "findings": ["Mass"], "logits": [[1.0], [2.0]]},
    "same finding twice": {"images": ["a"], "findings": ["Mass", "Mass"], "logits": [[1.0, 2.0]]},
    "not finite, first at 'b'": {"images": ["a", "b"], "findings": ["Mass"], "logits": [[1.0], [np.nan]]},
    "does not say how its views": {"images": ["a"], "findings": ["Mass"], "logits": [[[1.0]]], "views": [3]},
}


@pytest.mark.parametrize("said", WRONG)
def test_what_is_no_table_of_logits_is_refused(said, tmp_path):
    np.savez(tmp_path / "soft.npz", **WRONG[said])
    with pytest.raises(LabelError, match=said):
        read_soft_labels(tmp_path / "soft.npz")


def test_a_file_that_is_not_there_or_of_another_kind_is_refused(tmp_path):
    with pytest.raises(LabelError, match="no table of soft labels"):
        read_soft_labels(tmp_path / "soft.npz")
    (tmp_path / "soft.csv").write_text("image,Mass\n")
    with pytest.raises(LabelError, match="is not a table of soft labels") as raised:
        read_soft_labels(tmp_path / "soft.csv")
    assert ".npz, .parquet" in str(raised.value.hint)
    (tmp_path / "soft.npz").write_bytes(b"PK no archive")
    with pytest.raises(LabelError, match="can't be read"):
        read_soft_labels(tmp_path / "soft.npz")
