import numpy as np
import pytest
from PIL import Image

from cxr import prepare, read_radiograph
from cxr.preparation import RULES, InputRule
from cxr.xrv_resize import gaussian_then_linear
from hub.errors import CheckpointError

MEDMAE = {"rule": "imagenet", "filter": "bicubic", "mean": [0.5056] * 3, "std": [0.252] * 3}
KIT = {
    "original": {"rule": "original"},
    "imagenet": {"rule": "imagenet"},
    "medmae": MEDMAE,
    "resize_imagenet": {"rule": "resize_imagenet"},
    "xrv": {"rule": "xrv"},
}


def picture(height=300, width=300, seed=0):
    return read_radiograph(np.random.default_rng(seed).random((height, width), dtype=np.float32))


@pytest.fixture(scope="module")
def kit(shared):
    with np.load(shared / "checkpoints" / "prepared.npz") as arrays:
        return dict(arrays)


@pytest.mark.parametrize("name", KIT)
def test_the_reference_values_are_met(shared, kit, name):
    for row, file in enumerate(kit["images"]):
        array = prepare(read_radiograph(shared / "checkpoints" / "images" / str(file)), KIT[name]).array
        png, jpeg = (0.05, 8) if name == "xrv" else (1e-5, 0.02)
        np.testing.assert_allclose(array - kit[name][row], 0, atol=png if str(file).endswith("png") else jpeg)


@pytest.mark.parametrize("rule", RULES)
def test_the_input_has_its_shape_for_any_picture_and_size(rule):
    channels = 1 if rule == "xrv" else 3
    for size in (32, 224, 320):
        for height, width in ((64, 64), (100, 301), (500, 400)):
            prepared = prepare(picture(height, width), {"rule": rule, "size": size})
            assert prepared.array.shape == prepared.rule.input_shape == (size, size, channels)
            assert prepared.array.dtype == np.float32
            assert np.isfinite(prepared.array).all()


@pytest.mark.parametrize("rule", RULES)
def test_the_array_is_read_only(rule):
    with pytest.raises(ValueError, match="read-only"):
        prepare(picture(), {"rule": rule}).array[0, 0] = 0


@pytest.mark.parametrize("rule", ["original", "samplewise"])
def test_a_rule_that_standardises_each_picture_ends_at_0_and_1(rule):
    for scale in (1.0, 0.3):
        array = prepare(read_radiograph(0.1 + scale * picture().grey * 0.8), {"rule": rule}).array
        assert array.mean() == pytest.approx(0, abs=1e-5)
        assert array.std() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("rule", ["original", "samplewise", "xrv"])
def test_grey_channels_are_equal(rule):
    array = prepare(picture(), {"rule": rule}).array
    for channel in range(1, array.shape[2]):
        np.testing.assert_array_equal(array[..., channel], array[..., 0])


def test_imagenet_statistics_differ_by_channel():
    # a flat half: (0.5020 - mean) / std, with 128 / 255 = 0.50196
    pixels = np.full((256, 256), 128, np.uint8)
    pixels[:, :5] = 0
    array = prepare(read_radiograph(pixels), {"rule": "imagenet"}).array
    np.testing.assert_allclose(array[100, 100], [0.07408, 0.20518, 0.42648], atol=1e-4)


def test_given_statistics_are_used():
    pixels = np.full((256, 256), 128, np.uint8)
    pixels[:, :5] = 0
    array = prepare(read_radiograph(pixels), MEDMAE).array
    # (0.50196 - 0.5056) / 0.252
    np.testing.assert_allclose(array[100, 100], [-0.01444] * 3, atol=1e-4)


def test_the_filter_changes_the_input():
    arrays = [prepare(picture(), {"rule": "imagenet", "filter": name}).array for name in ("bilinear", "bicubic")]
    assert np.abs(arrays[0] - arrays[1]).max() > 0.1


def test_resize_changes_what_the_crop_shows():
    frames = [prepare(picture(), {"rule": "imagenet", "resize": resize}).frame for resize in (224, 256, 448)]
    # 224 of 224, 256 and 448 pixels of a side of 300
    assert [frame.crop[2] for frame in frames] == [300, 262.5, 150]


