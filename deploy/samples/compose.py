"""Putting drawn things into a picture: where, how large, how turned, with their shadow; and what a camera adds."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from deploy.samples.cloth import Cloth
from deploy.samples.grounds import waves
from deploy.samples.paths import bounds
from deploy.samples.raster import Field, Pixels, floats, pixels
from deploy.samples.sewing import Piece, Sprite, sew

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as fractions of the picture, 0..1."""

OVERSAMPLING: Final = 2.0
SOLID: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Centre and greatest size as fractions of the picture; ``turn`` in degrees.

    ``tilt`` narrows the far edge (0: seen from above), ``crumple`` wrinkles the cloth, ``lift`` deepens the shadow.
    """

    x: float
    y: float
    width: float
    height: float
    turn: float = 0.0
    tilt: float = 0.0
    crumple: float = 1.0
    lift: float = 1.0


def place(picture: Pixels, pieces: list[Piece], cloth: Cloth, pose: Pose, rng: np.random.Generator) -> Pixels:
    """Draws the thing and its shadow into ``picture``; returns where it covers it, ``(h, w) uint8``."""
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = bounds([piece.outline for piece in pieces])
    turn = np.deg2rad(pose.turn)
    span_x = abs(np.cos(turn)) * (x1 - x0) + abs(np.sin(turn)) * (y1 - y0)
    span_y = abs(np.sin(turn)) * (x1 - x0) + abs(np.cos(turn)) * (y1 - y0)
    px_per_cm = min(pose.width * width / span_x, pose.height * height / span_y)
    sprite = sew(pieces, cloth, scale=px_per_cm * OVERSAMPLING, rng=rng, crumple=pose.crumple)
    warp = _warp(sprite, pose, width, height)
    alpha = cv2.warpPerspective(sprite.alpha, warp, (width, height), flags=cv2.INTER_LINEAR)
    rgb = cv2.warpPerspective(sprite.rgb, warp, (width, height), flags=cv2.INTER_LINEAR)
    _shadow(picture, alpha, px_per_cm * pose.lift)
    clear = cv2.merge([255 - alpha] * 3)
    np.copyto(picture, cv2.add(cv2.multiply(picture, clear, scale=1 / 255), rgb))
    return alpha


def _warp(sprite: Sprite, pose: Pose, width: int, height: int) -> Field:
    """From sprite pixels to picture pixels."""
    h, w = sprite.alpha.shape
    corners = np.array([[-w, -h], [w, -h], [w, h], [-w, h]], dtype=np.float64) / (2 * OVERSAMPLING)
    corners[:2, 0] *= 1 - abs(pose.tilt) + pose.tilt
    corners[2:, 0] *= 1 - abs(pose.tilt) - pose.tilt
    turn = np.deg2rad(pose.turn)
    corners = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    corners += np.array([pose.x * width, pose.y * height])
    source = np.array([[0, 0], [w, 0], [w, h], [0, h]], dtype=np.float32)
    return cv2.getPerspectiveTransform(source, corners.astype(np.float32))


def _shadow(picture: Pixels, alpha: Pixels, reach_px: float) -> None:
    """A tight dark edge where the thing touches the ground, and a wide soft one."""
    height, width = alpha.shape
    small = cv2.resize(alpha, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA)
    total = np.zeros(small.shape, np.float32)
    for spread, offset, strength in ((0.5, 0.35, 0.34), (2.2, 1.1, 0.30)):
        soft = cv2.GaussianBlur(small, (0, 0), max(0.5, spread * reach_px / 4)).astype(np.float32) / 255
        shift = floats([[1, 0, offset * reach_px / 4], [0, 1, offset * reach_px / 4]])
        total += strength * cv2.warpAffine(soft, shift, (small.shape[1], small.shape[0]))
    factor = cv2.resize(pixels(255 * (1 - total)), (width, height), interpolation=cv2.INTER_LINEAR)
    np.copyto(picture, cv2.multiply(picture, cv2.merge([factor] * 3), scale=1 / 255))


def box_of(mask: Pixels) -> Box:
    """The smallest box around what a mask mostly covers; the whole picture if that is nothing."""
    solid = mask >= SOLID
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    if not len(rows):
        return (0.0, 0.0, 1.0, 1.0)
    height, width = mask.shape
    return (
        float(columns[0] / width),
        float(rows[0] / height),
        float((columns[-1] + 1) / width),
        float((rows[-1] + 1) / height),
    )


def develop(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """The picture as a phone takes it indoors: warm or cool light from one side, vignette, softness, noise."""
    height, width = picture.shape[:2]
    warmth = rng.uniform(-0.06, 0.12)
    x, y = np.linspace(-1, 1, width, dtype=np.float32)[None], np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    angle = rng.uniform(0, 2 * np.pi)
    light = (
        rng.uniform(0.9, 1.04) + rng.uniform(0.03, 0.14) * (x * np.cos(angle) + y * np.sin(angle)) - 0.1 * (x**2 + y**2)
    )
    light = (light + 0.03 * waves(width, height, rng, across=2, down=2)).astype(np.float32)
    tint = floats((1 + warmth, 1 + warmth * 0.25, 1 - warmth))
    soft = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.4, 0.8))).astype(np.float32)
    noise = rng.standard_normal((height, width, 1), dtype=np.float32) * float(rng.uniform(2, 5))
    return pixels(soft * (light[..., None] * tint) + noise)
