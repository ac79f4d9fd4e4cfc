"""What tests of pictures look at."""

import numpy as np
from PIL import ImageChops

from explainers.pictures import displayed

SIGNED = [[2, -4], [1, 0]]


def pixels(picture):
    return np.asarray(picture).astype(int)


def plain(grey):
    return np.repeat(displayed(grey)[..., None], 3, axis=2)


def has_ink(picture):
    return np.asarray(picture).max() > 150


def same(whole, inner, top):
    part = whole.crop((0, top, inner.width, top + inner.height))
    return ImageChops.difference(part, inner).getbbox() is None
