"""A synthetic chest radiograph: geometry, attenuation, scatter, noise. It shows no patient.

It can be shown and shared freely, and the place of each planted sign is known exactly. It differs from the radiographs
that networks are trained on, so its scores say nothing about a network's quality.
"""

from dataclasses import dataclass, fields, replace

import cv2
import numpy as np

from cxr.phantom import anatomy, skeleton
from cxr.phantom.anatomy import FIELD_CM, Build, Chest
from cxr.reading.radiograph import Radiograph, read_radiograph

SOFT_TISSUE, BONE = 0.19, 0.62
"""Linear attenuation in 1/cm at about 60 keV, the middle of a chest film's spectrum (NIST: water 0.206, bone 0.60)."""

CALCIFIED = 0.34
"""Linear attenuation in 1/cm of the planted nodule: soft tissue with some calcium, as in a granuloma."""

AIR_IN_LUNG = 0.74
"""Volume fraction of air in an inflated lung."""

GRAIN_CM, GRAIN = (0.06, 0.12, 0.25, 0.5), 0.02
"""Scales of the lung's texture, and how much each changes the path length through the lung."""

SCATTER, SCATTER_CM = 0.3, 3.0
"""Scattered radiation behind the grid, as a share of the primary radiation nearby, and how far it spreads."""

PHOTONS = 40_000
"""Photons per pixel without a body; the noise is their square root."""

SCREEN_CM = 0.02
"""Blur of the detector (standard deviation)."""

EDGES, EDGES_CM, SHOULDER = 0.35, 1.2, 0.35
"""Usual processing of digital radiographs: local contrast enhanced, bright parts compressed."""

SMALLEST_SIZE_PX, LARGEST_SIZE_PX = 64, 4096


@dataclass(frozen=True, eq=False)
class Phantom:
    """A synthetic radiograph and, for each sign planted in it, where it is: {finding: (size, size) bool}."""

    radiograph: Radiograph
    truth: dict[str, np.ndarray]


def phantom(
    seed: int = 0,
    *,
    size: int = 1024,
    nodule: bool = False,
    effusion: bool = False,
    cardiomegaly: bool = False,
    pneumothorax: bool = False,
) -> Phantom:
    """A frontal chest film of `size` × `size` pixels; the same arguments give the same pixels.

    `seed` varies build, vessels, noise and the side of the signs; the body is the same for a seed, whatever is planted.
    The truth of an effusion is where more than 1 cm of fluid lies in the beam, of a pneumothorax more than 4 cm of
    air outside the lung, of an enlarged heart its whole shadow, of a nodule its disc.
    """
    if not SMALLEST_SIZE_PX <= size <= LARGEST_SIZE_PX:
        raise ValueError(f"A phantom has {SMALLEST_SIZE_PX} to {LARGEST_SIZE_PX} pixels per side, not {size}.")
    body_rng, vessel_rng, noise_rng = (np.random.default_rng([seed, part]) for part in range(3))
    build = anatomy.varied(body_rng)
    fluid_side, air_side = (int(side) for side in body_rng.permutation([-1, 1]))
    build = replace(
        anatomy.enlarged(build) if cardiomegaly else build,
        effusion_side=fluid_side if effusion else 0,
        pneumothorax_side=air_side if pneumothorax else 0,
    )
    chest = _chest(size, build)
    ball = _nodule(chest.lungs, body_rng)
    path = _attenuation(size, build, chest, vessel_rng)
    if nodule:
        path += (CALCIFIED - SOFT_TISSUE * (1 - AIR_IN_LUNG)) * ball
    picture = read_radiograph(_exposed(path, noise_rng))
    truth = {
        "Nodule": (nodule, ball > 0),
        "Effusion": (effusion, chest.fluid > 1.0),
        "Cardiomegaly": (cardiomegaly, chest.heart > 0.5),
        "Pneumothorax": (pneumothorax, chest.free_air > 4.0),
    }
    planted = {finding: where for finding, (is_planted, where) in truth.items() if is_planted}
    return Phantom(replace(picture, kind="phantom"), planted)


