"""Bones, airways and vessels of the synthetic chest: tubes along curves, projected by summing points.

Frames and units are those of `cxr.phantom.anatomy`. Bone maps are centimetres of compact bone along the beam.
"""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from cxr.phantom.anatomy import FIELD_CM, Build, along, axes, lung_edges

CORTEX_CM = 0.1
"""Thickness of the compact bone of ribs and clavicles."""

Points = tuple[np.ndarray, np.ndarray]
"""Points (n, 2) as (x, y), and the volume in cm³ that each stands for."""


def skeleton(size: int, build: Build) -> np.ndarray:
    """Thickness map of ribs, clavicles, spine, shoulder blades and upper arms: (size, size) float32."""
    tubes = []
    for side in (-1, 1):
        tubes += [
            _shell(size, _rib(number, side, build), tall=0.62, thick=0.38, fading=(0.05, 0.22))
            for number in range(1, 11)
        ]
        tubes.append(_shell(size, _clavicle(side, build), tall=0.6, thick=0.55, strength=1.5, fading=(0.06, 0.06)))
        tubes.append(_shell(size, _shaft(side, build), tall=1.2, thick=1.2, strength=1.4, fading=(0.25, 0.0)))
    shoulders = sum(_shoulder_blade(size, side, build) + _arm_head(size, side, build) for side in (-1, 1))
    return _blurred(_splat(size, tubes), 0.05) + shoulders + _spine(size)


def vessels(size: int, build: Build, rng: np.random.Generator) -> np.ndarray:
    """Centimetres of blood in the lungs' branching vessels; outside the lungs, too."""
    tubes = []
    for side in (-1, 1):
        for angle in np.deg2rad(np.linspace(-82, 88, 13) + rng.uniform(-7, 7, 13)):
            root = np.array([side * build.width * 3.3, 16.2 - 0.7 * (side > 0) + 1.6 * np.sin(angle)])
            root += rng.uniform(-0.5, 0.5, 2)
            tubes += [_solid(size, *branch) for branch in _branches(root, angle, rng.uniform(0.3, 0.46), side, rng)]
    return _blurred(_splat(size, tubes), 0.035)


def airways(size: int) -> np.ndarray:
    """Centimetres of air in the windpipe and the two main bronchi."""
    fork = np.array([-0.3, 13.6])
    trunk = np.linspace([-0.1, -1.0], fork, 300)
    tubes = [_solid(size, trunk, np.full(300, 0.85))]
    for end in ([-3.6, 16.2], [4.4, 16.6]):
        tubes.append(_solid(size, np.linspace(fork, end, 150), np.linspace(0.7, 0.4, 150)))
    return np.minimum(_blurred(_splat(size, tubes), 0.12), 1.7)


def _blurred(image: np.ndarray, sigma_cm: float) -> np.ndarray:
    return cv2.GaussianBlur(image.astype(np.float32), (0, 0), sigma_cm * image.shape[0] / FIELD_CM)


def _rib(number: int, side: int, build: Build) -> np.ndarray:
    """Points (n, 3) of a rib, from the spine around the side towards the sternum; lower ribs end earlier."""
    last = {1: 150, 8: 130, 9: 116, 10: 100}.get(number, 142)
    turn = np.deg2rad(np.linspace(4, last, 600))
    drop = {1: 3.4, 2: 6.6, 3: 8.6}.get(number, 10.0) * build.rib_slope
    fall = 0.45 * turn / np.pi + 0.55 * (1 - np.cos(turn)) / 2
    y = 4.6 + 2.32 * (number - 1) + drop * fall - 0.5 * np.sin(turn) ** 4
    _, outer = lung_edges(y + 0.4, side, build)
    depth = along(y, (4, 4.5), (8, 6.7), (13, 8.8), (20, 9.7), (30, 9.9))
    return np.stack([side * (outer + 0.2) * np.sin(turn) ** 0.85, y, depth * np.cos(turn)], axis=1)


