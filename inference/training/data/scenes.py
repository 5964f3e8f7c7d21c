"""The detector's pictures: cut-outs composed on a background, real photos, and mosaics of them.

Every function takes its randomness as a generator, so the same seed draws the same picture.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from inference.images import Box, Pixels, squash
from inference.training.arrays import Floats, Ints, Mask, Rgba
from inference.training.data.augment import Rng, apply_warp, degrade, jitter_colours, random_warp
from inference.training.data.masks import box_of

DISTRACTOR: Final = -2
"""The label of what is pasted like garments but has no box."""
NO_BOXES: Final = (np.zeros((0, 4), np.float32), np.zeros(0, np.int64))


@dataclass(frozen=True, slots=True)
class Scene:
    """A square picture with boxes ``(k, 4)`` xyxy in 0..1 and labels ``(k,)``, -1 for an unknown one."""

    pixels: Pixels
    boxes: Floats
    labels: Ints


def tilt(garment: Rgba, rng: Rng, *, turn_deg: float) -> Rgba:
    """A cut-out turned and perhaps mirrored, cropped to its outline again."""
    if rng.random() < 0.5:
        garment = garment[:, ::-1]
    height, width = garment.shape[:2]
    side = int(np.hypot(height, width)) + 2
    matrix = np.asarray(
        cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-turn_deg, turn_deg), 1.0), np.float64
    )
    matrix[:, 2] += (side / 2 - width / 2, side / 2 - height / 2)
    turned = np.asarray(
        cv2.warpAffine(np.ascontiguousarray(garment), matrix, (side, side), flags=cv2.INTER_LINEAR), np.uint8
    )
    box = box_of(turned[..., 3] > 127) if (turned[..., 3] > 127).any() else Box(0, 0, 1, 1)
    return turned[round(box.y0 * side) : round(box.y1 * side), round(box.x0 * side) : round(box.x1 * side)]


def paste(canvas: Floats, garment: Rgba, box: Box) -> None:
    """The cut-out laid over a float canvas, in place, filling ``box``."""
    height, width = canvas.shape[:2]
    x0, x1 = round(box.x0 * width), max(round(box.x1 * width), round(box.x0 * width) + 1)
    y0, y1 = round(box.y0 * height), max(round(box.y1 * height), round(box.y0 * height) + 1)
    item = cv2.resize(garment, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA).astype(np.float32)
    alpha = item[..., 3:] / 255
    canvas[y0:y1, x0:x1] = canvas[y0:y1, x0:x1] * (1 - alpha) + item[..., :3] * alpha


def compose(background: Pixels, garments: list[Rgba], labels: Ints, rng: Rng, *, first_on_top: bool = False) -> Scene:
    """Cut-outs spread over a background, hardly overlapping; the first is placed largest, and pasted last if asked."""
    canvas: Floats = background.astype(np.float32)
    boxes: list[Floats] = []
    kept: list[tuple[Rgba, int]] = []
    for number, garment in enumerate(garments):
        item = tilt(garment, rng, turn_deg=18)
        item = np.dstack([jitter_colours(item[..., :3], rng, strength=0.7), item[..., 3]])
        box = _free_box(item, boxes, rng, crowd=len(garments))
        if box is not None:
            boxes.append(box)
            kept.append((item, int(labels[number])))
    order = list(range(len(kept)))
    if first_on_top:
        order = order[1:] + order[:1]
    for i in order:
        paste(canvas, kept[i][0], Box(*boxes[i]))
    order = [i for i in order if kept[i][1] != DISTRACTOR]
    return Scene(
        canvas.astype(np.uint8),
        np.array([boxes[i] for i in order], np.float32).reshape(-1, 4),
        np.array([kept[i][1] for i in order], np.int64),
    )


def _free_box(item: Rgba, taken: list[Floats], rng: Rng, *, crowd: int) -> Floats | None:
    """A box for the cut-out that covers little of the others, or None after some tries."""
    height, width = item.shape[:2]
    largest = {1: 0.95, 2: 0.7, 3: 0.6}.get(crowd, 0.5)
    for attempt in range(20):
        side = rng.uniform(0.16, largest) * (0.97**attempt)
        w, h = side * width / max(width, height), side * height / max(width, height)
        x, y = rng.uniform(0, 1 - w), rng.uniform(0, 1 - h)
        box = np.array([x, y, x + w, y + h])
        if all(_overlap(box, other) < 0.12 for other in taken):
            return box
    return None


def _overlap(one: Floats, other: Floats) -> float:
    """The share of the smaller box that lies in the other."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    areas = [float(np.prod(b[2:] - b[:2])) for b in (one, other)]
    return float(np.prod(np.clip(sides, 0, None))) / max(min(areas), 1e-9)


def photo_scene(pixels: Pixels, mask: Mask, label: int, rng: Rng, *, size_px: int) -> Scene:
    """One real photo, a little warped, with the box around its garment's outline."""
    matrix = random_warp(size_px, rng, turn_deg=6, tilt=0.03, crop=0.8)
    big = cv2.resize(mask.astype(np.uint8) * 255, (size_px, size_px), interpolation=cv2.INTER_LINEAR)
    seen = cv2.warpPerspective(big, matrix, (size_px, size_px)) > 127
    picture = degrade(jitter_colours(apply_warp(squash(pixels, size_px), matrix), rng), rng)
    if not seen.any():
        return Scene(picture, *NO_BOXES)
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
