"""Broad pictures: pictures of anything, from which the embedding learns to browse beyond garments."""

from dataclasses import dataclass
from pathlib import Path

from inference.images import Pixels, squash
from inference.tensors import EMBED
from inference.training.data.augment import keyed_rng
from inference.training.data.photo_pool import PhotoPool
from inference.training.data.photos import read_pixels
from inference.training.data.views import camera_view


@dataclass(frozen=True, slots=True)
class BroadPictures:
    """The given files, then ``made`` pictures from a pool. A picture can have any number of views."""

    files: tuple[Path, ...]
    made: int
    pool: PhotoPool
    seed: int

    def __len__(self) -> int:
        return len(self.files) + self.made

    def view(self, index: int, number: int) -> Pixels:
        """View ``number`` of a picture, ``(224, 224, 3) uint8``; view 0 is the picture itself."""
        if index < len(self.files):
            pixels = read_pixels(self.files[index])
        else:
            pixels = self.pool.anything(keyed_rng("broad", self.seed, index - len(self.files)))
        if number == 0:
            return squash(pixels, EMBED.image_size_px)
        return camera_view(pixels, keyed_rng("broad view", self.seed, index, number), size_px=EMBED.image_size_px)
