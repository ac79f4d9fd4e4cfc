"""The command that computes each finding's mean map."""

import shutil

from PIL import Image

from cxr.checkpoint import read_checkpoint
from explainers.__main__ import main
from hub import resolve
from hub.sources import STARTER_DIRECTORY


def test_the_command_writes_a_mean_map_of_each_finding_into_the_checkpoint(tmp_path, phantom, capsys):
    checkpoint, images = shutil.copytree(STARTER_DIRECTORY, tmp_path / "starter"), tmp_path / "images"
    images.mkdir()
    Image.fromarray(phantom.display(256)).save(images / "plain.png")
    assert main(["average-maps", str(checkpoint), "--images", str(images)]) == 0
    assert "the mean over 1 pictures" in capsys.readouterr().out
    read = read_checkpoint(resolve(str(checkpoint)))
    assert set(read.average_maps) == set(read.config.findings)