def _clavicle(side: int, build: Build) -> np.ndarray:
    share = np.linspace(0, 1, 400)
    x = side * build.width * (1.9 + 13.1 * share)
    y = 8.0 - 3.6 * share**0.9 + 0.55 * np.sin(2 * np.pi * share)
    return np.stack([x, y, -6 + 5 * share], axis=1)


def _shaft(side: int, build: Build) -> np.ndarray:
    """The shaft of the humerus, from its head outwards."""
    share = np.linspace(0, 1, 300)[:, None]
    return np.array([16.4 * side * build.width, 9.2, 0.0]) + share * np.array([9.0 * side, 7.0, 0.0])


def _arm_head(size: int, side: int, build: Build) -> np.ndarray:
    """The head of the humerus: chord length through a ball minus that through its inside."""
    x, y = axes(size)
    square = (x - 16.1 * side * build.width) ** 2 + (y - 8.5) ** 2
    outside, inside = (np.sqrt(np.maximum(radius**2 - square, 0)) for radius in (2.3, 2.3 - 0.6 * CORTEX_CM))
    return _blurred(2 * (outside - inside), 0.05)


def _shell(
    size: int,
    curve: np.ndarray,
    *,
    tall: float,
    thick: float,
    strength: float = 1.0,
    fading: tuple[float, float] = (0.0, 0.0),
) -> Points:
    """The cortex of a tube, which is thicker in projection at its borders and where it runs along the beam.

    `tall` and `thick` are its half axes, `fading` the shares of its start and end over which it turns into cartilage.
    """
    pixel = FIELD_CM / size
    curve = curve[:: max(1, int(pixel / np.linalg.norm(np.diff(curve, axis=0), axis=1).max()))]
    tangent = np.gradient(curve, axis=0)
    length = np.linalg.norm(tangent, axis=1, keepdims=True)
    tangent = tangent / length
    upward = np.array([0.0, 1.0, 0.0]) - tangent * tangent[:, 1:2]
    upward /= np.linalg.norm(upward, axis=1, keepdims=True)
    sideward = np.cross(tangent, upward)
    angles = np.linspace(0, 2 * np.pi, max(24, int(2 * np.pi * tall / pixel)), endpoint=False)[:, None, None]
    places = curve + tall * np.cos(angles) * upward + thick * np.sin(angles) * sideward
    around = np.hypot(tall * np.sin(angles), thick * np.cos(angles))[..., 0] * 2 * np.pi / len(angles)
    share = np.linspace(0, 1, len(curve))
    ends = np.clip(np.minimum(share / (fading[0] or 1e-6), (1 - share) / (fading[1] or 1e-6)), 0, 1)
    weights = around * length[:, 0] * CORTEX_CM * strength * ends
    return places[..., :2].reshape(-1, 2), np.broadcast_to(weights, places.shape[:2]).ravel()


def _solid(size: int, path: np.ndarray, radii: np.ndarray) -> Points:
    """A filled tube across the beam: at each place across it, the chord length of a circle."""
    tangent = np.gradient(path, axis=0)
    length = np.linalg.norm(tangent, axis=1)
    across = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1) / length[:, None]
    lanes = max(5, int(3 * radii.max() * size / FIELD_CM) | 1)
    shares = ((np.arange(lanes) + 0.5) / lanes * 2 - 1)[:, None]
    places = path + (shares * radii)[..., None] * across
    chords = 2 * radii * np.sqrt(1 - shares**2)
    return places.reshape(-1, 2), (chords * length * 2 * radii / lanes).ravel()


