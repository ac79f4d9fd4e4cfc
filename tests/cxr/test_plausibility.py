"""Whether a picture is called a frontal chest radiograph."""

import csv
from collections import defaultdict

import numpy as np
import pytest

from cxr.errors import RadiographError
from cxr.input_check import input_statistics
from cxr.phantom import phantom
from cxr.plausibility import fit, load, packaged
from cxr.reading.radiograph import read_radiograph


def warned(grey: np.ndarray) -> bool:
    """Whether the input check has anything to say of a picture."""
    array = (grey - grey.mean()) / grey.std()
    return not input_statistics(array[..., None], grey, (0.0, 0.0, *map(float, grey.shape))).ok


@pytest.fixture(scope="module")
def chests() -> list[np.ndarray]:
    return [
        phantom(seed=at, size=256, effusion=at % 2 == 0, cardiomegaly=at % 3 == 0).radiograph.grey for at in range(4)
    ]


def test_synthetic_chests_pass_whatever_their_exposure(chests):
    for chest in chests:
        assert not warned(chest)
        assert packaged().distance(0.2 + 0.6 * chest**1.3) < 1


def test_what_is_no_upright_chest_does_not(chests):
    rng = np.random.default_rng(0)
    for chest in chests:
        assert warned(np.rot90(chest))
        assert warned(chest[::-1].copy())
        assert warned(1 - chest)
    assert warned(rng.random((256, 256)).astype(np.float32))
    assert warned(np.linspace(0, 1, 256 * 256, dtype=np.float32).reshape(256, 256))


def test_a_distance_is_of_the_picture_not_of_its_size(chests):
    large = np.kron(chests[0], np.ones((3, 3), np.float32))
    assert packaged().distance(large) == pytest.approx(packaged().distance(chests[0]), rel=1e-3)


def test_a_family_is_learnt_and_kept(tmp_path):
    rng = np.random.default_rng(0)
    rows, columns = np.indices((64, 64)) / 64

    def ring(radius: float) -> np.ndarray:
        wave = np.exp(-(((np.hypot(rows - 0.5, columns - 0.5) - radius) / 0.1) ** 2))
        return (wave + 0.05 * rng.random((64, 64))).astype(np.float32)

    rings = [ring(rng.uniform(0.2, 0.3)) for _ in range(160)]
    learnt = fit(rings[:120], rings[120:])
    learnt.save(tmp_path / "rings.npz")
    kept = load(tmp_path / "rings.npz")
    assert kept.distance(ring(0.25)) < 1.5
    assert kept.distance(np.tile(np.linspace(0, 1, 64, dtype=np.float32), (64, 1))) > 3
    assert kept.distance(rings[0]) == pytest.approx(learnt.distance(rings[0]), rel=1e-3)


def test_few_radiographs_of_test_patients_are_warned_of(shared):
    with (shared / "nih" / "entries.csv").open() as stream:
        names = [row["image"] for row in csv.DictReader(stream) if row["part"] == "test"][::8]
    greys = [read_radiograph(shared / "nih" / "images" / name).grey for name in names]
    assert np.mean([warned(grey) for grey in greys]) <= 0.03
    for changed in (np.rot90, lambda grey: grey[::-1, ::-1].copy(), lambda grey: 1 - grey):
        assert np.mean([warned(changed(grey)) for grey in greys]) >= 0.95


def test_almost_everything_else_is_warned_of(shared):
    kinds = defaultdict(list)
    with (shared / "nih" / "other" / "SOURCES.csv").open() as stream:
        for row in csv.DictReader(stream):
            file = shared / "nih" / "other" / row["image"]
            try:
                grey = read_radiograph(file).grey
            except RadiographError:  # some are of less than 64 pixels: refused, which is more than a warning
                continue
            kinds[row["category"]].append(warned(grey))
    shares = {kind: np.mean(found) for kind, found in kinds.items() if len(found) >= 20}
    assert len(shares) == 5
    assert min(shares.values()) >= 0.95, shares
