"""Parts that share no patient."""

import numpy as np
import pytest

from cxr.errors import LabelError
from cxr.evaluation.labels import LabelTable
from cxr.evaluation.splits import check_disjoint, folds_by_patient, part_of, split_by_patient, without_patients


def table(patients: str, parts: str = "") -> LabelTable:
    images = tuple(f"{at}.png" for at in range(len(patients)))
    columns = {"part": tuple({"a": "train", "b": "test"}[each] for each in parts)} if parts else {}
    return LabelTable(images, tuple(patients), ("Mass",), np.zeros((len(images), 1), np.float32), columns)


def test_a_part_is_what_its_column_says():
    assert part_of(table("1123", "aabb"), "test").patients == ("2", "3")
    with pytest.raises(LabelError, match=r"no part 'tset'.*test"):
        part_of(table("12", "ab"), "tset")
    with pytest.raises(LabelError, match="no column `part`"):
        part_of(table("12"), "test")


def test_a_patient_in_two_parts_is_named():
    with pytest.raises(LabelError, match=r"1 patients are in 'training' and in 'validation': 2\."):
        check_disjoint({"training": table("12"), "validation": table("23")})
    check_disjoint({"training": table("12"), "validation": table("3")})


def test_a_drawn_split_keeps_patients_whole_and_repeats():
    whole = table("0011223344556677889")
    rest, drawn = split_by_patient(whole, share=0.3, seed=5)
    assert not set(rest.patients) & set(drawn.patients)
    assert len(set(drawn.patients)) == 3
    assert len(rest) + len(drawn) == len(whole)
    assert split_by_patient(whole, share=0.3, seed=5)[1].images == drawn.images
    with pytest.raises(LabelError, match="one patient"):
        split_by_patient(table("111"), share=0.3, seed=0)


def test_folds_keep_patients_whole():
    patients = list("0123456789" * 3)
    folds = folds_by_patient(patients, folds=5, seed=0)
    assert set(folds) == set(range(5))
    assert all(len({fold for fold, each in zip(folds, patients, strict=True) if each == who}) == 1 for who in patients)


def test_patients_can_be_left_out():
    assert without_patients(table("1123"), ["1"]).patients == ("2", "3")
