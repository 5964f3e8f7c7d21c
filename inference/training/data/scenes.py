"""Pictures made from photos: the three domains of the embedding, and the detector's scenes.

Every function takes its randomness as a generator, so the same seed draws the same picture.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from inference.images import Box, Pixels, squash
from inference.training.data.augment import Rng, relit, warp, warped, worn_out
from inference.training.data.masks import box_of


@dataclass(frozen=True, slots=True)
class Scene:
    """A square picture and what is on it: boxes ``(k, 4)`` xyxy in 0..1, labels ``(k,)``, -1 unknown."""

    pixels: Pixels
    boxes: np.ndarray
    labels: np.ndarray


NO_GARMENT: Final = -2
"""The label of things that are pasted like garments and have no box."""
NOTHING: Final = (np.zeros((0, 4), np.float32), np.zeros(0, np.int64))


# --- the embedding's domains ----------------------------------------------------------------------


def camera_view(pixels: Pixels, rng: Rng, *, size_px: int) -> Pixels:
    """The photo as another phone might have taken it."""
    matrix = warp(size_px, rng, turn_deg=14, tilt=0.07, crop=0.68)
    return worn_out(relit(warped(squash(pixels, size_px), matrix), rng), rng)


def catalogue_view(garment: np.ndarray, rng: Rng, *, size_px: int) -> Pixels:
    """The garment alone on a plain light ground, as shops show it."""
    ground = np.full((size_px, size_px, 3), rng.integers(225, 256) if rng.random() < 0.6 else 255, np.float32)
    if rng.random() < 0.25:
        ground[:] = rng.uniform(200, 255, 3)
    margin = rng.uniform(0.02, 0.14)
    item = tilted(np.dstack([relit(garment[..., :3], rng, strength=0.4), garment[..., 3]]), rng, turn_deg=5)
    paste(ground, item, Box(margin, margin, 1 - margin, 1 - margin))
    return ground.astype(np.uint8)


def web_view(garment: np.ndarray, ground: Pixels, others: list[np.ndarray], rng: Rng, *, size_px: int) -> Pixels:
    """The garment as an object found in a composed scene: cropped by a box that is a little off."""
    scene = composed(ground, [garment, *others], np.zeros(1 + len(others), np.int64), rng, first_on_top=True)
    sides = scene.boxes[-1][2:] - scene.boxes[-1][:2]
    x0, y0, x1, y1 = scene.boxes[-1] + rng.normal(0, 0.035, 4) * np.tile(sides, 2)
    return worn_out(squash(scene.pixels, size_px, Box(max(x0, 0), max(y0, 0), min(x1, 1), min(y1, 1))), rng)


# --- the detector's scenes ------------------------------------------------------------------------


def tilted(garment: np.ndarray, rng: Rng, *, turn_deg: float) -> np.ndarray:
    """A cut-out turned and perhaps mirrored, still cropped to its outline."""
    if rng.random() < 0.5:
        garment = garment[:, ::-1]
    height, width = garment.shape[:2]
    side = int(np.hypot(height, width)) + 2
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-turn_deg, turn_deg), 1.0)
    matrix[:, 2] += (side / 2 - width / 2, side / 2 - height / 2)
    turned = cv2.warpAffine(np.ascontiguousarray(garment), matrix, (side, side), flags=cv2.INTER_LINEAR)
    box = box_of(turned[..., 3] > 127) if (turned[..., 3] > 127).any() else Box(0, 0, 1, 1)
    return turned[round(box.y0 * side) : round(box.y1 * side), round(box.x0 * side) : round(box.x1 * side)]


def paste(canvas: np.ndarray, garment: np.ndarray, box: Box) -> None:
    """The cut-out laid over a float canvas, in place, filling ``box``."""
    height, width = canvas.shape[:2]
    x0, x1 = round(box.x0 * width), max(round(box.x1 * width), round(box.x0 * width) + 1)
    y0, y1 = round(box.y0 * height), max(round(box.y1 * height), round(box.y0 * height) + 1)
    item = cv2.resize(garment, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA).astype(np.float32)
    alpha = item[..., 3:] / 255
    canvas[y0:y1, x0:x1] = canvas[y0:y1, x0:x1] * (1 - alpha) + item[..., :3] * alpha


def composed(
    ground: Pixels, garments: list[np.ndarray], labels: np.ndarray, rng: Rng, *, first_on_top: bool = False
) -> Scene:
    """Cut-outs spread over a ground, hardly overlapping; the first is placed largest, and last if asked."""
    canvas = ground.astype(np.float32)
    boxes: list[np.ndarray] = []
    kept: list[tuple[np.ndarray, int]] = []
    for number, garment in enumerate(garments):
        item = tilted(garment, rng, turn_deg=18)
        item = np.dstack([relit(item[..., :3], rng, strength=0.7), item[..., 3]])
        place = _free_place(item, boxes, rng, crowd=len(garments))
        if place is not None:
            boxes.append(place)
            kept.append((item, int(labels[number])))
    order = list(range(len(kept)))
    if first_on_top:
        order = order[1:] + order[:1]
    for i in order:
        paste(canvas, kept[i][0], Box(*boxes[i]))
    order = [i for i in order if kept[i][1] != NO_GARMENT]
    return Scene(
        canvas.astype(np.uint8),
        np.array([boxes[i] for i in order], np.float32).reshape(-1, 4),
        np.array([kept[i][1] for i in order], np.int64),
    )


def _free_place(item: np.ndarray, taken: list[np.ndarray], rng: Rng, *, crowd: int) -> np.ndarray | None:
    """A box for the cut-out that covers little of the others, or None after some tries."""
    height, width = item.shape[:2]
    largest = {1: 0.95, 2: 0.7, 3: 0.6}.get(crowd, 0.5)
    for attempt in range(20):
        side = rng.uniform(0.16, largest) * (0.97**attempt)
        w, h = side * width / max(width, height), side * height / max(width, height)
        x, y = rng.uniform(0, 1 - w), rng.uniform(0, 1 - h)
        box = np.array([x, y, x + w, y + h])
        if all(_cover(box, other) < 0.12 for other in taken):
            return box
    return None


def _cover(one: np.ndarray, other: np.ndarray) -> float:
    """The share of the smaller box that lies in the other."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    areas = [float(np.prod(b[2:] - b[:2])) for b in (one, other)]
    return float(np.prod(np.clip(sides, 0, None))) / max(min(areas), 1e-9)


