"""Soft tissues of the synthetic chest, in centimetres on a film of 36 × 36 cm, and their projection.

x runs from -18 (the picture's left, the patient's right) to 18, y from 0 (top) to 36, z from the front to the back with
0 in the body's middle. The beam is parallel to z. Thickness maps are (size, size) float32: centimetres of one tissue
along the beam. All sizes are those of an average adult; none is taken from a patient.
"""

from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

FIELD_CM = 36.0

SLICES_CM = np.arange(-10.75, 11, 0.5, dtype=np.float32)
"""Centres of the slices, half a centimetre thick, through lungs, heart and fluid."""

APEX_CM = 3.0
"""y of the lungs' apices."""

EDGE_CM = 0.25
"""Width over which a surface fades out: anti-aliasing, in place of finer slices."""


@dataclass(frozen=True)
class Build:
    """Dimensions and planted signs of one body. Sides are -1 (the picture's left) and 1; 0 for none."""

    width: float = 1.0
    diaphragm_cm: tuple[float, float] = (26.0, 27.6)
    heart: float = 1.0
    heart_lift_cm: float = 0.0
    rib_slope: float = 1.0
    effusion_side: int = 0
    effusion_cm: float = 25.5
    pneumothorax_side: int = 0


def varied(rng: np.random.Generator) -> Build:
    """A random body of average size: width within 4 %, heart within 5 %, diaphragm within 1 cm."""
    lift = rng.uniform(-1.0, 0.8)
    return Build(
        width=rng.uniform(0.96, 1.04),
        diaphragm_cm=(26.0 + lift, 27.6 + lift + rng.uniform(-0.4, 0.3)),
        heart=rng.uniform(0.96, 1.04),
        heart_lift_cm=0.4 * lift,
        rib_slope=rng.uniform(0.85, 1.15),
        effusion_cm=rng.uniform(22.5, 26.0),
    )


def enlarged(build: Build) -> Build:
    """The same body with a heart that is more than half as wide as its chest."""
    return replace(build, heart=build.heart * 1.38)


