import numpy as np
import pytest

from inference.detect import Detector
from inference.embed import Embedder
from inference.errors import EmbeddingMismatch, ModelMismatch, ModelUnavailable
from inference.model_check import ModelCheck, drawn
from inference.runner import Outputs
from inference.tensors import ModelSpec


class Scripted:
    """A ModelRunner whose codes are what the test says, one answer a call."""

    def __init__(self, *codes: np.ndarray | Exception) -> None:
        self.codes = list(codes)

    async def infer(self, spec: ModelSpec, images: np.ndarray, *, priority: int = 1) -> Outputs:
        if spec.name == "detect":
            zeros = np.zeros((1, 100), np.float32)
            return {"boxes": np.zeros((1, 100, 4), np.float32), "scores": zeros, "labels": zeros.astype(np.int32)}
        answer = self.codes.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return {"codes": np.stack([answer] * len(images))}


def canary(*codes: np.ndarray | Exception) -> ModelCheck:
    models = Scripted(*codes)
    return ModelCheck(Detector(models, ["Dress"]), Embedder(models))


def code(*ones: int) -> np.ndarray:
    bits = np.zeros(256, np.uint8)
    bits[list(ones)] = 1
    return np.packbits(bits)


async def test_steady_answers_keep_it_content():
    singer = canary(*[code(1, 2, 3)] * 3)

    assert [await singer.run() for _ in range(3)] == [code(1, 2, 3).tobytes()] * 3


async def test_a_few_bits_of_another_engine_are_borne():
    singer = canary(code(*range(20)), code(*range(12)))

    await singer.run()
    await singer.run()


async def test_a_model_that_changed_under_its_version_is_a_mismatch():
    singer = canary(code(*range(20)), code(*range(100, 120)))
    await singer.run()

    with pytest.raises(ModelMismatch, match="40 bits from the expected one"):
        await singer.run()


async def test_a_code_that_the_card_does_not_promise_is_a_mismatch():
    models = Scripted(code(*range(40)), code(*range(30)))
    singer = ModelCheck(Detector(models, ["Dress"]), Embedder(models), promised=code(*range(30)).tobytes())

    with pytest.raises(EmbeddingMismatch, match="10 bits from the expected one") as wrong:
        await singer.run()
    assert f"Triton serves {code(*range(40)).tobytes().hex()}" in str(wrong.value)
    assert f"version 1 holds {code(*range(30)).tobytes().hex()}" in str(wrong.value)
    assert singer.drift_bits == 10
    await singer.run()
    assert singer.drift_bits == 0


@pytest.mark.parametrize("dumb", [code(), code(*range(256))])
async def test_a_code_that_says_nothing_is_a_mismatch(dumb):
    with pytest.raises(EmbeddingMismatch, match="of 256 bits"):
        await canary(dumb).run()


async def test_a_dead_model_is_reported_and_not_remembered():
    singer = canary(ModelUnavailable("stub is not healthy"), code(1))

    with pytest.raises(ModelUnavailable, match="not healthy"):
        await singer.run()
    await singer.run()


def test_its_picture_is_the_same_every_time():
    picture = drawn()

    assert (picture.shape, picture.dtype) == ((96, 128, 3), np.uint8)
    assert int(picture.astype(np.int64).sum()) == 4_211_064