def _chest(size: int, build: Build) -> Chest:
    """The chest's thickness maps at `size`, computed at half of it, since their surfaces are smooth."""
    cut = anatomy.chest(int(np.clip(size // 2, 256, 512)), build)
    kind = cv2.INTER_CUBIC if size >= cut.lungs.shape[0] else cv2.INTER_AREA
    maps = {field.name: cv2.resize(getattr(cut, field.name), (size, size), interpolation=kind) for field in fields(cut)}
    return Chest(**{name: np.maximum(thickness, 0) for name, thickness in maps.items()})


def _nodule(lungs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Chord length through a ball of 1.1 to 1.45 cm radius at a random place in the lungs, away from their borders."""
    x, y = anatomy.axes(lungs.shape[0])
    reach = round(2.0 * lungs.shape[0] / FIELD_CM) | 1
    rows, columns = np.nonzero(cv2.erode((lungs > 7).astype(np.uint8), np.ones((reach, reach), np.uint8)))
    # first the row, then a place in it: the same place at any size of the picture
    row = rows[int(rng.random() * len(rows))]
    inside = columns[rows == row]
    column, radius = inside[int(rng.random() * len(inside))], rng.uniform(1.1, 1.45)
    square = (x - x[0, column]) ** 2 + (y - y[row, 0]) ** 2
    return 2 * np.sqrt(np.maximum(radius**2 - square, 0))


def _attenuation(size: int, build: Build, chest: Chest, rng: np.random.Generator) -> np.ndarray:
    """Line integral of the linear attenuation along the beam, (size, size) float32, without unit."""
    # a film shows vessels that lie behind each other; these lie in one plane, hence the weight
    blood = 1.6 * skeleton.vessels(size, build, rng) * np.clip(chest.lungs / 5, 0, 1)
    grain = sum(_blurred(_white(size, rng), width) * width * size / FIELD_CM for width in GRAIN_CM)
    lungs = chest.lungs * (1 + GRAIN * grain)
    air = chest.free_air + 0.85 * skeleton.airways(size) + anatomy.stomach_air(size, build)
    soft = anatomy.body(size, build) - air - AIR_IN_LUNG * (lungs - blood) + 0.3 * chest.pleura
    return np.maximum(SOFT_TISSUE * soft + (BONE - SOFT_TISSUE) * skeleton.skeleton(size, build), 0)


def _exposed(path: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The picture of a line integral, 0 to 1: Beer-Lambert law, scatter, quantum noise, blur, logarithm, processing."""
    primary = np.exp(-path)
    signal = primary + SCATTER * _blurred(primary, SCATTER_CM) * (1 - primary)
    signal += np.sqrt(signal / PHOTONS) * _white(path.shape[0], rng)
    density = -np.log(np.maximum(_blurred(signal, SCREEN_CM), 1e-4))
    brightness = density / np.percentile(density, 99.8)
    brightness += EDGES * (brightness - _blurred(brightness, EDGES_CM))
    brightness = np.clip(brightness, 0, 1)
    return brightness * (0.93 + SHOULDER * (1 - brightness))


def _white(size: int, rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((size, size), dtype=np.float32)


def _blurred(image: np.ndarray, sigma_cm: float) -> np.ndarray:
    sigma = sigma_cm * image.shape[0] / FIELD_CM
    if sigma < 12:
        return cv2.GaussianBlur(image, (0, 0), sigma)
    # a wide blur at a quarter of the resolution is the same within 0.1 %, and takes a sixtieth of the time
    small = cv2.resize(image, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    return cv2.resize(cv2.GaussianBlur(small, (0, 0), sigma / 4), image.shape[::-1], interpolation=cv2.INTER_CUBIC)
