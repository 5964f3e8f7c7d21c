import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from inference.cli import app
from inference.client import TritonModels
from inference.detect import Detector
from inference.embed import Embedder
from inference.errors import ModelBusy, ModelMismatch
from inference.images import WHOLE, Box, Pixels
from inference.model_check import ModelCheck
from inference.model_repository import labels
from inference.onnx_models import OnnxModels
from inference.tensors import DETECT, EMBED
from tests.inference.golden import golden_codes, golden_pictures

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack

pytestmark = pytest.mark.stack


@pytest.fixture
async def triton(stack: "LocalStack") -> AsyncIterator[TritonModels]:
    async with TritonModels(stack.endpoints.triton_grpc, timeout_s=30) as models:
        yield models


@pytest.fixture(scope="module")
def local() -> OnnxModels:
    return OnnxModels()


def smooth(count: int, size_px: int, *, seed: int = 3) -> Pixels:
    """Soft coloured clouds: nothing a model knows, everything it must treat alike."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (count, 7, 5, 3), np.uint8)
    return np.stack([np.asarray(Image.fromarray(each).resize((size_px, size_px))) for each in small])


async def test_the_server_is_what_this_program_was_made_for(triton: TritonModels) -> None:
    await triton.check()


async def test_another_version_is_refused(stack: "LocalStack") -> None:
    async with TritonModels(stack.endpoints.triton_grpc, version=999) as models:
        with pytest.raises(ModelMismatch, match="this program needs 999"):
            await models.check()


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 32])
async def test_codes_are_the_same_on_the_server_and_here_at_any_batch_size(
    triton: TritonModels, local: OnnxModels, batch: int
) -> None:
    images = smooth(32, EMBED.image_size_px)
    alone = [(await local.infer(EMBED, images[row : row + 1]))["codes"][0].tobytes() for row in range(32)]

    served = [
        (await triton.infer(EMBED, images[first : first + batch]))["codes"] for first in range(0, len(images), batch)
    ]

    assert [row.tobytes() for row in np.concatenate(served)] == alone


async def test_golden_pictures_have_their_codes_on_the_server(triton: TritonModels) -> None:
    served = await triton.infer(EMBED, golden_pictures(EMBED.image_size_px))

    assert (served["codes"] == golden_codes()).all()


@pytest.mark.parametrize("batch", [1, 3, 8])
async def test_objects_are_the_same_on_the_server_and_here_at_any_batch_size(
    triton: TritonModels, local: OnnxModels, batch: int
) -> None:
    images = smooth(8, DETECT.image_size_px)
    names = labels()

    served = [
        found
        for first in range(0, len(images), batch)
        for found in await Detector(triton, names, min_score=0.05).detect_squashed(images[first : first + batch])
    ]
    here = await Detector(local, names, min_score=0.05).detect_squashed(images)

    assert [[each.label for each in found] for found in served] == [[each.label for each in found] for found in here]
    for one, other in zip(served, here, strict=True):
        assert [each.score for each in one] == pytest.approx([each.score for each in other], abs=1e-4)


async def test_a_whole_picture_and_its_parts_have_their_own_codes(triton: TritonModels) -> None:
    pixels = smooth(1, 300)[0]
    parts = [WHOLE, Box(0.0, 0.0, 0.5, 0.5), Box(0.5, 0.5, 1.0, 1.0)]

    codes = await Embedder(triton).embed(pixels, parts)

    assert len(set(codes)) == 3
    assert codes[1:] == await Embedder(triton).embed(pixels, parts[1:])


async def test_the_model_check_passes_again_and_again(triton: TritonModels) -> None:
    check = ModelCheck(Detector(triton, labels()), Embedder(triton))

    await check.run()
    await check.run()


async def test_a_full_queue_is_busy_and_empties_again(stack: "LocalStack", triton: TritonModels) -> None:
    images = smooth(1, DETECT.image_size_px)

    async with TritonModels(stack.endpoints.triton_grpc, timeout_s=1.0) as models:
        outcomes = await asyncio.gather(*(models.infer(DETECT, images) for _ in range(400)), return_exceptions=True)

    failed = [each for each in outcomes if isinstance(each, BaseException)]
    assert failed
    assert {type(each) for each in failed} == {ModelBusy}
    assert any("Exceeds maximum queue size" in str(each) for each in failed)
    async with asyncio.timeout(60):  # what has expired leaves the queue only when an instance comes for it
        while True:
            try:
                await triton.infer(DETECT, images)
                break
            except ModelBusy:
                await asyncio.sleep(0.05)


def test_the_command_line_writes_the_same_with_and_without_a_server(stack: "LocalStack", tmp_path: Path) -> None:
    for number, pixels in enumerate(smooth(5, 120)):
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    written: dict[str, tuple[object, ...]] = {}
    sources: dict[str, list[str]] = {"here": [], "served": ["--triton", stack.endpoints.triton_grpc]}
    for name, options in sources.items():
        codes, objects = tmp_path / f"{name}.npz", tmp_path / f"{name}.json"
        given = ["--images", str(tmp_path), *options]
        assert CliRunner().invoke(app, ["embed", *given, "--out", str(codes)]).exit_code == 0
        assert CliRunner().invoke(app, ["detect", *given, "--out", str(objects), "--min-score", "0.1"]).exit_code == 0
        with np.load(codes) as arrays:
            found = [[each["label"] for each in picture["objects"]] for picture in _pictures(objects)]
            written[name] = (arrays["ids"].tolist(), arrays["codes"].tolist(), found)

    assert written["here"] == written["served"]


def test_a_server_that_fits_is_said_to(stack: "LocalStack") -> None:
    result = CliRunner().invoke(app, ["check", "--triton", stack.endpoints.triton_grpc])

    assert result.exit_code == 0
    assert "serves embedding version" in result.stderr


def _pictures(path: Path) -> list[dict[str, Any]]:
    pictures: list[dict[str, Any]] = json.loads(path.read_bytes())["pictures"]
    return pictures
