"""What Keras is fed."""

import numpy as np
import pytest

from cxr.evaluation.labels import LabelTable
from cxr.training.augmentation import Augmentation
from cxr.training.batches import OrderedBatches, TrainingBatches
from cxr.training.pictures import Pictures


@pytest.fixture
def pictures() -> Pictures:
    rng = np.random.default_rng(0)
    table = LabelTable(
        tuple(map(str, range(10))), tuple(map(str, range(10))), ("Mass",), np.arange(10, dtype=np.float32)[:, None], {}
    )
    return Pictures(rng.integers(0, 65535, (10, 32, 32), np.uint16), table, {})


def batches(pictures: Pictures, **settings) -> TrainingBatches:
    return TrainingBatches(pictures, size=32, batch=4, augmentation=Augmentation(), **settings)


def test_each_picture_comes_at_most_once_an_epoch_in_an_order_of_its_own(pictures):
    made = batches(pictures)
    assert len(made) == 2  # 10 pictures, 4 a batch: two are left for another epoch
    first = np.concatenate([made[at][1] for at in range(2)])[:, 0].tolist()
    made.on_epoch_end()
    second = np.concatenate([made[at][1] for at in range(2)])[:, 0].tolist()
    assert len(set(first)) == 8
    assert first != second


def test_pictures_are_standardised_in_three_equal_channels(pictures):
    images, labels = batches(pictures)[0]
    assert images.shape == (4, 32, 32, 3)
    assert labels.shape == (4, 1)
    assert (images[..., 0] == images[..., 2]).all()
    assert images.mean(axis=(1, 2, 3)) == pytest.approx(np.zeros(4), abs=1e-5)
    assert images.std(axis=(1, 2, 3)) == pytest.approx(np.ones(4), abs=1e-4)


def test_a_resumed_epoch_draws_what_it_would_have_drawn(pictures):
    going_on = batches(pictures, seed=7)
    going_on.on_epoch_end()
    resumed = batches(pictures, seed=7, epoch=1)
    assert (going_on[1][0] == resumed[1][0]).all()
    assert (going_on[1][1] == resumed[1][1]).all()


def test_mixed_labels_are_mixed_as_their_pictures_are(pictures):
    made = TrainingBatches(
        pictures, size=32, batch=4, augmentation=Augmentation(0, 0, 0, 0, 0, 0, 0), mixup=0.4, seed=1
    )
    plain = TrainingBatches(pictures, size=32, batch=4, augmentation=Augmentation(0, 0, 0, 0, 0, 0, 0), seed=1)
    (mixed, labels), (alone, of_alone) = made[0], plain[0]
    for picture, label in zip(mixed, labels[:, 0], strict=True):
        shares = np.linalg.lstsq(alone.reshape(4, -1).T, picture.ravel(), rcond=None)[0]
        assert shares.sum() == pytest.approx(1, abs=1e-3)
        assert shares @ of_alone[:, 0] == pytest.approx(label, abs=1e-2)


def test_ordered_batches_have_one_shape_and_lose_nothing(pictures):
    made = OrderedBatches(pictures, size=48, batch=4)
    assert len(made) == 3
    assert all(made[at][0].shape == (4, 48, 48, 3) for at in range(3))
    last = made[2][0]
    assert (last[1] == last[3]).all()  # the last picture, repeated
