"""Boxes of a data set: read, sampled, counted against other patients', and against what a grid can reach."""

import numpy as np
import pytest

from explainers.benchmark.boxes import Boxed, BoxedSet, ceilings, read_boxes
from explainers.errors import OptionError


def _folder(tmp_path, *lines, header="image,finding,x,y,w,h"):
    (tmp_path / "images").mkdir()
    (tmp_path / "boxes.csv").write_text("\n".join([header, *lines]) + "\n")
    return tmp_path


def test_a_box_is_a_share_of_the_picture_and_nih_s_spelling_is_known(tmp_path):
    folder = _folder(tmp_path, "00000007_003.png,Infiltrate,256,512,128,64")
    (boxed,) = read_boxes(folder, labels=["Infiltration"]).boxes
    assert boxed == Boxed("00000007_003.png", "00000007", "Infiltration", (0.5, 0.25, 0.0625, 0.125))
    mask = boxed.mask(16)
    assert mask.sum() == 1 * 2
    assert mask[8, 4:6].all()


def test_a_column_names_the_patient_where_the_picture_does_not(tmp_path):
    folder = _folder(tmp_path, "a.png,Mass,0,0,10,10,p1", header="image,finding,x,y,w,h,patient")
    assert read_boxes(folder, labels=["Mass"]).boxes[0].patient == "p1"


@pytest.mark.parametrize(
    ("line", "said"),
    [("a.png,Mass,0,zero,10,10", "line 2"), ("a.png,Broken rib,0,0,10,10", "Broken rib")],
)
def test_what_is_wrong_with_a_row_is_said(tmp_path, line, said):
    with pytest.raises(Exception, match=said):
        read_boxes(_folder(tmp_path, line), labels=["Mass"])


def test_a_folder_without_boxes_and_a_network_without_their_findings_are_refused(tmp_path):
    with pytest.raises(OptionError, match=r"boxes\.csv"):
        read_boxes(tmp_path, labels=["Mass"])
    with pytest.raises(OptionError, match="No box is of a finding"):
        read_boxes(_folder(tmp_path, "a.png,Mass,0,0,10,10"), labels=["Edema"])


def test_the_prior_is_where_boxes_of_other_patients_lie_and_never_one_s_own(tmp_path):
    left, right = (0.0, 0.0, 1.0, 0.5), (0.0, 0.5, 1.0, 0.5)
    boxes = (
        Boxed("a0", "a", "Mass", left),
        Boxed("a1", "a", "Mass", left),
        Boxed("b0", "b", "Mass", right),
        Boxed("c0", "c", "Mass", left),
        Boxed("d0", "d", "Edema", left),
    )
    data = BoxedSet(boxes, tmp_path)
    np.testing.assert_array_equal(data.occupancy(boxes[0], 2), [[0.5, 0.5]] * 2)  # b's and c's
    np.testing.assert_array_equal(data.occupancy(boxes[2], 2), [[1, 0]] * 2)  # both of a's and c's
    assert not data.occupancy(boxes[4], 2).any()  # nobody else has it


def test_ceilings_of_a_grid_by_hand():
    mask = np.zeros((8, 8), bool)
    mask[0:4, 0:6] = True  # of 2 × 2 cells of 4 × 4: one full, one half, area 24
    hit, best = ceilings(mask, (2, 2))
    assert hit
    assert best == pytest.approx(max(16 / 24, 24 / 32))
    small = np.zeros((8, 8), bool)
    small[0, 0] = True  # holds no cell's middle, and a whole cell is 16 times its size
    assert ceilings(small, (2, 2)) == (False, pytest.approx(1 / 16))


def test_no_union_of_cells_beats_the_ceiling():
    rng = np.random.default_rng(0)
    for _ in range(20):
        top, left = rng.integers(0, 10, 2)
        mask = np.zeros((12, 12), bool)
        mask[top : top + rng.integers(2, 9), left : left + rng.integers(2, 9)] = True
        best = 0.0
        for union in range(1, 2**9):
            cells = np.array([union >> bit & 1 for bit in range(9)], bool).reshape(3, 3)
            large = np.kron(cells, np.ones((4, 4), bool))
            best = max(best, (large & mask).sum() / (large | mask).sum())
        assert ceilings(mask, (3, 3))[1] == pytest.approx(best)


def test_grids_that_do_not_divide_the_picture_allow_no_more_than_all():
    mask = np.zeros((256, 256), bool)
    mask[17:90, 33:35] = True
    assert ceilings(mask, (7, 7))[1] < 0.1
    assert 0.4 < ceilings(mask, (224, 224))[1] <= 1
    assert ceilings(mask, (512, 320)) == (True, 1.0)
