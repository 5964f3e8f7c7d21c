"""A small pool of photos."""

import numpy as np
import pytest

from inference.training.data.masks import MASK_PX, GarmentMasks
from inference.training.data.photo_pool import PhotoPool
from inference.training.data.photos import Photo


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> PhotoPool:
    """Eight photos of squares; the last two belong to another part."""
    import cv2

    folder = tmp_path_factory.mktemp("photos")
    photos = []
    for i in range(8):
        pixels = np.full((96, 80, 3), 30 * i, np.uint8)
        pixels[20:70, 20:60] = (255 - 30 * i, 90, 120)
        path = folder / f"{i}.png"
        cv2.imwrite(str(path), pixels)
        photos.append(Photo(path, str(i // 2), i % 2))
    masks = np.zeros((8, MASK_PX, MASK_PX), bool)
    masks[:, 30:105, 36:108] = True
    return PhotoPool(tuple(photos), GarmentMasks(masks, np.ones(8, bool)), np.arange(6))
