"""Random changes of a picture: colours, lens, sensor and point of view; and the randomness itself."""

import hashlib

import cv2
import numpy as np

from inference.images import Pixels, squash
from inference.training.arrays import Floats

Rng = np.random.Generator


def keyed_rng(*key: int | str) -> Rng:
    """A generator that depends on nothing but its key."""
    digest = hashlib.sha256(repr(key).encode()).digest()
    return np.random.default_rng(np.frombuffer(digest[:16], np.uint32))


def jitter_colours(pixels: Pixels, rng: Rng, *, strength: float = 1.0) -> Pixels:
    """Another exposure, contrast, white balance and saturation."""
    x = pixels.astype(np.float32) / 255
    x = x ** np.exp(rng.normal(0, 0.22 * strength))
    x = (x - x.mean()) * np.exp(rng.normal(0, 0.18 * strength)) + x.mean() * np.exp(rng.normal(0, 0.12 * strength))
    grey = x.mean(2, keepdims=True)
    x = grey + (x - grey) * np.exp(rng.normal(0, 0.22 * strength))
    x = x * np.exp(rng.normal(0, 0.05 * strength, 3)).astype(np.float32)
    return np.asarray(np.clip(x, 0, 1) * 255).astype(np.uint8)


def shift_hue(pixels: Pixels, rng: Rng) -> Pixels:
    """Any other hue, and a little more or less saturation."""
    hue, saturation, value = cv2.split(cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV_FULL))
    hue = hue + np.uint8(rng.integers(256))  # wraps around, as hues do
    saturation = np.clip(saturation * rng.uniform(0.6, 1.4), 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(cv2.merge([hue, saturation, value]), cv2.COLOR_HSV2RGB_FULL), np.uint8)


def degrade(pixels: Pixels, rng: Rng) -> Pixels:
    """A small original, lens blur, sensor noise and JPEG, each only sometimes."""
    size = pixels.shape[1]
    found: cv2.typing.MatLike = pixels
    if rng.random() < 0.3:
        small = max(int(size * rng.uniform(0.35, 0.8)), 16)
        found = cv2.resize(squash(pixels, small), (size, pixels.shape[0]), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.3:
        found = cv2.GaussianBlur(found, (0, 0), rng.uniform(0.4, 1.6))
    if rng.random() < 0.4:
        noise = rng.normal(0, rng.uniform(2, 12), found.shape).astype(np.float32)
        found = np.clip(found + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 90))]
        decoded = cv2.imdecode(cv2.imencode(".jpg", found, quality)[1], cv2.IMREAD_COLOR)
        assert decoded is not None  # noqa: S101 - narrows a type
        found = decoded
    return np.asarray(found, np.uint8)


def random_warp(side: int, rng: Rng, *, turn_deg: float, tilt: float, crop: float) -> Floats:
    """A small rotation, perspective and crop of a square picture onto itself, ``(3, 3)``."""
    angle = np.deg2rad(rng.uniform(-turn_deg, turn_deg))
    scale = rng.uniform(crop, 1.0)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
    spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    source = corners @ spin.T * scale * np.exp(rng.uniform(-0.08, 0.08, 2)) + rng.uniform(-1, 1, 2) * (1 - scale)
    source = source + rng.uniform(-tilt, tilt, (4, 2))
    if rng.random() < 0.5:
        source = source[[1, 0, 3, 2]]
    to_pixels = (side - 1) / 2
    matrix = cv2.getPerspectiveTransform(
        ((source + 1) * to_pixels).astype(np.float32), ((corners + 1) * to_pixels).astype(np.float32)
    )
    return np.asarray(matrix, np.float64)


def apply_warp(pixels: Pixels, matrix: Floats) -> Pixels:
    """What a warp shows of a square picture; outside it the edge is mirrored."""
    side = pixels.shape[0]
    warped = cv2.warpPerspective(
        pixels, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(warped, np.uint8)
