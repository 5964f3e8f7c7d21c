"""The same picture saved again: its codes are known, so no model needs to see it."""

from collections import OrderedDict
from typing import Final

from streams.worker.protocols import PictureCodes

DEFAULT_CAPACITY: Final = 20_000
"""Pictures; one with three objects costs about 1.5 kB."""


class CodeCache:
    """What was understood of the pictures seen last, by the SHA-256 of their bytes."""

    def __init__(self, *, capacity: int = DEFAULT_CAPACITY) -> None:
        self._capacity = capacity
        self._seen: OrderedDict[str, PictureCodes] = OrderedDict()

    def recall(self, image_sha256: str) -> PictureCodes | None:
        """What the models said about these bytes, if they were seen lately."""
        understood = self._seen.get(image_sha256)
        if understood is not None:
            self._seen.move_to_end(image_sha256)
        return understood

    def remember(self, image_sha256: str, understood: PictureCodes) -> None:
        """The models said this; a capacity of 0 remembers nothing."""
        self._seen[image_sha256] = understood
        self._seen.move_to_end(image_sha256)
        if len(self._seen) > self._capacity:
            self._seen.popitem(last=False)
