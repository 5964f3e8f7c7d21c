"""How far copies of a picture are from it, and other pictures: where NEAR_DUPLICATE_BITS comes from."""

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from inference.images import Box, Pixels, decode, pixels_inside
from inference.training.data.photos import Photo
from tests.bench.products.gallery import Models

MIN_PRECISION: Final = 0.99
MAX_BITS: Final = 96

Copy = Callable[[Pixels], Pixels]


def resaved(kind: str, quality: int) -> Copy:
    """Written again and read, as another site does."""

    def copy(pixels: Pixels) -> Pixels:
        written = io.BytesIO()
        Image.fromarray(pixels).save(written, kind, quality=quality)
        return decode(written.getvalue())

    return copy


def resized(scale: float) -> Copy:
    """Scaled, and saved as a good JPEG."""

    def copy(pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        kernel = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        size = (max(round(width * scale), 8), max(round(height * scale), 8))
        return resaved("JPEG", 90)(np.asarray(cv2.resize(pixels, size, interpolation=kernel), np.uint8))

    return copy


def cropped(share: float) -> Copy:
    """Without the outer ``share`` on every side, saved as a good JPEG."""

    def copy(pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        (left, right), (top, bottom) = pixels_inside(Box(share, share, 1 - share, 1 - share), width, height)
        return resaved("JPEG", 90)(np.ascontiguousarray(pixels[top:bottom, left:right]))

    return copy


COPIES: Final[dict[str, Copy]] = {
    "JPEG quality 85": resaved("JPEG", 85),
    "JPEG quality 70": resaved("JPEG", 70),
    "JPEG quality 50": resaved("JPEG", 50),
    "WebP quality 75": resaved("WEBP", 75),
    "three quarters of the size": resized(0.75),
    "half the size": resized(0.5),
    "one and a half times the size": resized(1.5),
    "3 % cut off every edge": cropped(0.03),
    "5 % cut off every edge": cropped(0.05),
}


@dataclass(frozen=True, slots=True)
class Distances:
    """Bits between copies and their originals, by kind, and between copies and every other person's photo."""

    own: dict[str, list[int]]
    others: npt.NDArray[Any]  # (copies, photos) int; MAX where the photographer is the same


def measure(photos: Sequence[Photo], gallery: Sequence[Photo], models: Models) -> Distances:
    """Copies of ``photos`` against their originals and against ``gallery``."""
    codes = np.array([np.frombuffer(models.codes(photo.pixels())[0], np.uint8) for photo in gallery])
    photographers = np.array([photo.photographer for photo in gallery])
    own: dict[str, list[int]] = {kind: [] for kind in COPIES}
    others = []
    for photo in photos:
        pixels = photo.pixels()
        original = np.frombuffer(models.codes(pixels)[0], np.uint8)
        for kind, copy in COPIES.items():
            code = np.frombuffer(models.codes(copy(pixels))[0], np.uint8)
            own[kind].append(int(_bits(code, original[None])[0]))
            distances = _bits(code, codes)
            distances[photographers == photo.photographer] = 256
            others.append(distances)
    return Distances(own, np.array(others))


def scores_at(distances: Distances, bits: int) -> dict[str, Any]:
    """Precision and recall of taking everything within ``bits`` for the same picture."""
    own = np.array([each for kind in distances.own.values() for each in kind])
    right, wrong = int((own <= bits).sum()), int((distances.others <= bits).sum())
    return {
        "bits": bits,
        "recall": round(right / len(own), 4),
        "precision": round(right / max(right + wrong, 1), 4),
        "recall_by_copy": {
            name: round(float((np.array(kind) <= bits).mean()), 4) for name, kind in distances.own.items()
        },
    }


def best_bits(distances: Distances) -> int:
    """The widest threshold that keeps the precision."""
    kept = [bits for bits in range(MAX_BITS) if scores_at(distances, bits)["precision"] >= MIN_PRECISION]
    return max(kept, default=0)


def report(distances: Distances, *, set_bits: int) -> dict[str, Any]:
    """Everything about the threshold, as ``docs/benchmarks/products.json`` keeps it."""
    nearest = distances.others.min(axis=1)
    return {
        "copies": sum(map(len, distances.own.values())),
        "gallery": int(distances.others.shape[1]),
        "set": scores_at(distances, set_bits),
        "widest_at_precision": {"precision": MIN_PRECISION, "bits": best_bits(distances)},
        "bits_by_copy": {name: _percentiles(kind) for name, kind in distances.own.items()},
        "nearest_other_photo_bits": {"min": int(nearest.min()), **_percentiles(nearest)},
        "by_bits": [scores_at(distances, bits) for bits in range(16, 73, 8)],
    }


def _percentiles(values: Iterable[int] | npt.NDArray[Any]) -> dict[str, int]:
    median, p95 = np.percentile(np.array(list(values)), [50, 95])
    return {"median": round(float(median)), "p95": round(float(p95))}


def _bits(code: npt.NDArray[Any], codes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    bits: npt.NDArray[Any] = np.unpackbits(codes ^ code[None], axis=1).sum(axis=1).astype(np.int64)
    return bits
