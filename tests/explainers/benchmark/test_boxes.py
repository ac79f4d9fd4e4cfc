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
    assert boxed == Boxed("00000007_003.png", "00000007", "Infiltration", ((0.5, 0.25, 0.0625, 0.125),))
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
    left, right = ((0.0, 0.0, 1.0, 0.5),), ((0.0, 0.5, 1.0, 0.5),)
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


def test_boxes_of_one_finding_on_one_picture_are_one_target(tmp_path):
    lines = ("a.png,Mass,0,0,512,512", "a.png,Nodule,0,0,9,9", "a.png,Mass,512,512,512,512", "b.png,Mass,0,0,512,512")
    data = read_boxes(_folder(tmp_path, *lines), labels=["Mass", "Nodule"])
    assert sorted((each.image, each.finding, len(each.boxes)) for each in data.boxes) == [
        ("a.png", "Mass", 2),
        ("a.png", "Nodule", 1),
        ("b.png", "Mass", 1),
    ]
    (two,) = [each for each in data.boxes if len(each.boxes) == 2]
    np.testing.assert_array_equal(two.mask(2), [[True, False], [False, True]])
    (other,) = [each for each in data.boxes if each.image == "b.png"]
    np.testing.assert_array_equal(data.occupancy(other, 2), [[1, 0], [0, 1]])  # a's two boxes are one target


def test_ceilings_of_a_crop_are_those_of_its_smaller_cells():
    # the network saw the middle 8 × 8 of 16 × 16; its 2 × 2 cells are 4 × 4 there, and there are none around
    crop = (0.25, 0.25, 0.5, 0.5)
    cell = np.zeros((16, 16), bool)
    cell[4:8, 4:8] = True
    assert ceilings(cell, (2, 2), crop) == (True, 1.0)
    assert ceilings(cell, (2, 2)) == (True, pytest.approx(16 / 64))  # a whole picture's cell holds 64
    outside = np.zeros((16, 16), bool)
    outside[0:4, 0:16] = True
    assert ceilings(outside, (2, 2), crop) == (False, 0.0)
    across = np.zeros((16, 16), bool)
    across[0:8, 4:12] = True  # two cells of 16 in a box of 64
    assert ceilings(across, (2, 2), crop) == (True, pytest.approx(32 / 64))


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


NIH = """\
Image Index,Finding Label,Bbox [x,y,w,h],,,
00013118_008.png,Atelectasis,225.084745762712,547.019216763771,86.7796610169491,79.1864406779661,,,
00014716_007.png,Infiltrate,686.101694915254,131.543498411017,185.491525423729,313.491525423729,,,
"""

VINDR = """\
image_id,rad_id,class_name,x_min,y_min,x_max,y_max
wide,R10,Pleural effusion,50,20,100,40
wide,R9,Aortic enlargement,0,0,10,10
wide,R9,Cardiomegaly,0,0,200,80
none,R9,No finding,,,,
"""


def _published(tmp_path, text):
    import cv2

    (tmp_path / "images" / "train").mkdir(parents=True)
    ramp = np.linspace(0, 255, 200 * 80).reshape(80, 200).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "images" / "train" / "wide.png"), ramp)
    (tmp_path / "boxes.csv").write_text(text)
    return tmp_path


def test_nih_s_table_of_boxes_is_read_as_downloaded(tmp_path):
    data = read_boxes(_published(tmp_path, NIH), labels=["Atelectasis", "Infiltration"])
    boxed = {each.finding: each for each in data.boxes}
    assert set(boxed) == {"Atelectasis", "Infiltration"}
    assert boxed["Atelectasis"].patient == "00013118"
    expected = np.array([547.019216763771, 225.084745762712, 79.1864406779661, 86.7796610169491]) / 1024
    np.testing.assert_allclose(boxed["Atelectasis"].boxes[0], expected)


def test_vindr_s_table_of_boxes_is_read_as_downloaded_in_its_pictures_pixels(tmp_path):
    data = read_boxes(_published(tmp_path, VINDR), labels=["Effusion", "Cardiomegaly"])
    boxed = {each.finding: each for each in data.boxes}
    # of 80 rows and 200 columns
    assert boxed["Effusion"].boxes == ((0.25, 0.25, 0.25, 0.25),)
    assert boxed["Cardiomegaly"].boxes == ((0, 0, 1, 1),)
    assert data.left_out == ("Aortic enlargement",)
    assert data.picture(boxed["Effusion"]) == tmp_path / "images" / "train" / "wide.png"


@pytest.mark.parametrize("ratio", [0.5, 2.0])
def test_boxes_are_shares_of_a_picture_whose_pixels_are_not_square(tmp_path, ratio):
    """They are given in the file's pixels, and lie on the picture as it is resampled to square ones."""
    pytest.importorskip("pydicom", reason="needs the extra dicom")
    from cxr import read_radiograph
    from tests.cxr.reading.dicom_files import content, dataset

    pixels = np.zeros((100, 120), np.uint16)
    pixels[20:60, 30:90] = 4095
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "x.dicom").write_bytes(content(dataset(pixels, PixelSpacing=[str(ratio), "1"])))
    (tmp_path / "boxes.csv").write_text("image_id,class_name,x_min,y_min,x_max,y_max\nx,Mass,30,20,90,60\n")
    (boxed,) = read_boxes(tmp_path, labels=["Mass"]).boxes
    shown = read_radiograph(tmp_path / "images" / "x.dicom").grey
    assert shown.shape != pixels.shape
    top, left, height, width = boxed.boxes[0]
    rows, columns = np.nonzero(shown > 0.5)
    np.testing.assert_allclose([rows.min() / shown.shape[0], columns.min() / shown.shape[1]], [top, left], atol=0.02)
    extent = [(rows.max() + 1 - rows.min()) / shown.shape[0], (columns.max() + 1 - columns.min()) / shown.shape[1]]
    np.testing.assert_allclose(extent, [height, width], atol=0.02)


@pytest.mark.parametrize(("column", "value"), [("x", "zero"), ("y", ""), ("w", "nan"), ("h", "1,5")])
def test_a_box_that_is_no_number_is_told_with_line_and_column(tmp_path, column, value):
    cells = dict(zip("xywh", ["1", "2", "3", "4"], strict=True)) | {column: f'"{value}"'}
    with pytest.raises(OptionError, match=f"line 2, column '{column}'"):
        read_boxes(_folder(tmp_path, f"a.png,Mass,{','.join(cells.values())}"), labels=["Mass"])


@pytest.mark.parametrize(
    "header", ["picture,finding,x,y,w,h", "image,what,x,y,w,h", "image,finding,x,y,w", "image,finding"]
)
def test_a_column_of_boxes_that_is_missing_is_named(tmp_path, header):
    with pytest.raises(OptionError, match=r"boxes\.csv has no column"):
        read_boxes(_folder(tmp_path, "a.png,Mass,0,0,10,10", header=header), labels=["Mass"])


def test_boxes_of_a_networks_own_labels_come_after_nihs(tmp_path):
    folder = _folder(tmp_path, "a.png,Zebra,0,0,512,512,p1", "b.png,Mass,0,0,512,512,p2",
                     header="image,finding,x,y,w,h,patient")  # fmt: skip
    found = read_boxes(folder, labels=("Zebra", "Mass"))
    assert found.findings == ("Mass", "Zebra")
    with pytest.raises(OptionError, match="no finding 'Zebra'"):
        read_boxes(folder, labels=("Mass",))
