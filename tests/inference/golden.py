"""Pictures that anyone can draw again, and the codes that they have: the same on every engine."""

from pathlib import Path

import cv2
import numpy as np

from inference.images import Pixels


def golden_pictures(size_px: int) -> Pixels:
    """Shapes on gradients, ``(8, size, size, 3) uint8``."""
    pictures = np.zeros((8, size_px, size_px, 3), np.uint8)
    ramp = np.linspace(0, 255, size_px, dtype=np.uint8)
    for number, picture in enumerate(pictures):
        picture[..., 0], picture[..., 1], picture[..., 2] = ramp[None], ramp[:, None], 30 * number
        middle, radius = (size_px // 2, size_px // 2), size_px // (3 + number)
        if number % 2:
            cv2.circle(picture, middle, radius, (20 * number, 200, 90), cv2.FILLED)
        else:
            corner = (middle[0] + radius, middle[1] + radius // 2)
            cv2.rectangle(picture, (radius, radius // 2), corner, (240, 30 * number, 60), cv2.FILLED)
    return pictures


def golden_codes() -> Pixels:
    """``(8, 32) uint8``."""
    lines = (Path(__file__).parent / "golden_codes.txt").read_text().split()
    return np.array([list(bytes.fromhex(line)) for line in lines], np.uint8)
