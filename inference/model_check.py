"""A small real inference: Triton reports a model as ready whose process has died, this check does not."""

from typing import Final

import numpy as np

from inference.detect import Detector
from inference.embed import Embedder
from inference.errors import EmbeddingMismatch
from inference.images import WHOLE, Box, Pixels
from pinstream.store.codes import CODE_BITS, Code, hamming
from pinstream.store.collection import EMBEDDING_VERSION

MAX_DRIFT_BITS: Final = 8
"""How many bits of one picture's code may change: another engine at fp16 flips one bit in 500."""

_PARTS: Final = (WHOLE, Box(0.1, 0.2, 0.7, 0.9))


class ModelCheck:
    """Runs both models on one drawn picture; its codes must stay those of the first run.

    With ``promised``, the code on the model's card (`inference.model_repository.promised_code`), the first run must
    give that one.
    """

    def __init__(self, detector: Detector, embedder: Embedder, *, promised: Code | None = None) -> None:
        self._detector = detector
        self._embedder = embedder
        self._promised = promised
        self._expected: list[Code] | None = None
        self.drift_bits = 0
        """Bits by which the last run differed from the promised code, or from the first run."""

    async def run(self) -> Code:
        """The picture's code.

        Raises ModelUnavailable, ModelBusy or ModelMismatch as the models do; EmbeddingMismatch if a code has all bits
        equal, or differs from the expected one by more than `MAX_DRIFT_BITS`.
        """
        picture = check_picture()
        await self._detector.detect(picture)
        codes = await self._embedder.embed(picture, _PARTS)
        for code in codes:
            ones = int.from_bytes(code, "big").bit_count()
            if ones in (0, CODE_BITS):
                raise EmbeddingMismatch(f"embed: {ones} of {CODE_BITS} bits of the check picture's code are set")
        expected = [self._promised or codes[0], *codes[1:]] if self._expected is None else self._expected
        served, due = max(zip(codes, expected, strict=True), key=lambda pair: hamming(*pair))
        self.drift_bits = hamming(served, due)
        if self.drift_bits > MAX_DRIFT_BITS:
            raise EmbeddingMismatch(
                f"embed: the check picture's code is {self.drift_bits} bits from the expected one: "
                f"Triton serves {served.hex()}, an index of embedding version {EMBEDDING_VERSION} holds {due.hex()}"
            )
        self._expected = expected
        return codes[0]


def check_picture() -> Pixels:
    """``(96, 128, 3) uint8``: the same pixels on every machine."""
    rows, columns = np.mgrid[0:96, 0:128]
    channels = (rows * 2 + columns // 4, columns * 2 - rows // 3, (rows // 16 + columns // 16) % 2 * 200 + 20)
    return np.asarray(np.stack([np.clip(channel, 0, 255) for channel in channels], axis=-1), dtype=np.uint8)
