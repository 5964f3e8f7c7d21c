"""What is not a garment: walls and floors, and things lying about."""

from typing import Final

import cv2
import numpy as np

from inference.images import Pixels, squash
from inference.training.data.augment import Rng, relit
from inference.training.data.masks import box_of, cropped

WHITE: Final = 240
"""The darkest channel of what counts as white paper."""
LEAST_SHARE: Final = 0.03
"""What stands on white covers at least so much of its picture; less is no thing but a line or two."""


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


def thing(pixels: Pixels, rng: Rng) -> np.ndarray:
    """Something that is no garment though it may be made of cloth: a random outline filled with a piece of a
    photo or a colour, shaded, ``(128, 128, 4) uint8`` with alpha last.
    """
    side = 128
    fill = np.empty((side, side, 3), np.uint8)
    if rng.random() < 0.5:
        height, width = pixels.shape[:2]
        piece = int(min(height, width) * rng.uniform(0.15, 0.45))
        y, x = int(rng.integers(0, height - piece)), int(rng.integers(0, width - piece))
        fill = squash(pixels[y : y + piece, x : x + piece], side)
    else:
        fill[:] = rng.integers(0, 256, 3)
    lit = np.linspace(rng.uniform(0.5, 1.3), rng.uniform(0.5, 1.3), side)[None, :, None]
    shaded = np.clip(fill * (lit if rng.random() < 0.5 else lit.transpose(1, 0, 2)), 0, 255).astype(np.uint8)
    alpha = np.zeros((side, side), np.uint8)
    cv2.fillPoly(alpha, [_outline(rng, side)], 255, cv2.LINE_AA)
    if rng.random() < 0.4:
        cv2.polylines(shaded, [_outline(rng, side)], True, tuple(int(c) for c in rng.integers(0, 256, 3)), 3)
    return cropped(np.dstack([shaded, alpha]), over=127)


def free_standing(picture: Pixels) -> np.ndarray:
    """What stands on a picture's white ground, ``(h, w, 4) uint8``; all of it where there is no such ground, as a
    print of it might lie about.
    """
    height, width = picture.shape[:2]
    paper, outside = picture.copy(), np.zeros((height + 2, width + 2), np.uint8)
    for corner in ((0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)):
        if picture[corner[1], corner[0]].min() >= WHITE and not outside[corner[1] + 1, corner[0] + 1]:
            how = 4 | (255 << 8) | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE
            cv2.floodFill(paper, outside, corner, 0, (255 - WHITE,) * 3, (255 - WHITE,) * 3, how)
    alpha = 255 - outside[1:-1, 1:-1]
    if (alpha > 0).mean() < LEAST_SHARE:
        alpha[:] = 255
    return cropped(np.dstack([picture, alpha]))


def _outline(rng: Rng, side: int) -> np.ndarray:
    """A rectangle, disc, star or soft blob, ``(k, 2) int32`` pixels."""
    kind = rng.integers(4)
    corners = {0: 4, 1: 40, 2: 2 * int(rng.integers(3, 9)), 3: 40}[int(kind)]
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False) + (np.pi / 4 if kind == 0 else rng.uniform(0, 6))
    radii = np.ones(corners)
    if kind == 2:
        radii[::2] = rng.uniform(0.3, 0.8)
    if kind == 3:
        for wave in range(1, 5):
            radii += rng.uniform(-0.3, 0.3) / wave * np.cos(wave * angles + rng.uniform(0, 6))
    stretch = np.array([1.0, rng.uniform(0.25, 1.0)])
    points = np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None] * stretch
    return np.int32((points / np.abs(points).max() * 0.47 + 0.5) * side)