def axes(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixel centres: x as (1, size), y as (size, 1), in centimetres."""
    centres = ((np.arange(size) + 0.5) * FIELD_CM / size).astype(np.float32)
    return (centres - FIELD_CM / 2)[None, :], centres[:, None]


def along(y: np.ndarray, *points: tuple[float, float]) -> np.ndarray:
    """A smooth curve through (y, value) points, evaluated at `y`; constant beyond the first and the last point."""
    fine = np.arange(-10, 50, 0.05)
    values = np.interp(fine, [each for each, _ in points], [value for _, value in points])
    kernel = np.hanning(41)
    smooth = np.convolve(np.pad(values, 20, mode="edge"), kernel / kernel.sum(), mode="valid")
    return np.interp(y, fine, smooth).astype(np.float32)


def body(size: int, build: Build) -> np.ndarray:
    """Thickness of the whole body: neck, trunk, and the upper arms as far as the film shows them."""
    x, y = axes(size)
    half = build.width * along(
        y, (0, 6.3), (1.5, 7.0), (3, 9.5), (4.5, 13), (7, 15.8), (11, 16.4), (17, 16.0), (26, 15.3), (36, 15.6)
    )
    depth = along(y, (0, 10), (3, 12), (7, 16.5), (12, 20), (20, 22), (30, 22.5), (40, 22.5))
    trunk = depth * _rounded(np.abs(x) / half, 2.4)
    arms = [_capsule(x, y, (10.5 * side, 8.2), (20.5 * side, 13.8), 5.6) for side in (-1, 1)]
    # a power mean in place of the maximum of both, so that there is no edge between arm and trunk
    return (trunk**4 + (1.15 * np.maximum(*arms)) ** 4) ** 0.25


def _rounded(distance: np.ndarray, power: float) -> np.ndarray:
    return np.maximum(1 - distance**power, 0) ** (1 / power)


def _capsule(
    x: np.ndarray, y: np.ndarray, start: tuple[float, float], end: tuple[float, float], radius: float
) -> np.ndarray:
    """Chord length through a cylinder with round ends, whose axis runs from `start` to `end` (x, y)."""
    run, fall = end[0] - start[0], end[1] - start[1]
    share = np.clip(((x - start[0]) * run + (y - start[1]) * fall) / (run**2 + fall**2), 0, 1)
    square = (x - start[0] - share * run) ** 2 + (y - start[1] - share * fall) ** 2
    return 2 * np.sqrt(np.maximum(radius**2 - square, 0))


@dataclass(frozen=True, eq=False)
class Chest:
    """Thickness maps of the contents of the rib cage."""

    lungs: np.ndarray
    heart: np.ndarray
    fluid: np.ndarray
    free_air: np.ndarray
    pleura: np.ndarray


def chest(size: int, build: Build) -> Chest:
    """Lungs, heart, pleural fluid, free air and the pleural line, summed over slices through the depth."""
    x, y = axes(size)
    maps = {name: np.zeros((size, size), np.float32) for name in ("lungs", "heart", "fluid", "free_air", "pleura")}
    step = float(SLICES_CM[1] - SLICES_CM[0])
    for z in SLICES_CM:
        heart = _heart(x, y, z, build)
        maps["heart"] += step * heart
        for side in (-1, 1):
            between = _inside(y - APEX_CM) * _inside(_floor(x, y, z, side, build) - y)
            cavity = _inside(_wall(x, y, z, side, build)) * between * (1 - heart)
            fluid = cavity * (_under_fluid(x, y, z, side, build) if build.effusion_side == side else 0)
            aerated, pleura = _shrunken(x, y, z, side, build) if build.pneumothorax_side == side else (1.0, 0.0)
            maps["fluid"] += step * fluid
            maps["lungs"] += step * (cavity - fluid) * aerated
            maps["free_air"] += step * (cavity - fluid) * (1 - aerated)
            maps["pleura"] += step * cavity * pleura
    return Chest(**maps)


def _inside(depth_cm: np.ndarray) -> np.ndarray:
    """1 inside a surface, 0 outside, from the signed distance to it (positive inside)."""
    return np.clip(depth_cm / EDGE_CM + 0.5, 0, 1)


def lung_edges(y: np.ndarray, side: int, build: Build) -> tuple[np.ndarray, np.ndarray]:
    """Distances of one lung's inner and outer border from the midline at height `y`."""
    outer = along(
        y, (3, 8.0), (5, 9.0), (7, 10.0), (10, 11.6), (13, 12.5), (18, 13.4), (24, 14.0), (30, 14.2), (38, 14)
    )
    if side < 0:
        inner = along(
            y, (3, 3.3), (4.5, 2.9), (7, 2.6), (11, 2.5), (14, 2.9), (18, 2.8), (25, 2.6), (28, 3.4), (32, 4.2)
        )
    else:
        arch = 0.9 * np.exp(-(((y - 11.4) / 1.7) ** 2)).astype(np.float32)
        inner = arch + along(y, (3, 3.4), (4.5, 3.0), (7, 2.7), (11, 2.5), (15, 3.2), (22, 3.3), (27, 4.8), (32, 6.5))
    return inner * build.width, outer * build.width


def _wall(x: np.ndarray, y: np.ndarray, z: np.floating, side: int, build: Build) -> np.ndarray:
    """Signed distance to one lung's inner and outer wall, positive inside."""
    inner, outer = lung_edges(y, side, build)
    dome = np.sqrt(np.maximum(1 - np.clip(1 - (y - APEX_CM) / 6, 0, 1) ** 2, 1e-4))
    centre, half = (inner + outer) / 2, dome * (outer - inner) / 2
    deep = dome * along(y, (3, 4), (7, 6.4), (12, 8.4), (20, 9.2), (30, 9.4), (40, 9.2))
    radial = np.sqrt(((side * x - centre) / half) ** 2 + (z / deep) ** 2)
    return (1 - radial) * np.minimum(half, deep)


def _floor(x: np.ndarray, y: np.ndarray, z: np.floating, side: int, build: Build) -> np.ndarray:
    """y of the diaphragm: a dome that falls towards the wall, and more towards the back than the front."""
    _, outer = lung_edges(y, side, build)
    sideways = np.clip((side * x - 0.4 * outer) / (0.62 * outer), -1.2, 1.2)
    backwards = z / 9
    fall = 4.8 * np.abs(sideways) ** 2.3 + (4.5 if z > 0 else 2.5) * backwards**2
    return build.diaphragm_cm[(side + 1) // 2] + fall


def stomach_air(size: int, build: Build) -> np.ndarray:
    """Centimetres of air in the stomach: a bubble under the picture's right half of the diaphragm, level below."""
    x, y = axes(size)
    top = build.diaphragm_cm[1] + 1.5
    bubble = 4.5 * np.sqrt(np.maximum(1 - ((x - 6.6) / 2.9) ** 2 - ((y - top - 1.5) / 1.5) ** 2, 0))
    return bubble * _inside(top + 2.0 - y)


def _heart(x: np.ndarray, y: np.ndarray, z: np.floating, build: Build) -> np.ndarray:
    """Ventricles, right atrium and root of the great vessels: ellipsoids, mostly right of the picture's middle."""
    parts = (
        # centre (x, y, z), half axes, rotation in degrees
        ((2.5, 23.0, -2.5), (7.0, 4.9, 5.0), 36.0),
        ((-1.2, 22.4, -1.5), (3.5, 5.4, 4.2), 4.0),
        ((1.5, 17.2, -1.5), (3.0, 4.2, 3.0), -12.0),
    )
    return reduce(np.maximum, (_ellipsoid(x, y - build.heart_lift_cm, z, *part, build.heart) for part in parts))


def _ellipsoid(
    x: np.ndarray,
    y: np.ndarray,
    z: np.floating,
    centre: tuple[float, float, float],
    half_axes: tuple[float, float, float],
    turn: float,
    scale: float,
) -> np.ndarray:
    a, b, c = (axis * scale for axis in half_axes)
    if abs(z - centre[2]) > c + EDGE_CM:
        return np.zeros((1, 1), np.float32)
    angle = np.deg2rad(turn)
    # a heart grows from its root at the top, towards the picture's right
    across, down = x - centre[0] * scale, y - centre[1] - 0.35 * (scale - 1) * (centre[1] - 15)
    lengthwise, beside = across * np.cos(angle) + down * np.sin(angle), down * np.cos(angle) - across * np.sin(angle)
    radial = np.sqrt((lengthwise / a) ** 2 + (beside / b) ** 2 + ((z - centre[2]) / c) ** 2)
    return _inside((1 - radial) * b)


def _under_fluid(x: np.ndarray, y: np.ndarray, z: np.floating, side: int, build: Build) -> np.ndarray:
    """Pleural fluid in an erect patient: its level rises along the wall, which gives the meniscus sign."""
    _, outer = lung_edges(y, side, build)
    outwards = np.clip(side * x / outer, 0, 1)
    climb = 6.0 * outwards**6 + 2.5 * (z / 9) ** 4 + 0.8 * (1 - outwards) ** 3
    return np.clip((y - build.effusion_cm + climb) / 0.8 + 0.5, 0, 1)


def _shrunken(x: np.ndarray, y: np.ndarray, z: np.floating, side: int, build: Build) -> tuple[np.ndarray, np.ndarray]:
    """A collapsed lung, shrunken towards its root, and the thin pleural line along its border."""
    root, kept = (2.5 * side, 24.0), 0.84
    wall = kept * _wall(root[0] + (x - root[0]) / kept, root[1] + (y - root[1]) / kept, z, side, build)
    return _inside(wall), np.exp(-((wall / 0.12) ** 2))
