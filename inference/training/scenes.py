"""Pictures made from photos: the three domains of the embedding, and the detector's scenes.

Every function takes its randomness as a generator, so the same seed draws the same picture.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from inference.images import Box, Pixels, squash
from inference.training.cutouts import box_of

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Scene:
    """A square picture and what is on it: boxes ``(k, 4)`` xyxy in 0..1, labels ``(k,)``, -1 unknown."""

    pixels: Pixels
    boxes: np.ndarray
    labels: np.ndarray


NOTHING: Final = (np.zeros((0, 4), np.float32), np.zeros(0, np.int64))


# --- light and lens -------------------------------------------------------------------------------


def relit(pixels: Pixels, rng: Rng, *, strength: float = 1.0) -> Pixels:
    """Another exposure, contrast, white balance and saturation."""
    x = pixels.astype(np.float32) / 255
    x = x ** np.exp(rng.normal(0, 0.22 * strength))
    x = (x - x.mean()) * np.exp(rng.normal(0, 0.18 * strength)) + x.mean() * np.exp(rng.normal(0, 0.12 * strength))
    grey = x.mean(2, keepdims=True)
    x = grey + (x - grey) * np.exp(rng.normal(0, 0.22 * strength))
    x = x * np.exp(rng.normal(0, 0.05 * strength, 3)).astype(np.float32)
    return (np.clip(x, 0, 1) * 255).astype(np.uint8)


def worn_out(pixels: Pixels, rng: Rng) -> Pixels:
    """Lens blur, sensor noise, a small original and JPEG, each only sometimes."""
    size = pixels.shape[1]
    if rng.random() < 0.3:
        small = max(int(size * rng.uniform(0.35, 0.8)), 16)
        pixels = cv2.resize(squash(pixels, small), (size, pixels.shape[0]), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.3:
        pixels = cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.4, 1.6))
    if rng.random() < 0.4:
        noise = rng.normal(0, rng.uniform(2, 12), pixels.shape).astype(np.float32)
        pixels = np.clip(pixels + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 90))]
        pixels = cv2.imdecode(cv2.imencode(".jpg", pixels, quality)[1], cv2.IMREAD_COLOR)
    return pixels


def warp(side: int, rng: Rng, *, turn_deg: float, tilt: float, crop: float) -> np.ndarray:
    """A random small rotation, perspective and crop of a square picture onto itself, ``(3, 3)``."""
    angle = np.deg2rad(rng.uniform(-turn_deg, turn_deg))
    scale = rng.uniform(crop, 1.0)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
    spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    source = corners @ spin.T * scale * np.exp(rng.uniform(-0.08, 0.08, 2)) + rng.uniform(-1, 1, 2) * (1 - scale)
    source = source + rng.uniform(-tilt, tilt, (4, 2))
    if rng.random() < 0.5:
        source = source[[1, 0, 3, 2]]
    to_pixels = (side - 1) / 2
    return cv2.getPerspectiveTransform(
        ((source + 1) * to_pixels).astype(np.float32), ((corners + 1) * to_pixels).astype(np.float32)
    )


def warped(pixels: Pixels, matrix: np.ndarray) -> Pixels:
    """The square picture seen through a warp; what comes from outside repeats the edge."""
    side = pixels.shape[0]
    return cv2.warpPerspective(pixels, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


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
    x0, y0, x1, y1 = scene.boxes[-1] + np.repeat([rng.normal(0, 0.035, 4)], 1, 0)[0] * np.tile(
        scene.boxes[-1][2:] - scene.boxes[-1][:2], 2
    )
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


# --- grounds without garments ---------------------------------------------------------------------


def ground_from(pixels: Pixels, mask: np.ndarray, rng: Rng, *, size_px: int) -> Pixels:
    """A wall or floor: what a photo shows beside its garment, or something drawn."""
    kind = rng.random()
    if kind < 0.45:
        return _corner(pixels, mask, rng, size_px=size_px)
    if kind < 0.65:
        return _painted_over(pixels, mask, rng, size_px=size_px)
    return drawn_ground(rng, size_px=size_px)


def _corner(pixels: Pixels, mask: np.ndarray, rng: Rng, *, size_px: int) -> Pixels:
    """A patch from outside the garment's box, mirrored until it fills the picture."""
    box, (height, width) = box_of(mask), pixels.shape[:2]
    strips = [
        pixels[: int(box.y0 * height)],
        pixels[int(box.y1 * height) :],
        pixels[:, : int(box.x0 * width)],
        pixels[:, int(box.x1 * width) :],
    ]
    patch = strips[int(np.argmax([min(s.shape[:2]) for s in strips]))]
    if min(patch.shape[:2]) < 8:
        return _painted_over(pixels, mask, rng, size_px=size_px)
    scale = rng.uniform(0.8, 3.0) * size_px / 256
    patch = cv2.resize(patch, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    down, right = size_px - patch.shape[0], size_px - patch.shape[1]
    filled = cv2.copyMakeBorder(patch, 0, max(down, 0), 0, max(right, 0), cv2.BORDER_REFLECT)
    return relit(filled[:size_px, :size_px], rng)


def _painted_over(pixels: Pixels, mask: np.ndarray, rng: Rng, *, size_px: int) -> Pixels:
    """The photo with its garment painted over from the surroundings."""
    small = squash(pixels, 64)
    hole = cv2.dilate(cv2.resize(mask.astype(np.uint8), (64, 64)), np.ones((7, 7), np.uint8))
    clean = cv2.inpaint(small, hole, 3, cv2.INPAINT_TELEA)
    grown = cv2.resize(clean, (size_px, size_px), interpolation=cv2.INTER_CUBIC)
    grain = rng.normal(0, rng.uniform(0, 6), (size_px, size_px, 1))
    return relit(np.clip(grown + grain, 0, 255).astype(np.uint8), rng)


def drawn_ground(rng: Rng, *, size_px: int) -> Pixels:
    """A gradient with stripes, spots, shapes or noise: a room without garments, roughly."""
    y, x = np.mgrid[0:size_px, 0:size_px].astype(np.float32) / size_px
    angle = rng.uniform(0, 2 * np.pi)
    t = (x * np.cos(angle) + y * np.sin(angle))[..., None]
    near, far = rng.uniform(0, 255, 3), rng.uniform(0, 255, 3)
    if rng.random() < 0.5:
        far = np.clip(near + rng.normal(0, 25, 3), 0, 255)
    canvas = near + (far - near) * (t - t.min()) / (np.ptp(t) + 1e-6)
    if rng.random() < 0.3:
        canvas = canvas + np.sign(np.sin(t * rng.uniform(20, 120))) * rng.uniform(3, 40)
    if rng.random() < 0.3:
        coarse = rng.normal(0, rng.uniform(5, 40), (rng.integers(3, 40), rng.integers(3, 40), 3)).astype(np.float32)
        canvas = canvas + cv2.resize(coarse, (size_px, size_px), interpolation=cv2.INTER_CUBIC)
    canvas = np.ascontiguousarray(np.clip(canvas, 0, 255).astype(np.uint8))
    for _ in range(int(rng.integers(0, 7)) if rng.random() < 0.5 else 0):
        _shape(canvas, rng)
    return np.clip(canvas + rng.normal(0, rng.uniform(0, 8), canvas.shape), 0, 255).astype(np.uint8)


def _shape(canvas: Pixels, rng: Rng) -> None:
    """Furniture, very roughly: a rectangle, disc, line or word, in place."""
    size = canvas.shape[0]
    colour = tuple(int(c) for c in rng.integers(0, 256, 3))
    a, b = ((int(v[0]), int(v[1])) for v in rng.integers(0, size, (2, 2)))
    kind = rng.integers(4)
    if kind == 0:
        cv2.rectangle(canvas, a, b, colour, int(rng.choice([-1, 2, 4])))
    elif kind == 1:
        cv2.circle(canvas, a, int(rng.integers(5, size // 3)), colour, int(rng.choice([-1, 3])), cv2.LINE_AA)
    elif kind == 2:
        cv2.line(canvas, a, b, colour, int(rng.integers(1, 12)), cv2.LINE_AA)
    else:
        word = "".join(chr(c) for c in rng.integers(65, 91, int(rng.integers(2, 9))))
        cv2.putText(canvas, word, a, cv2.FONT_HERSHEY_SIMPLEX, float(rng.uniform(0.4, 2)), colour, 2, cv2.LINE_AA)
