"""Where the garment of each photo is, found by GrabCut; catalogue pictures and composed scenes are made from it."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from tqdm import tqdm

from inference.images import Box, Pixels, squash
from inference.training.arrays import Mask, Rgba
from inference.training.data.photos import Photo
from inference.training.data.workers import FORK

MASK_PX: Final = 144
INSET: Final = 0.07
ROUNDS: Final = 3
AREAS: Final = (0.06, 0.90)
"""Masks that cover less or more of the photo than this are taken for failures of GrabCut."""


@dataclass(frozen=True, slots=True)
class GarmentMasks:
    """The mask of each photo; where GrabCut found none, ``is_clear`` is False and the mask an inner rectangle."""

    masks: Mask  # (n, 144, 144)
    is_clear: Mask  # (n,)


def find_masks(photos: Sequence[Photo], path: Path, *, workers: int) -> GarmentMasks:
    """The masks of all photos, read from ``path`` if they were found before."""
    if not path.is_file():
        with ProcessPoolExecutor(workers, FORK, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
            found = list(
                tqdm(pool.map(_photo_mask, photos, chunksize=16), "masks", len(photos), mininterval=5, leave=False)
            )
        clear = np.array([mask is not None for mask in found])
        masks = np.stack([_inner_rectangle() if mask is None else mask for mask in found])
        np.savez_compressed(path, masks=np.packbits(masks, axis=-1), is_clear=clear)
    with np.load(path) as kept:
        return GarmentMasks(np.unpackbits(kept["masks"], axis=-1).astype(bool), kept["is_clear"])


def _photo_mask(photo: Photo) -> Mask | None:
    return garment_mask(photo.pixels())


def garment_mask(pixels: Pixels) -> Mask | None:
    """``(144, 144)`` over the squashed photo; None if GrabCut finds nothing of a garment's size."""
    small = squash(pixels, MASK_PX)
    margin = round(INSET * MASK_PX)
    mask = np.zeros((MASK_PX, MASK_PX), np.uint8)
    inside = (margin, margin, MASK_PX - 2 * margin, MASK_PX - 2 * margin)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    cv2.grabCut(small, mask, inside, background, foreground, ROUNDS, cv2.GC_INIT_WITH_RECT)
    garment = _largest_piece((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD))
    return garment if AREAS[0] <= garment.mean() <= AREAS[1] else None


def _largest_piece(mask: Mask) -> Mask:
    """The largest connected piece, its holes filled."""
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros(mask.shape, np.uint8)
    if outlines:
        cv2.drawContours(filled, [max(outlines, key=cv2.contourArea)], -1, (1,), cv2.FILLED)
    return filled.astype(bool)


def _inner_rectangle() -> Mask:
    mask = np.zeros((MASK_PX, MASK_PX), bool)
    edge = round(MASK_PX * INSET)
    mask[edge:-edge, edge:-edge] = True
    return mask


def box_of(mask: Mask) -> Box:
    """The smallest box around a mask that is not empty."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    height, width = mask.shape
    return Box(columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height)


def cut_out(pixels: Pixels, mask: Mask) -> Rgba:
    """The garment alone with soft edges, cropped to its box."""
    height, width = pixels.shape[:2]
    soft = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    alpha = (np.clip(soft * 2 - 0.6, 0, 1) * 255).astype(np.uint8)
    if not alpha.any():
        alpha[:] = 255
    return crop_to_alpha(np.dstack([pixels, alpha]))


def crop_to_alpha(item: Rgba, *, over: int = 0) -> Rgba:
    """Without the margins where no alpha is above ``over``."""
    height, width = item.shape[:2]
    box = box_of(item[..., 3] > over)
    return item[round(box.y0 * height) : round(box.y1 * height), round(box.x0 * width) : round(box.x1 * width)]
