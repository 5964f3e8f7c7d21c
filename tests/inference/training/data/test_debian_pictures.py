"""Pictures of anything, out of packages that are drawn here."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from inference.training.data import debian_pictures
from inference.training.errors import BadPhotos


def encoded(shade: int, side: int = 120, suffix: str = ".png") -> bytes:
    return cv2.imencode(suffix, np.full((side, side, 3), shade, np.uint8))[1].tobytes()


def put(path: Path, *content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(content))


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """What the Debian packages hold, in small."""
    folder = tmp_path / "packages"
    for number in range(4):
        put(folder / "openclipart-png" / "fruit" / f"{number}.png", encoded(40 * number))
    put(folder / "openclipart-png" / "icons" / "a.png", encoded(9))
    inside = [len(b).to_bytes(4, "big") + b for b in (encoded(1), encoded(2, suffix=".jpg"), encoded(3, side=20))]
    put(folder / "gcompris-qt-data" / "art.rcc", b"qres", *inside, b"\xff\xd8\xff\xe0 no picture")
    for package in debian_pictures.WALLPAPERS:
        for theme in ("one", "two"):  # both pictures have one name, as themes have it
            put(folder / package / theme / "wall.png", encoded(7, side=3 * debian_pictures.SIDE_PX))
    for subject in debian_pictures.STAMPS:
        put(folder / "tuxpaint-stamps-default" / "stamps" / subject / "more" / "one.png", encoded(8))
    return folder


def test_every_source_gives_its_pictures(packages: Path, tmp_path: Path) -> None:
    count = debian_pictures.gather(packages, tmp_path / "out")

    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert count == len(names)
    assert sum(name.startswith("drawing-fruit") for name in names) == 2
    assert not any("icons" in name for name in names)
    assert sum(name.startswith("gcompris-art") for name in names) == 2
    assert sum("wall" in name for name in names) == 2 * len(debian_pictures.WALLPAPERS) * debian_pictures.PIECES


def test_pictures_without_garments_are_picked_by_their_subject(packages: Path, tmp_path: Path) -> None:
    put(packages / "openclipart-png" / "clothing" / "0.png", encoded(50))
    put(packages / "openclipart-png" / "clothing" / "1.png", encoded(50))
    debian_pictures.gather(packages, tmp_path / "out")

    names = [path.name for path in debian_pictures.without_garments(tmp_path / "out")]

    assert any(name.startswith("drawing-fruit") for name in names)
    assert sum("wall" in name for name in names) == 2 * len(debian_pictures.WALLPAPERS) * debian_pictures.PIECES
    assert list((tmp_path / "out").glob("drawing-clothing*"))
    assert not any("clothing" in name or "art" in name for name in names)


def test_pictures_of_ones_own_are_all_taken(tmp_path: Path) -> None:
    put(tmp_path / "street" / "a.png", encoded(50))

    assert [path.name for path in debian_pictures.without_garments(tmp_path)] == ["a.png"]


def test_a_folder_without_such_pictures_is_named(tmp_path: Path) -> None:
    put(tmp_path / "drawing-clothing-00001.webp", encoded(50, suffix=".webp"))

    with pytest.raises(BadPhotos, match="holds no picture without garments"):
        debian_pictures.without_garments(tmp_path)
    with pytest.raises(BadPhotos, match=r"no folder .*nowhere; expected one with pictures"):
        debian_pictures.without_garments(tmp_path / "nowhere")


def test_stamps_are_a_folder_of_labelled_pictures(packages: Path, tmp_path: Path) -> None:
    count = debian_pictures.gather_stamps(packages, tmp_path / "stamps")

    with (tmp_path / "stamps" / "images.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert count == len(rows) == len(debian_pictures.STAMPS)
    assert {row["label"] for row in rows} == {subject.split("/")[1] for subject in debian_pictures.STAMPS}


def test_a_package_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadPhotos, match="unpack the Debian package openclipart-png"):
        debian_pictures.gather(tmp_path, tmp_path / "out")