def test_the_crop_of_imagenet():
    # shorter side 400 becomes 256, the longer int(256 * 500 / 400) = 320; offsets (256 - 224) / 2 = 16, 48
    frame = prepare(picture(400, 500), {"rule": "imagenet"}).frame
    scale = 400 / 256
    np.testing.assert_allclose(frame.crop, (16 * scale, 48 * scale, 224 * scale, 224 * scale))
    assert frame.image_size == (400, 500)
    assert frame.input_size == (224, 224)


def test_the_crop_of_xrv():
    # square of 301 in 400: offset 400 // 2 - 301 // 2 = 200 - 150 = 50
    assert prepare(picture(301, 400), {"rule": "xrv"}).frame.crop == (0, 50, 301, 301)
    assert prepare(picture(400, 301), {"rule": "xrv"}).frame.crop == (50, 0, 301, 301)


@pytest.mark.parametrize("rule", ["original", "resize_imagenet", "samplewise"])
def test_the_other_rules_show_the_whole_picture(rule):
    assert prepare(picture(100, 301), {"rule": rule}).frame.crop == (0, 0, 100, 301)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("corner", [(0.25, 0.3), (0.25, 0.7), (0.75, 0.3), (0.75, 0.7)])
@pytest.mark.parametrize("size", [(400, 400), (300, 420), (420, 300)])
def test_the_frame_says_where_a_spot_went(rule, corner, size):
    height, width = size
    y, x = round(corner[0] * height), round(corner[1] * width)
    pixels = np.zeros(size, np.uint8)
    pixels[y - 10 : y + 10, x - 10 : x + 10] = 255
    prepared = prepare(read_radiograph(pixels), {"rule": rule})
    channel = prepared.array[..., 0]
    bright = np.argwhere(channel > (channel.min() + channel.max()) / 2) + 0.5
    np.testing.assert_allclose(bright.mean(axis=0), prepared.frame.point_to_input(y, x), atol=0.6)


def test_xrv_runs_from_minus_to_plus_1024():
    pixels = np.zeros((224, 224), np.uint8)
    pixels[:, 112:] = 255
    array = prepare(read_radiograph(pixels), {"rule": "xrv"}).array
    assert (array[:, :112] == -1024).all()
    assert (array[:, 112:] == 1024).all()


def test_xrv_takes_the_first_channel_of_a_colour_picture():
    pixels = np.zeros((224, 224, 3), np.uint8)
    pixels[:112, :, 0] = 255
    pixels[:, :112, 1] = 255
    array = prepare(read_radiograph(pixels), {"rule": "xrv"}).array
    assert (array[:112] == 1024).all()
    assert (array[112:] == -1024).all()


def test_xrv_shrinks_through_a_gaussian():
    # 4 to 2: σ = (2 - 1) / 2, kernel exp(-2 x²) for x = -2..2 / 1.27134 = .000264 .106450 .786571 .106450 .000264;
    # output 0 lies at 0.5 between the rows 0 and 1: (k0 + k1) / 2, the same, (k2 + k1) / 2, k2 / 2
    weights = gaussian_then_linear(4, 2)
    np.testing.assert_allclose(weights[0], [0.446511, 0.446511, 0.053357, 0.000132], atol=1e-6)
    np.testing.assert_allclose(weights[1], weights[0][::-1], atol=1e-6)


def test_xrv_enlarges_linearly_against_zero():
    # 2 to 4: centres at -0.25, 0.25, 0.75, 1.25; beyond the border there is zero
    expected = [[0.75, 0], [0.75, 0.25], [0.25, 0.75], [0, 0.75]]
    np.testing.assert_allclose(gaussian_then_linear(2, 4), expected, atol=1e-6)


def test_xrv_is_what_scikit_image_does():
    transform = pytest.importorskip("skimage.transform", reason="scikit-image only serves to check")
    for side, size in ((128, 224), (300, 224), (1000, 320)):
        grey = picture(side, side).grey
        values = (2 * grey - 1) * np.float32(1024)
        expected = transform.resize(values[None], (1, size, size), mode="constant", preserve_range=True)[0]
        np.testing.assert_allclose(
            prepare(read_radiograph(grey), {"rule": "xrv", "size": size}).array[..., 0], expected, atol=0.01
        )