def whole_photo(pixels: Pixels, mask: np.ndarray, label: int, rng: Rng, *, size_px: int) -> Scene:
    """One real photo, a little warped, with the box around its garment's outline."""
    matrix = warp(size_px, rng, turn_deg=6, tilt=0.03, crop=0.8)
    big = cv2.resize(mask.astype(np.uint8) * 255, (size_px, size_px), interpolation=cv2.INTER_LINEAR)
    seen = cv2.warpPerspective(big, matrix, (size_px, size_px)) > 127
    picture = worn_out(relit(warped(squash(pixels, size_px), matrix), rng), rng)
    if not seen.any():
        return Scene(picture, *NOTHING)
    box = box_of(seen)
    return Scene(picture, np.array([[box.x0, box.y0, box.x1, box.y1]], np.float32), np.array([label]))


def mosaic(parts: list[Scene], rows: int, columns: int, *, size_px: int) -> Scene:
    """Scenes side by side in a grid, read row by row."""
    canvas = np.zeros((size_px, size_px, 3), np.uint8)
    boxes, labels = [], []
    xs, ys = np.linspace(0, size_px, columns + 1).astype(int), np.linspace(0, size_px, rows + 1).astype(int)
    for number, part in enumerate(parts):
        row, column = divmod(number, columns)
        x0, x1, y0, y1 = xs[column], xs[column + 1], ys[row], ys[row + 1]
        canvas[y0:y1, x0:x1] = cv2.resize(part.pixels, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
        scale = np.array([x1 - x0, y1 - y0, x1 - x0, y1 - y0]) / size_px
        boxes.append(part.boxes * scale + np.array([x0, y0, x0, y0]) / size_px)
        labels.append(part.labels)
    return Scene(canvas, np.concatenate(boxes).astype(np.float32), np.concatenate(labels))
