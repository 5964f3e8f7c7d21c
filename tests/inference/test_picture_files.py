from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.picture_files import PictureFile, find, read, read_batches


def paint(path: Path, colour: str = "red") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (32, 24), colour).save(path)
    return path


def test_a_folder_gives_its_pictures_by_their_path_without_suffix(tmp_path: Path) -> None:
    paint(tmp_path / "b.png")
    paint(tmp_path / "inner" / "a.JPG")
    (tmp_path / "notes.txt").write_text("no picture")

    assert [each.picture_id for each in find([tmp_path])] == ["b", "inner/a"]


def test_files_go_by_their_name_whatever_their_suffix(tmp_path: Path) -> None:
    odd = paint(tmp_path / "a.png").rename(tmp_path / "a.bin")

    assert find([odd]) == [PictureFile("a", odd)]


def test_pictures_that_would_share_a_name_keep_their_suffix(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg", "b.png"):
        paint(tmp_path / name)

    assert [each.picture_id for each in find([tmp_path])] == ["a.jpg", "a.png", "b"]


def test_a_picture_named_twice_is_one(tmp_path: Path) -> None:
    paint(tmp_path / "a.png")

    assert len(find([tmp_path, tmp_path])) == 1


def test_pictures_of_one_name_in_two_folders_are_distinguished(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        paint(tmp_path / folder / "a.png")

    names = [each.picture_id for each in find([tmp_path / "one", tmp_path / "two"])]

    assert names == [(tmp_path / folder / "a.png").as_posix() for folder in ("one", "two")]


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        find([tmp_path / "nowhere"])


def test_reading_names_what_does_not_decode_and_keeps_the_rest_in_order(tmp_path: Path) -> None:
    good = [PictureFile("a", paint(tmp_path / "a.png", "red")), PictureFile("c", paint(tmp_path / "c.png", "blue"))]
    (tmp_path / "b.png").write_text("broken")
    bad, gone = PictureFile("b", tmp_path / "b.png"), PictureFile("d", tmp_path / "d.png")

    batch = read([good[0], bad, good[1], gone], 16)

    assert batch.pictures == tuple(good)
    assert batch.images.shape == (2, 16, 16, 3)
    assert batch.images[:, 0, 0].tolist() == [[255, 0, 0], [0, 0, 255]]
    assert [picture for picture, _ in batch.refused] == [bad, gone]
    assert "not a picture" in batch.refused[0][1]


@pytest.mark.parametrize("count", [0, 1, 4, 5, 9])
async def test_batches_hold_every_picture_once_in_order(tmp_path: Path, count: int) -> None:
    pictures = [PictureFile(str(number), paint(tmp_path / f"{number}.png")) for number in range(count)]

    parts = [part async for part in read_batches(pictures, size_px=16, batch=4)]

    assert [picture for part in parts for picture in part.pictures] == pictures
    assert all(len(part.pictures) <= 4 and part.images.dtype == np.uint8 for part in parts)
