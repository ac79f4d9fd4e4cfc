"""A data set of discs with their boxes, for the planted network: what a right explainer shows is known."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from explainers import Registry
from explainers.benchmark.boxes import read_boxes
from explainers.benchmark.protocol import read_protocol
from explainers.benchmark.run import Benchmark

SIDE = 64
PATIENTS = 16
"""So many that a difference can be told from chance: of six, signs alone leave p at 1/32."""

PROTOCOL = """
version = 1
seed = 0
resamples = 1000
headline = ["pointing", "iou_equal_area"]
relevance_gain_boxes = 2
stability_boxes = 2
verified_boxes = 4

[[explainers]]
label = "True"
name = "grad_cam"

[[explainers]]
label = "Random"
name = "random_map"

[[explainers]]
label = "Sparse"
name = "saliency"
boxes = 2

[[explainers]]
label = "Prior"
name = "occupancy"
"""


@pytest.fixture(scope="session")
def square():
    """The network that knows discs, for square pictures."""
    from cxr.planted_network import planted

    return planted((SIDE, SIDE))


@pytest.fixture(scope="session")
def discs(tmp_path_factory) -> Path:
    """boxes.csv and images of sixteen patients, with a bright disc somewhere."""
    from cxr.planted_network import FOR_BRIGHT, Disc, at_random, picture

    folder = tmp_path_factory.mktemp("discs")
    (folder / "images").mkdir()
    rng = np.random.default_rng(0)
    with (folder / "boxes.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["image", "finding", "x", "y", "w", "h"])
        for patient in range(PATIENTS):
            disc = Disc(*at_random(rng, (SIDE, SIDE)))
            name = f"{patient:08}_000.png"
            made = picture(disc, size=(SIDE, SIDE), seed=patient)
            cv2.imwrite(str(folder / "images" / name), np.rint(made.grey * 255).astype(np.uint8))
            top, left, height, width = disc.box
            writer.writerow([name, FOR_BRIGHT, left, top, width, height])
    return folder


@pytest.fixture(scope="session")
def protocol_file(tmp_path_factory) -> Path:
    """A protocol of three explainers and the prior."""
    file = tmp_path_factory.mktemp("protocol") / "protocol.toml"
    file.write_text(PROTOCOL)
    return file


@pytest.fixture
def bench(square, discs, protocol_file) -> Benchmark:
    """What a run on the discs stands on."""
    data = read_boxes(discs, labels=square.labels, side=SIDE)
    return Benchmark(square, Registry.standard(), data, read_protocol(protocol_file))
