"""Pictures of anything, out of packages that are drawn here."""

import csv

import cv2
import numpy as np
import pytest

from inference.training.data import debian_pictures as broad
from inference.training.errors import BadPhotos


def encoded(shade, side=120, suffix=".png"):
    return cv2.imencode(suffix, np.full((side, side, 3), shade, np.uint8))[1].tobytes()


def put(path, *content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(content))


@pytest.fixture
def packages(tmp_path):
    """What the Debian packages hold, in small."""
    folder = tmp_path / "packages"
    for number in range(4):
        put(folder / "openclipart-png" / "fruit" / f"{number}.png", encoded(40 * number))
    put(folder / "openclipart-png" / "icons" / "a.png", encoded(9))
    inside = [len(b).to_bytes(4, "big") + b for b in (encoded(1), encoded(2, suffix=".jpg"), encoded(3, side=20))]
    put(folder / "gcompris-qt-data" / "art.rcc", b"qres", *inside, b"\xff\xd8\xff\xe0 no picture")
    for package in broad.WALLPAPERS:
        for theme in ("one", "two"):  # both pictures have one name, as themes have it
            put(folder / package / theme / "wall.png", encoded(7, side=3 * broad.SIDE_PX))
    for subject in broad.STAMPS:
        put(folder / "tuxpaint-stamps-default" / "stamps" / subject / "more" / "one.png", encoded(8))
    return folder


def test_every_source_gives_its_pictures(packages, tmp_path):
    count = broad.gather(packages, tmp_path / "out")

    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert count == len(names)
    assert sum(name.startswith("drawing-fruit") for name in names) == 2
    assert not any("icons" in name for name in names)
    assert sum(name.startswith("gcompris-art") for name in names) == 2
    assert sum("wall" in name for name in names) == 2 * len(broad.WALLPAPERS) * broad.PIECES


def test_pictures_without_garments_are_picked_by_their_subject(packages, tmp_path):
    put(packages / "openclipart-png" / "clothing" / "0.png", encoded(50))
    put(packages / "openclipart-png" / "clothing" / "1.png", encoded(50))
    broad.gather(packages, tmp_path / "out")

    names = [path.name for path in broad.without_garments(tmp_path / "out")]

    assert any(name.startswith("drawing-fruit") for name in names)
    assert sum("wall" in name for name in names) == 2 * len(broad.WALLPAPERS) * broad.PIECES
    assert list((tmp_path / "out").glob("drawing-clothing*"))
    assert not any("clothing" in name or "art" in name for name in names)


def test_pictures_of_ones_own_are_all_taken(tmp_path):
    put(tmp_path / "street" / "a.png", encoded(50))

    assert [path.name for path in broad.without_garments(tmp_path)] == ["a.png"]


def test_a_folder_without_such_pictures_is_named(tmp_path):
    put(tmp_path / "drawing-clothing-00001.webp", encoded(50, suffix=".webp"))

    with pytest.raises(BadPhotos, match="holds no picture without garments"):
        broad.without_garments(tmp_path)
    with pytest.raises(BadPhotos, match=r"no folder .*nowhere; expected one with pictures"):
        broad.without_garments(tmp_path / "nowhere")


def test_stamps_are_a_folder_of_labelled_pictures(packages, tmp_path):
    count = broad.stamps(packages, tmp_path / "stamps")

    with (tmp_path / "stamps" / "images.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert count == len(rows) == len(broad.STAMPS)
    assert {row["label"] for row in rows} == {subject.split("/")[1] for subject in broad.STAMPS}


def test_a_package_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadPhotos, match="unpack the Debian package openclipart-png"):
        broad.gather(tmp_path, tmp_path / "out")
