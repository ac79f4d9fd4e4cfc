import numpy as np
import pytest
from huggingface_hub import constants
from PIL import Image

from cxr import read_radiograph
from cxr.errors import RadiographError
from explainers.errors import OptionError
from explainers.page.samples import MOST_IN_FOLDER, Samples
from hub.errors import SourceError
from hub.samples import NIH


@pytest.fixture
def folder(tmp_path, phantom):
    for name in ("second", "first"):
        Image.fromarray(phantom.display(200)).save(tmp_path / f"{name}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def test_computed_samples_say_so_and_are_computed_once():
    samples = Samples()
    made = [each for _, each in samples.items() if each.made]
    assert len(made) == 4
    assert all("Synthetic" in each.title and "not a patient" in each.said for each in made)
    assert made[0].read() is made[0].read()
    # the same chest, but for what is planted
    with_signs, without = made[0].read().grey, made[-1].read().grey
    differs = np.abs(with_signs - without) > 0.02
    assert 0.01 < differs.mean() < 0.5


def test_a_pinned_sample_waits_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HOME", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    sample = Samples().find("nih-00000001")
    assert sample.credit == NIH
    assert not sample.there()
    assert sample.thumbnail().size == (128, 128)
    with pytest.raises(SourceError, match=r"may not be fetched.*synthetic"):
        sample.read()


def test_a_folder_is_offered_by_its_files_names(folder):
    samples = Samples(str(folder))
    own = [(name, each) for name, each in samples.items() if name.startswith("folder-")]
    assert [each.title for _, each in own] == ["first", "second"]
    assert own[0][1].read().grey.shape == read_radiograph(folder / "first.png").grey.shape
    assert max(own[0][1].thumbnail().size) == 128
    with pytest.raises(OptionError, match="no sample"):
        samples.find("folder-3")


def test_a_folder_that_offers_nothing_is_refused(tmp_path, phantom):
    with pytest.raises(SourceError, match="no folder"):
        Samples(str(tmp_path / "missing"))
    with pytest.raises(SourceError, match="no picture"):
        Samples(str(tmp_path))
    for number in range(MOST_IN_FOLDER + 1):
        (tmp_path / f"{number}.png").touch()
    with pytest.raises(SourceError, match="At most"):
        Samples(str(tmp_path))


def test_a_sample_that_is_no_radiograph_says_so(folder):
    samples = Samples(str(folder))
    (folder / "first.png").unlink()
    with pytest.raises(RadiographError, match=r"first\.png can't be read"):
        samples.find("folder-1").read()