def _splat(size: int, tubes: Iterable[Points]) -> np.ndarray:
    """Distribute each point's volume over its four nearest pixels; the sum is a thickness in centimetres."""
    places, weights = (np.concatenate(parts) for parts in zip(*tubes, strict=True))
    pixel = FIELD_CM / size
    columns, rows = places[:, 0] / pixel + size / 2 - 0.5, places[:, 1] / pixel - 0.5
    left, top = np.floor(columns).astype(np.int32), np.floor(rows).astype(np.int32)
    total = np.zeros(size * size)
    for row, row_share in ((top, 1 - (rows - top)), (top + 1, rows - top)):
        for column, share in ((left, 1 - (columns - left)), (left + 1, columns - left)):
            inside = (row >= 0) & (row < size) & (column >= 0) & (column < size)
            at = row[inside] * size + column[inside]
            total += np.bincount(at, (row_share * share * weights)[inside], minlength=size * size)
    return (total / pixel**2).reshape(size, size)


def _branches(
    start: np.ndarray, angle: float, radius: float, side: int, rng: np.random.Generator, depth: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Paths (n, 2) and radii of a vessel and its branches; radii at forks follow Murray's law (sum of cubes)."""
    if radius < 0.05 or depth > 6:
        return
    length = rng.uniform(5.0, 8.5) * radius**0.55
    steps = max(16, int(length * 30))
    angles = angle + np.cumsum(rng.normal(0, 0.04, steps))
    strides = np.stack([side * np.cos(angles), np.sin(angles)], axis=1) * length / steps
    path = start + np.cumsum(strides, axis=0)
    yield path, np.linspace(radius, radius * 0.85, steps)
    share = rng.uniform(0.3, 0.7)
    for part, turn in ((share, 1), (1 - share, -1)):
        thinner = 0.82 * radius * part ** (1 / 3)
        yield from _branches(path[-1], angles[-1] + turn * rng.uniform(0.15, 0.5), thinner, side, rng, depth + 1)


def _spine(size: int) -> np.ndarray:
    """Vertebral bodies with denser end plates, pedicles, and spinous processes in the midline."""
    x, y = axes(size)
    height = along(y, (0, 1.9), (12, 2.25), (25, 2.7), (40, 3.2))
    phase = np.mod(np.cumsum(FIELD_CM / size / height, axis=0), 1.0)
    half = along(y, (0, 1.2), (12, 1.4), (25, 1.75), (40, 2.2)) * (1 - 0.1 * np.sin(np.pi * phase))
    inside = np.clip((half - np.abs(x)) / 0.2 + 0.5, 0, 1)
    disc = np.exp(-(((phase - 0.5) / 0.45) ** 16))
    plates = np.exp(-(((np.abs(phase - 0.5) - 0.41) / 0.05) ** 2))
    sides = np.exp(-(((np.abs(x) - half) / 0.14) ** 2))
    pedicle = np.exp(-((np.hypot((np.abs(x) - 0.66 * half) / 0.34, (phase - 0.3) / 0.15) - 1) ** 2) / 0.15)
    process = np.exp(-(np.hypot(x / 0.3, (phase - 0.75) / 0.22) ** 4))
    bone = inside * (0.16 + 0.14 * disc + 0.16 * plates + 0.18 * pedicle + 0.22 * process) + 0.14 * sides * disc
    return _blurred(bone, 0.07)


def _shoulder_blade(size: int, side: int, build: Build) -> np.ndarray:
    """A shoulder blade rotated outwards, as in a PA film: a thin plate with a denser rim."""
    corners = np.array([[11.9, 6.0], [15.6, 7.2], [15.2, 10.4], [14.6, 17.0], [13.9, 17.4], [13.0, 15.2], [12.0, 10.5]])
    places = corners * [side * build.width, 1] + [FIELD_CM / 2, 0]
    pixels = (places * size / FIELD_CM * 16).astype(np.int32)
    plate, rim = np.zeros((2, size, size), np.float32)
    cv2.fillPoly(plate, [pixels], 0.12, lineType=cv2.LINE_AA, shift=4)
    width = max(1, round(0.3 * size / FIELD_CM))
    cv2.polylines(rim, [pixels], True, 0.2, thickness=width, lineType=cv2.LINE_AA, shift=4)
    return _blurred(plate + rim, 0.16)
