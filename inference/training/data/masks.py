"""Garments cut out of their photos by GrabCut: what catalogue pictures and composed scenes are made of."""

from typing import Final

import cv2
import numpy as np

from inference.images import Box, Pixels, squash

MASK_PX: Final = 144
INSET: Final = 0.07
ROUNDS: Final = 3
AREAS: Final = (0.06, 0.90)
"""Masks covering less or more of the photo than this are not a garment's outline."""


def cut_out(pixels: Pixels) -> np.ndarray | None:
    """Where the garment is, ``(144, 144) bool`` over the squashed photo; None if no clear outline was found."""
    small = squash(pixels, MASK_PX)
    margin = round(INSET * MASK_PX)
    mask = np.zeros((MASK_PX, MASK_PX), np.uint8)
    inside = (margin, margin, MASK_PX - 2 * margin, MASK_PX - 2 * margin)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    cv2.grabCut(small, mask, inside, background, foreground, ROUNDS, cv2.GC_INIT_WITH_RECT)
    garment = _largest((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD))
    return garment if AREAS[0] <= garment.mean() <= AREAS[1] else None


def _largest(mask: np.ndarray) -> np.ndarray:
    """The largest connected piece, its holes filled."""
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros(mask.shape, np.uint8)
    if outlines:
        cv2.drawContours(filled, [max(outlines, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    return filled.astype(bool)


def box_of(mask: np.ndarray) -> Box:
    """The smallest box around a mask that is not empty."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    height, width = mask.shape
    return Box(columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height)


def sprite(pixels: Pixels, mask: np.ndarray) -> np.ndarray:
    """The garment alone with soft edges, cropped to its box, ``(h, w, 4) uint8`` with alpha last."""
    height, width = pixels.shape[:2]
    alpha = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    alpha = (np.clip(alpha * 2 - 0.6, 0, 1) * 255).astype(np.uint8)
    if not alpha.any():
        alpha[:] = 255
    return cropped(np.dstack([pixels, alpha]))


def cropped(item: np.ndarray, *, over: int = 0) -> np.ndarray:
    """What has alpha last, ``(h, w, 4) uint8``, without the margins where none is above ``over``."""
    height, width = item.shape[:2]
    box = box_of(item[..., 3] > over)
    return item[round(box.y0 * height) : round(box.y1 * height), round(box.x0 * width) : round(box.x1 * width)]
