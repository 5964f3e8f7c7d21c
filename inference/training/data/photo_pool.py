"""The photos of some parts with their masks, and what is drawn from them."""

from dataclasses import dataclass
from pathlib import Path

from inference.images import Pixels, squash
from inference.tensors import EMBED
from inference.training.arrays import Ints, Rgba
from inference.training.data.augment import Rng, jitter_colours
from inference.training.data.backgrounds import background, drawn_background
from inference.training.data.distractors import cut_from_white, drawn_distractor
from inference.training.data.masks import GarmentMasks, cut_out
from inference.training.data.photos import Photo, read_pixels
from inference.training.data.views import camera_view, catalogue_view, domain, web_view


@dataclass(frozen=True, slots=True)
class PhotoPool:
    """All photos, and which of them (``members``) may appear on a made picture, so that parts never mix."""

    photos: tuple[Photo, ...]
    masks: GarmentMasks
    members: Ints  # (m,) indices of photos
    others: tuple[Path, ...] = ()  # pictures of anything but garments

    def garment(self, index: int) -> Rgba:
        return cut_out(self.photos[index].pixels(), self.masks.masks[index])

    def background(self, rng: Rng, *, size_px: int) -> Pixels:
        """A picture without garments: from a member, drawn, or one of the others."""
        if self.others and rng.random() < 0.2:
            return camera_view(self.other(rng), rng, size_px=size_px)
        index = int(rng.choice(self.members))
        return background(self.photos[index].pixels(), self.masks.masks[index], rng, size_px=size_px)

    def picture(self, index: int, *, size_px: int) -> Pixels:
        """One photo as it is, squashed."""
        return squash(self.photos[index].pixels(), size_px)

    def distractor(self, rng: Rng) -> Rgba:
        if self.others and rng.random() < 0.6:
            return cut_from_white(self.other(rng))
        return drawn_distractor(self.photos[int(rng.choice(self.members))].pixels(), rng)

    def other(self, rng: Rng) -> Pixels:
        return read_pixels(self.others[int(rng.integers(len(self.others)))])

    def view(self, index: int, number: int, rng: Rng) -> Pixels:
        """One photo in the domain of view ``number``, ``(224, 224, 3) uint8``."""
        size_px, kind = EMBED.image_size_px, domain(number)
        if kind == "raw":
            return self.picture(index, size_px=size_px)
        if kind == "camera":
            return camera_view(self.photos[index].pixels(), rng, size_px=size_px)
        if kind == "catalogue":
            return catalogue_view(self.garment(index), rng, size_px=size_px)
        others = [self.garment(int(i)) for i in rng.choice(self.members, int(rng.integers(0, 4)))]
        canvas = self.background(rng, size_px=2 * size_px)
        return web_view(self.garment(index), canvas, others, rng, size_px=size_px)

    def anything(self, rng: Rng) -> Pixels:
        """A small piece of a photo, a background or a drawing: nothing that has a category, ``(224, 224, 3) uint8``."""
        size_px = EMBED.image_size_px
        if rng.random() < 0.4:
            return drawn_background(rng, size_px=size_px)
        if rng.random() < 0.4:
            return self.background(rng, size_px=size_px)
        pixels = self.photos[int(rng.choice(self.members))].pixels()
        height, width = pixels.shape[:2]
        side = int(rng.uniform(0.15, 0.5) * min(height, width))
        y, x = int(rng.integers(0, height - side)), int(rng.integers(0, width - side))
        return jitter_colours(squash(pixels[y : y + side, x : x + side], size_px), rng, strength=2.0)
