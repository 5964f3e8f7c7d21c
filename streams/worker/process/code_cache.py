"""Remembers the codes of pictures: a picture that is saved again needs no model."""

from contextlib import suppress

from cachetools import LRUCache

from streams.worker.process.picture_codes import PictureCodes


class CodeCache:
    """The codes of the pictures used last, by the SHA-256 of their bytes; a picture with three objects costs 1.5 kB."""

    def __init__(self, *, capacity: int) -> None:
        self._codes: LRUCache[str, PictureCodes] = LRUCache(capacity)

    def recall(self, image_sha256: str) -> PictureCodes | None:
        return self._codes.get(image_sha256)

    def remember(self, image_sha256: str, codes: PictureCodes) -> None:
        """A capacity of 0 remembers nothing."""
        with suppress(ValueError):  # nothing fits into a capacity of 0
            self._codes[image_sha256] = codes
