"""Places sprites in a picture with their shadows, and adds what a camera adds."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from samples.backgrounds.surfaces import waves
from samples.drawing.cloth import Cloth
from samples.drawing.layers import Layer, distort, extent
from samples.drawing.raster import Field, Pixels, as_rgb, floats, grain, pixels
from samples.drawing.render import Sprite, render_sprite

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as fractions of the picture, 0..1."""

Region = tuple[slice, slice]
"""Rows and columns of a picture."""

OVERSAMPLING: Final = 2.0
SOLID: Final = 128
SHADOW_GRID: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Centre and greatest size as fractions of the picture; ``turn`` in degrees.

    ``tilt`` narrows the far edge (0: seen from above), ``slack`` bends outlines (see ``distort``), ``crumple`` wrinkles
    the cloth, ``lift`` widens the shadow.
    """

    x: float
    y: float
    width: float
    height: float
    turn: float = 0.0
    tilt: float = 0.0
    slack: float = 0.0
    crumple: float = 0.1
    lift: float = 1.0


def draw_flat(picture: Pixels, layers: list[Layer], cloth: Cloth, pose: Pose, rng: np.random.Generator) -> Pixels:
    """Draws the layers flat on ``picture``, seen from above; returns the mask of what they cover, ``(h, w) uint8``."""
    laid = distort(layers, rng, slack=pose.slack) if pose.slack else layers
    px_per_cm = _scale(picture, laid, pose)
    sprite = render_sprite(laid, cloth, scale=px_per_cm * OVERSAMPLING, rng=rng, crumple=pose.crumple)
    rgb, cover, region = _project(sprite, pose, picture)
    _flat_shadow(picture, cover, region, px_per_cm * pose.lift)
    return _blend(picture, rgb, cover, region)


def draw_upright(picture: Pixels, layers: list[Layer], cloth: Cloth, pose: Pose, rng: np.random.Generator) -> Pixels:
    """Draws the layers upright, their foot at ``pose.y``; returns the mask of what they cover, ``(h, w) uint8``."""
    height = picture.shape[0]
    px_per_cm = _scale(picture, layers, pose)
    x0, y0, x1, y1 = extent(layers)
    tall = (y1 - y0) * px_per_cm / height
    upright = Pose(x=pose.x, y=pose.y - tall / 2, width=pose.width, height=pose.height)
    sprite = render_sprite(layers, cloth, scale=px_per_cm * OVERSAMPLING, rng=rng, crumple=pose.crumple)
    rgb, cover, region = _project(sprite, upright, picture)
    _foot_shadow(picture, pose, (x1 - x0) * px_per_cm)
    return _blend(picture, rgb, cover, region)


def _scale(picture: Pixels, layers: list[Layer], pose: Pose) -> float:
    """Pixels per centimetre at which the turned thing just fits its share of the picture."""
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = extent(layers)
    turn = np.deg2rad(pose.turn)
    span_x = abs(np.cos(turn)) * (x1 - x0) + abs(np.sin(turn)) * (y1 - y0)
    span_y = abs(np.sin(turn)) * (x1 - x0) + abs(np.cos(turn)) * (y1 - y0)
    return float(min(pose.width * width / span_x, pose.height * height / span_y))


def _project(sprite: Sprite, pose: Pose, picture: Pixels) -> tuple[Pixels, Pixels, Region]:
    """The sprite's colours and cover in the picture's pixels, and the part of the picture that they belong to."""
    height, width = picture.shape[:2]
    h, w = sprite.alpha.shape
    corners = np.array([[-w, -h], [w, -h], [w, h], [-w, h]], dtype=np.float64) / (2 * OVERSAMPLING)
    corners[:2, 0] *= 1 - abs(pose.tilt) + pose.tilt
    corners[2:, 0] *= 1 - abs(pose.tilt) - pose.tilt
    turn = np.deg2rad(pose.turn)
    corners = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    corners += (pose.x * width, pose.y * height)
    low = np.clip(np.floor(corners.min(axis=0)), 0, (width - 1, height - 1)).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)), low + 1, (width, height)).astype(int)
    source = floats([[0, 0], [w, 0], [w, h], [0, h]])
    warp = cv2.getPerspectiveTransform(source, (corners - low).astype(np.float32))
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    rgb = cv2.warpPerspective(sprite.rgb, warp, size, flags=cv2.INTER_LINEAR)
    cover = cv2.warpPerspective(sprite.alpha, warp, size, flags=cv2.INTER_LINEAR)
    return rgb, cover, (slice(low[1], high[1]), slice(low[0], high[0]))


def _blend(picture: Pixels, rgb: Pixels, cover: Pixels, region: Region) -> Pixels:
    """Paints the sprite over the picture; returns its cover of the whole picture."""
    picture[region] = cv2.add(cv2.multiply(picture[region], as_rgb(255 - cover), scale=1 / 255), rgb)
    alpha = np.zeros(picture.shape[:2], np.uint8)
    alpha[region] = cover
    return alpha


def _flat_shadow(picture: Pixels, cover: Pixels, region: Region, reach_px: float) -> None:
    """A tight dark edge where the thing touches the ground, and a wide soft one towards the lower right."""
    height, width = picture.shape[:2]
    grid = (max(1, width // SHADOW_GRID), max(1, height // SHADOW_GRID))
    alpha = np.zeros((height, width), np.uint8)
    alpha[region] = cover
    small = cv2.resize(alpha, grid, interpolation=cv2.INTER_AREA)
    total = np.zeros(small.shape, np.float32)
    for spread, offset, strength in ((0.45, 0.35, 0.30), (1.8, 1.3, 0.26)):
        soft = cv2.GaussianBlur(small, (0, 0), max(0.5, spread * reach_px / SHADOW_GRID)).astype(np.float32)
        step = offset * reach_px / SHADOW_GRID
        total += strength / 255 * cv2.warpAffine(soft, floats([[1, 0, step], [0, 1, step]]), grid)
    _darken(picture, total)


def _foot_shadow(picture: Pixels, pose: Pose, wide_px: float) -> None:
    """A dark oval under the foot of something upright."""
    height, width = picture.shape[:2]
    total = np.zeros((max(1, height // SHADOW_GRID), max(1, width // SHADOW_GRID)), np.float32)
    foot_px = pose.y * height - 0.04 * wide_px
    centre = (round((pose.x * width + 0.06 * wide_px) / SHADOW_GRID), round(foot_px / SHADOW_GRID))
    for share, strength in ((0.42, 0.28), (0.62, 0.22)):
        radius = max(1, round(share * wide_px / SHADOW_GRID))
        oval = np.zeros_like(total)
        cv2.ellipse(oval, centre, (radius, max(1, radius // 6)), 0, 0, 360, (strength,), -1, cv2.LINE_AA)
        total += cv2.GaussianBlur(oval, (0, 0), max(0.6, share * share * wide_px / 24))
    _darken(picture, total)


def _darken(picture: Pixels, shadow: Field) -> None:
    height, width = picture.shape[:2]
    factor = cv2.resize(pixels(255 * (1 - shadow)), (width, height), interpolation=cv2.INTER_LINEAR)
    np.copyto(picture, cv2.multiply(picture, as_rgb(factor), scale=1 / 255))


def box_of(mask: Pixels) -> Box:
    """The smallest box around what a mask mostly covers; the whole picture if that is nothing."""
    solid = mask >= SOLID
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    if not len(rows):
        return (0.0, 0.0, 1.0, 1.0)
    height, width = mask.shape
    left, top, right, bottom = columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height
    return float(left), float(top), float(right), float(bottom)


def photograph(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """The picture as a phone takes it indoors: warm or cool light from one side, vignette, softness, noise."""
    height, width = picture.shape[:2]
    warmth = rng.uniform(-0.05, 0.11)
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    angle = rng.uniform(0, 2 * np.pi)
    light = rng.uniform(0.92, 1.06) + rng.uniform(0.03, 0.14) * (x * np.cos(angle) + y * np.sin(angle))
    light += 0.03 * waves(width, height, rng, across=2, down=2) - 0.08 * (x**2 + y**2)
    soft = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.35, 0.7)))
    gains = [light.astype(np.float32) * gain for gain in (1 + warmth, 1 + warmth * 0.25, 1 - warmth)]
    noise = grain(width, height, rng) * float(rng.uniform(1.5, 4.5))
    exposed = cv2.multiply(soft, cv2.merge(gains), dtype=cv2.CV_8U)
    return np.asarray(cv2.add(exposed, as_rgb(noise), dtype=cv2.CV_8U))
