import numpy as np
import pytest

from inference.detect import Detector
from inference.embed import Embedder
from inference.errors import EmbeddingMismatch, ModelMismatch, ModelUnavailable
from inference.images import Pixels
from inference.model_check import ModelCheck, check_picture
from inference.runner import Outputs, Priority
from inference.tensors import ModelSpec


class Scripted:
    """A ModelRunner that answers with the given codes, one per call."""

    def __init__(self, *codes: Pixels | Exception) -> None:
        self.codes = list(codes)

    async def infer(self, spec: ModelSpec, images: Pixels, *, priority: Priority = Priority.LIVE) -> Outputs:
        if spec.name == "detect":
            zeros = np.zeros((1, 100), np.float32)
            return {"boxes": np.zeros((1, 100, 4), np.float32), "scores": zeros, "labels": zeros.astype(np.int32)}
        answer = self.codes.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return {"codes": np.stack([answer] * len(images))}


def check_of(*codes: Pixels | Exception) -> ModelCheck:
    models = Scripted(*codes)
    return ModelCheck(Detector(models, ["Dress"]), Embedder(models))


def code(*ones: int) -> Pixels:
    bits = np.zeros(256, np.uint8)
    bits[list(ones)] = 1
    return np.packbits(bits)


async def test_steady_answers_pass() -> None:
    check = check_of(*[code(1, 2, 3)] * 3)

    assert [await check.run() for _ in range(3)] == [code(1, 2, 3).tobytes()] * 3


async def test_a_few_bits_of_another_engine_pass() -> None:
    check = check_of(code(*range(20)), code(*range(12)))

    await check.run()
    await check.run()


async def test_a_model_that_changed_under_its_version_is_a_mismatch() -> None:
    check = check_of(code(*range(20)), code(*range(100, 120)))
    await check.run()

    with pytest.raises(ModelMismatch, match="40 bits from the expected one"):
        await check.run()


async def test_a_code_that_the_card_does_not_promise_is_a_mismatch() -> None:
    models = Scripted(code(*range(40)), code(*range(30)))
    check = ModelCheck(Detector(models, ["Dress"]), Embedder(models), promised=code(*range(30)).tobytes())

    with pytest.raises(EmbeddingMismatch, match="10 bits from the expected one") as wrong:
        await check.run()
    assert f"Triton serves {code(*range(40)).tobytes().hex()}" in str(wrong.value)
    assert f"version 1 holds {code(*range(30)).tobytes().hex()}" in str(wrong.value)
    assert check.drift_bits == 10
    await check.run()
    assert check.drift_bits == 0


@pytest.mark.parametrize("constant", [code(), code(*range(256))])
async def test_a_code_that_says_nothing_is_a_mismatch(constant: Pixels) -> None:
    with pytest.raises(EmbeddingMismatch, match="of 256 bits"):
        await check_of(constant).run()


async def test_a_dead_model_is_reported_and_not_remembered() -> None:
    check = check_of(ModelUnavailable("stub is not healthy"), code(1))

    with pytest.raises(ModelUnavailable, match="not healthy"):
        await check.run()
    await check.run()


def test_its_picture_is_the_same_every_time() -> None:
    picture = check_picture()

    assert (picture.shape, picture.dtype.name) == ((96, 128, 3), "uint8")
    assert int(picture.astype(np.int64).sum()) == 4_211_064
