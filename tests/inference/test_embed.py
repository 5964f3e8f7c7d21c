import numpy as np

from inference.embed import Embedder, crops
from inference.images import WHOLE, Box, Pixels, squash
from inference.runner import Priority
from inference.tensors import EMBED
from tests.inference.fakes import FakeModels

LEFT, RIGHT = Box(0.0, 0.0, 0.5, 1.0), Box(0.5, 0.0, 1.0, 1.0)


def half_red_half_blue() -> Pixels:
    pixels = np.zeros((60, 80, 3), np.uint8)
    pixels[:, :40] = (200, 0, 0)
    pixels[:, 40:] = (0, 0, 100)
    return pixels


async def test_the_whole_picture_and_its_parts_take_one_call(models: FakeModels) -> None:
    codes = await Embedder(models).embed(half_red_half_blue(), [WHOLE, LEFT, RIGHT], priority=Priority.BACKFILL)

    ((name, images, priority),) = models.calls
    assert (name, images.shape, priority) == ("embed", (3, 224, 224, 3), Priority.BACKFILL)
    assert [code[:3] for code in codes] == [bytes([100, 0, 50]), bytes([200, 0, 0]), bytes([0, 0, 100])]


async def test_a_code_is_thirty_two_bytes(models: FakeModels) -> None:
    (code,) = await Embedder(models).embed(half_red_half_blue(), [WHOLE])

    assert isinstance(code, bytes)
    assert code == (bytes([100, 0, 50]) * 11)[:32]


async def test_a_large_picture_has_the_same_codes_as_its_crops(models: FakeModels) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (1500, 1000, 3), np.uint8)

    codes = await Embedder(models).embed(pixels, [WHOLE, LEFT])

    assert codes == await Embedder(models).embed_squashed(crops(pixels, [WHOLE, LEFT]))


async def test_no_boxes_take_no_call(models: FakeModels) -> None:
    assert await Embedder(models).embed(half_red_half_blue(), []) == []
    assert models.calls == []


async def test_more_boxes_than_the_model_takes_go_in_order_over_several_calls(models: FakeModels) -> None:
    images = np.arange(EMBED.max_batch + 2, dtype=np.uint8)[:, None, None, None] * np.ones(EMBED.images.dims, np.uint8)

    codes = await Embedder(models).embed_squashed(images)

    assert [code[0] for code in codes] == list(range(EMBED.max_batch + 2))
    assert [len(images) for _, images, _ in models.calls] == [EMBED.max_batch, 2]


def test_crops_are_what_squash_makes_of_each_box() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)

    found = crops(pixels, [WHOLE, LEFT])

    assert np.array_equal(found[0], squash(pixels, 224))
    assert np.array_equal(found[1], squash(pixels, 224, LEFT))
