"""Pictures without garments for cut-outs to lie on: walls and floors of photos, and drawn ones."""

import cv2
import numpy as np

from inference.images import Pixels, squash
from inference.training.arrays import Mask
from inference.training.data.augment import Rng, jitter_colours
from inference.training.data.masks import box_of


def background(pixels: Pixels, mask: Mask, rng: Rng, *, size_px: int) -> Pixels:
    """A wall or floor: what a photo shows outside its garment, or something drawn."""
    kind = rng.random()
    if kind < 0.45:
        return _outer_strip(pixels, mask, rng, size_px=size_px)
    if kind < 0.65:
        return _inpainted(pixels, mask, rng, size_px=size_px)
    return drawn_background(rng, size_px=size_px)


def _outer_strip(pixels: Pixels, mask: Mask, rng: Rng, *, size_px: int) -> Pixels:
    """The widest strip outside the garment's box, mirrored until it fills the picture."""
    box, (height, width) = box_of(mask), pixels.shape[:2]
    strips = [
        pixels[: int(box.y0 * height)],
        pixels[int(box.y1 * height) :],
        pixels[:, : int(box.x0 * width)],
        pixels[:, int(box.x1 * width) :],
    ]
    patch = strips[int(np.argmax([min(s.shape[:2]) for s in strips]))]
    if min(patch.shape[:2]) < 8:
        return _inpainted(pixels, mask, rng, size_px=size_px)
    scale = rng.uniform(0.8, 3.0) * size_px / 256
    scaled = cv2.resize(patch, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    down, right = size_px - scaled.shape[0], size_px - scaled.shape[1]
    filled = cv2.copyMakeBorder(scaled, 0, max(down, 0), 0, max(right, 0), cv2.BORDER_REFLECT)
    return jitter_colours(np.asarray(filled[:size_px, :size_px], np.uint8), rng)


def _inpainted(pixels: Pixels, mask: Mask, rng: Rng, *, size_px: int) -> Pixels:
    """The photo with its garment filled in from the surroundings."""
    small = squash(pixels, 64)
    hole = cv2.dilate(cv2.resize(mask.astype(np.uint8), (64, 64)), np.ones((7, 7), np.uint8))
    clean = cv2.inpaint(small, hole, 3, cv2.INPAINT_TELEA)
    grown = cv2.resize(clean, (size_px, size_px), interpolation=cv2.INTER_CUBIC)
    grain = rng.normal(0, rng.uniform(0, 6), (size_px, size_px, 1))
    return jitter_colours(np.clip(grown + grain, 0, 255).astype(np.uint8), rng)


def drawn_background(rng: Rng, *, size_px: int) -> Pixels:
    """A gradient with stripes, spots, shapes or noise: very roughly, a room without garments."""
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
        _draw_shape(canvas, rng)
    return np.asarray(np.clip(canvas + rng.normal(0, rng.uniform(0, 8), canvas.shape), 0, 255)).astype(np.uint8)


def _draw_shape(canvas: Pixels, rng: Rng) -> None:
    """Draws a rectangle, disc, line or word in place: very roughly, furniture."""
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