def test_detail_is_averaged_away():
    # columns 0, 1, 0, 1: at 64 each pixel is the mean of one 0 and one 1; only the brighter lower half is left
    pixels = np.tile(np.array([0.0, 0.5], np.float32), (128, 64))
    pixels[64:] += 0.5
    fine = prepare(read_radiograph(pixels), {"rule": "samplewise", "size": 128}).array
    coarse = prepare(read_radiograph(pixels), {"rule": "samplewise", "size": 128, "detail": 64}).array
    assert fine[30, :, 0].std() > 0.5
    assert coarse[30, :, 0].std() < 1e-5
    assert coarse[100, 5, 0] > coarse[30, 5, 0]


def test_a_picture_smaller_than_the_detail_is_not_enlarged_to_it():
    small = picture(64, 100)
    with_detail, without = (prepare(small, {"rule": "samplewise", **more}).array for more in ({"detail": 128}, {}))
    np.testing.assert_array_equal(with_detail, without)


def test_samplewise_keeps_the_full_depth():
    # a ramp within one step of eight bits
    pixels = (0.5 + np.linspace(0, 1 / 300, 224 * 224).reshape(224, 224)).astype(np.float32)
    assert len(np.unique(prepare(read_radiograph(pixels), {"rule": "samplewise"}).array)) > 10_000


def test_original_is_pillows_bicubic_then_its_own_statistics():
    radiograph = picture(300, 260)
    resized = np.asarray(Image.fromarray(np.array(radiograph.rgb)).resize((224, 224))) / 255
    expected = (resized - resized.mean()) / (resized.std() + 1e-11)
    np.testing.assert_allclose(prepare(radiograph, {"rule": "original"}).array, expected, atol=1e-5)


def test_the_digest_tells_inputs_apart():
    digests = {
        prepare(picture(seed=seed), {"rule": "original", "size": size}).digest
        for seed, size in ((0, 224), (1, 224), (0, 320))
    }
    assert len(digests) == 3
    assert prepare(picture(), {"rule": "original"}).digest in digests


def test_a_rule_goes_to_a_configuration_and_back():
    for config in (*KIT.values(), {"rule": "samplewise", "size": 320, "detail": 128}):
        rule = InputRule.from_config(config)
        assert InputRule.from_config(rule.to_config()) == rule
        assert rule.to_config().items() >= {**config, "rule": config["rule"]}.items()


def test_imagenets_defaults_grow_with_the_size():
    assert InputRule("imagenet").to_config() == {
        "rule": "imagenet",
        "size": 224,
        "resize": 256,
        "filter": "bilinear",
        "crop": 224,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
    }
    # 320 * 8 / 7 = 365.7
    assert InputRule("imagenet", size=320).resize == 366


def test_a_crop_alone_gives_the_size():
    assert InputRule.from_config({"rule": "imagenet", "crop": 288}).size == 288


WRONG = [
    ({"rule": "orignal"}, "Did you mean 'original'"),
    ({"rule": None}, "no input rule"),
    ({"rule": ["xrv"]}, "no input rule"),
    ({"size": 224}, "names no rule"),
    ({"rule": "xrv", "filter": "bicubic"}, "'xrv' takes no 'filter'"),
    ({"rule": "original", "detial": 3}, "takes no 'detial'"),
    ({"rule": "samplewise", "detial": 128}, "Did you mean 'detail'"),
    ({"rule": "original", "size": 31}, "32 to 1024"),
    ({"rule": "original", "size": 1025}, "32 to 1024"),
    ({"rule": "original", "size": 224.0}, "whole number"),
    ({"rule": "original", "size": True}, "whole number"),
    ({"rule": "original", "size": None}, "whole number"),
    ({"rule": "samplewise", "detail": 0}, "detail"),
    ({"rule": "imagenet", "resize": 200}, "resize"),
    ({"rule": "imagenet", "crop": 200, "size": 224}, "crop"),
    ({"rule": "imagenet", "filter": "bicubik"}, "Did you mean 'bicubic'"),
    ({"rule": "imagenet", "filter": 3}, "no filter"),
    ({"rule": "imagenet", "mean": [0.5, 0.5]}, "three numbers"),
    ({"rule": "imagenet", "mean": "0.5"}, "three numbers"),
    ({"rule": "imagenet", "std": [0.2, 0.2, 0]}, "above zero"),
    ({"rule": "imagenet", "std": [0.2, 0.2, float("nan")]}, "three numbers"),
    (None, "names no rule"),
]


@pytest.mark.parametrize(("config", "reason"), WRONG)
def test_a_wrong_configuration_is_refused_by_name(config, reason):
    with pytest.raises(CheckpointError, match=reason):
        prepare(picture(), config)
