import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from inference.cli import app
from inference.images import decode, squash
from inference.model_repository import labels
from inference.onnx_models import OnnxModels
from inference.tensors import EMBED
from tests.inference.fakes import FakeTriton


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(5)
    for name in ("a", "b", "c"):
        pixels = rng.integers(0, 255, (6, 8, 3), np.uint8)
        Image.fromarray(pixels).resize((160, 120), Image.Resampling.BICUBIC).save(root / f"{name}.jpg")
    return root


def test_embed_writes_the_codes_that_the_model_gives(folder: Path, tmp_path: Path) -> None:
    result = run("embed", "--images", folder, "--out", tmp_path / "codes.npz", "--batch", 2)

    assert result.exit_code == 0, result.output
    images = np.stack([squash(decode((folder / f"{name}.jpg").read_bytes()), 224) for name in "abc"])
    with np.load(tmp_path / "codes.npz") as written:
        assert written["ids"].tolist() == ["a", "b", "c"]
        assert np.array_equal(written["codes"], asyncio.run(OnnxModels().infer(EMBED, images))["codes"])


def test_detect_writes_objects_best_first_with_boxes_inside(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "objects.json"

    result = run("detect", "--images", folder, "--out", out, "--min-score", "0.0", "--max-objects", "5")

    assert result.exit_code == 0, result.output
    pictures = json.loads(out.read_bytes())["pictures"]
    assert [picture["id"] for picture in pictures] == ["a", "b", "c"]
    for picture in pictures:
        scores = [found["score"] for found in picture["objects"]]
        assert 0 < len(scores) <= 5
        assert scores == sorted(scores, reverse=True)
        for found in picture["objects"]:
            x0, y0, x1, y1 = found["box"]
            assert 0 <= x0 < x1 <= 1
            assert 0 <= y0 < y1 <= 1
            assert found["label"] in labels()


def test_a_higher_threshold_leaves_fewer_objects(folder: Path, tmp_path: Path) -> None:
    def count(min_score: str) -> int:
        out = tmp_path / f"{min_score}.json"
        assert run("detect", "--images", folder, "--out", out, "--min-score", min_score).exit_code == 0
        return sum(len(picture["objects"]) for picture in json.loads(out.read_bytes())["pictures"])

    assert count("0.0") > count("1.0") == 0


@pytest.mark.parametrize("command", ["embed", "detect"])
def test_pictures_that_do_not_decode_are_reported_with_status_1(folder: Path, tmp_path: Path, command: str) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_text("not a picture")

    result = run(command, "--images", folder, "--images", broken, "--out", tmp_path / "out")

    assert result.exit_code == 1
    assert f"skipped {broken}: text, not a picture" in result.stderr
    assert "3 of 4 pictures" in result.stderr
    assert (tmp_path / "out").stat().st_size > 0


@pytest.mark.parametrize("command", ["embed", "detect"])
def test_nothing_to_read_ends_with_status_2_and_says_what_was_expected(tmp_path: Path, command: str) -> None:
    empty = run(command, "--images", tmp_path, "--out", tmp_path / "out")
    absent = run(command, "--images", tmp_path / "absent", "--out", tmp_path / "out")

    assert (empty.exit_code, absent.exit_code) == (2, 2)
    assert "no pictures in" in empty.stderr
    assert "absent: no such picture or folder" in absent.stderr


def test_pictures_none_of_which_decode_leave_an_empty_result(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("not a picture")

    assert run("embed", "--images", tmp_path, "--out", tmp_path / "codes.npz").exit_code == 1
    with np.load(tmp_path / "codes.npz") as written:
        assert (written["ids"].shape, written["codes"].shape) == ((0,), (0, 32))


@pytest.mark.parametrize("command", ["embed", "detect"])
def test_a_folder_that_is_not_there_is_said_before_any_work(folder: Path, tmp_path: Path, command: str) -> None:
    result = run(command, "--images", folder, "--out", tmp_path / "absent" / "out")

    assert result.exit_code == 2
    assert "there is no folder" in result.stderr


@pytest.mark.parametrize("command", ["embed", "detect"])
def test_a_folder_as_the_file_to_write_is_refused_before_any_work(folder: Path, tmp_path: Path, command: str) -> None:
    result = run(command, "--images", folder, "--out", tmp_path)

    assert result.exit_code == 2
    assert f"{tmp_path} is a folder; expected the file to write" in result.stderr
    assert "pictures" not in result.stderr  # nothing was begun


def test_a_server_that_is_away_is_said_in_words(folder: Path, tmp_path: Path) -> None:
    result = run("embed", "--images", folder, "--out", tmp_path / "out", "--triton", "127.0.0.1:1")

    assert result.exit_code == 2
    assert "Triton at 127.0.0.1:1" in result.stderr
    assert not (tmp_path / "out").exists()


async def test_a_server_that_does_not_fit_is_refused(triton: FakeTriton) -> None:
    triton.versions = ("41",)

    result = await asyncio.to_thread(run, "check", "--triton", triton.address)

    assert result.exit_code == 2
    assert "has versions 41" in result.stderr


async def test_a_server_is_asked_where_one_is_given(folder: Path, tmp_path: Path, triton: FakeTriton) -> None:
    triton.answer = lambda spec, images: {"codes": np.full((len(images), 32), 7, np.uint8)}

    result = await asyncio.to_thread(
        run, "embed", "--images", folder, "--out", tmp_path / "codes.npz", "--triton", triton.address
    )

    assert result.exit_code == 0, result.output
    with np.load(tmp_path / "codes.npz") as written:
        assert (written["codes"] == 7).all()
