"""Folders of labelled pictures, good and bad, and their split."""

import csv
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.training.data.photos import read_photos
from inference.training.data.split import PARTS, split
from inference.training.errors import BadPhotos

SHARED = Path(__file__).parents[4].parent / "shared" / "data" / "clothing"


def write_folder(
    folder: Path,
    rows: Sequence[tuple[str, ...]],
    *,
    columns: Sequence[str] = ("image", "sender_id", "label"),
    pictures: Sequence[tuple[str, ...]] | None = None,
) -> Path:
    (folder / "images").mkdir(parents=True)
    with (folder / "images.csv").open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(columns)
        writer.writerows(rows)
    for row in rows if pictures is None else pictures:
        cv2.imwrite(str(folder / "images" / f"{row[0]}.jpg"), np.full((20, 16, 3), 200, np.uint8))
    return folder


def test_labels_are_alphabetical_and_unclear_ones_are_none(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "a", [("1", "7", "Shoes"), ("2", "7", "Not sure"), ("3", "8", "Hat")])

    photos = read_photos(folder)

    assert photos.labels == ("Hat", "Shoes")
    assert photos.label_indices().tolist() == [1, -1, 0]
    assert photos.photos[0].pixels().shape == (20, 16, 3)


@pytest.mark.parametrize(
    ("rows", "columns", "said"),
    [
        ([], ("image", "sender_id", "label"), "no rows"),
        ([("1", "7", "Skip")], ("image", "sender_id", "label"), "no row has a label"),
        ([("1", "7", "Hat")], ("image", "who", "label"), "no column sender_id"),
    ],
)
def test_a_bad_table_is_named(tmp_path: Path, rows: list[tuple[str, ...]], columns: tuple[str, ...], said: str) -> None:
    folder = write_folder(tmp_path / "a", rows, columns=columns)

    with pytest.raises(BadPhotos, match=said):
        read_photos(folder)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"2,7", r"line 3: no label; expected \['image', 'sender_id', 'label'\]"),
        (b"2", "line 3: no sender_id, label"),
        (b"2,7,H\xfct", "line 3: byte 0xfc is not UTF-8"),
        (b"2,7," + b"x" * 200_000, "line 3: field larger than"),
    ],
)
def test_a_bad_line_is_named_with_its_table_and_number(tmp_path: Path, line: bytes, said: str) -> None:
    folder = write_folder(tmp_path / "a", [("1", "7", "Hat")])
    (folder / "images.csv").write_bytes(b"image,sender_id,label\n1,7,Hat\n" + line + b"\n")

    with pytest.raises(BadPhotos, match=rf"images\.csv, {said}"):
        read_photos(folder)


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadPhotos, match=r"images\.csv; expected a table"):
        read_photos(tmp_path)


def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "a", [("1", "7", "Hat"), ("gone", "7", "Hat")], pictures=[("1",)])

    with pytest.raises(BadPhotos, match=r"1 pictures .* first gone\.jpg"):
        read_photos(folder)


def test_a_corrupt_picture_is_named_when_it_is_opened(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "a", [("1", "7", "Hat")])
    (folder / "images" / "1.jpg").write_bytes(b"\xff\xd8\xff not really")

    with pytest.raises(BadPhotos, match=r"1\.jpg"):
        read_photos(folder).photos[0].pixels()


def photos_of(*counts: int) -> list[str]:
    """The photographer of each photo, if they have these numbers of photos."""
    return [str(name) for name, count in enumerate(counts) for _ in range(count)]


@given(
    st.lists(st.integers(0, 30).map(str), min_size=3, max_size=300).filter(lambda names: len(set(names)) >= 3),
    st.integers(0, 5),
)
def test_no_photographer_is_in_two_parts_no_photo_is_lost_and_no_part_is_empty(
    photographers: list[str], seed: int
) -> None:
    parts = split(photographers, seed=seed)

    everyone = np.concatenate([parts[part] for part in PARTS])
    assert sorted(everyone.tolist()) == list(range(len(photographers)))
    senders = [{photographers[i] for i in parts[part]} for part in PARTS]
    assert sum(map(len, senders)) == len(set(photographers))
    assert all(senders)


def test_parts_of_few_photographers_have_about_their_shares() -> None:
    parts = split(photos_of(*[20] * 12), seed=0)

    assert [len(parts[part]) for part in PARTS] == [160, 20, 60]


@given(st.permutations([500, 1, 1]), st.integers(0, 20))
def test_one_who_has_nearly_all_photos_leaves_no_part_empty(counts: tuple[int, ...], seed: int) -> None:
    assert all(len(rows) for rows in split(photos_of(*counts), seed=seed).values())


def test_one_with_many_photos_trains_where_others_can_fill_the_other_parts() -> None:
    parts = split(photos_of(50, *[1] * 100), seed=0)

    assert set(range(50)) <= set(parts["train"].tolist())


@pytest.mark.parametrize("counts", [(9,), (5, 4)])
def test_too_few_photographers_are_counted(counts: tuple[int, ...]) -> None:
    with pytest.raises(BadPhotos, match=rf"photos of {len(counts)} photographers .*; expected 3 or more"):
        split(photos_of(*counts), seed=0)


@pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/data/clothing: photos are not in this repository")
def test_the_split_that_published_figures_are_of_stays_as_it_is() -> None:
    parts = split(read_photos(SHARED).photographers(), seed=0)

    assert [len(parts[part]) for part in PARTS] == [2934, 551, 884]


def test_the_same_seed_splits_the_same_way() -> None:
    photographers = [str(i % 17) for i in range(200)]

    first, again = split(photographers, seed=3), split(photographers, seed=3)

    assert all((first[part] == again[part]).all() for part in PARTS)
