"""The same picture saved again: its codes are known, so no model needs to see it."""

from contextlib import suppress
from typing import Final

from cachetools import LRUCache

from streams.worker.protocols import PictureCodes

DEFAULT_CAPACITY: Final = 20_000
"""Pictures; one with three objects costs about 1.5 kB."""


class CodeCache:
    """What was understood of the pictures seen last, by the SHA-256 of their bytes."""

    def __init__(self, *, capacity: int = DEFAULT_CAPACITY) -> None:
        self._seen: LRUCache[str, PictureCodes] = LRUCache(capacity)

    def recall(self, image_sha256: str) -> PictureCodes | None:
        """What the models said about these bytes, if they were seen lately."""
        return self._seen.get(image_sha256)

    def remember(self, image_sha256: str, understood: PictureCodes) -> None:
        """The models said this; a capacity of 0 remembers nothing."""
        with suppress(ValueError):  # nothing fits into a capacity of 0
            self._seen[image_sha256] = understood
