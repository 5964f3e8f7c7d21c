import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from deploy.demo.sources import NoPictures, PictureFolder, find_pictures, pin_id_of, what_is_wrong
from pinstream.events import PIN_ID_PATTERN


def picture(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (32, 24), "teal").save(file)
    return file


def test_pictures_are_found_at_any_depth_and_by_any_suffix(tmp_path: Path) -> None:
    wanted = [picture(tmp_path / name) for name in ("a.jpg", "b.PNG", "deep/er/c.webp", "deep/d.gif", "e.jpeg")]
    (tmp_path / "notes.txt").write_text("no picture")
    picture(tmp_path / ".hidden" / "f.jpg")

    assert find_pictures(tmp_path) == sorted(wanted)


def test_link_that_leads_outside_is_left_out(tmp_path: Path) -> None:
    outside = picture(tmp_path / "outside.jpg")
    kept = picture(tmp_path / "folder" / "kept.jpg")
    (tmp_path / "folder" / "link.jpg").symlink_to(outside)

    assert find_pictures(tmp_path / "folder") == [kept]


def test_file_whose_name_is_not_utf8_is_left_out(tmp_path: Path) -> None:
    kept = picture(tmp_path / "kept.jpg")
    kept.rename(tmp_path / os.fsdecode(b"latin-\xe9.jpg"))

    with pytest.raises(NoPictures, match="1 are hidden, not named in UTF-8"):
        find_pictures(tmp_path)


@pytest.mark.parametrize("kind", ["missing", "file", "empty"])
def test_folder_that_cannot_be_used_is_named(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "given"
    if kind == "file":
        folder.write_text("")
    elif kind == "empty":
        folder.mkdir()

    with pytest.raises(NoPictures, match=re.escape(f"--images {folder}")):
        find_pictures(folder)


def test_pictures_that_run_out_are_published_again_as_other_pins(tmp_path: Path) -> None:
    for name in "abc":
        picture(tmp_path / f"{name}.jpg")
    source = PictureFolder(tmp_path, seed=1)

    pins = [source.pin(number, base_url="http://h:1") for number in range(7)]

    assert len({pin.pin_id for pin in pins}) == 7
    assert pins[0].file == pins[3].file == pins[6].file


def test_order_is_the_same_for_the_same_seed_and_another_for_another(tmp_path: Path) -> None:
    for number in range(30):
        picture(tmp_path / f"{number}.png")

    first, same, other = (PictureFolder(tmp_path, seed=seed).files for seed in (1, 1, 2))

    assert first == same
    assert first != other
    assert sorted(first) == sorted(other)


def test_address_of_a_picture_is_quoted_and_its_title_reads_well(tmp_path: Path) -> None:
    picture(tmp_path / "my photos" / "summer_dress-01 100%.jpg")

    pin = PictureFolder(tmp_path, seed=0).pin(0, base_url="http://127.0.0.1:9")

    assert pin.url == "http://127.0.0.1:9/my%20photos/summer_dress-01%20100%25.jpg"
    assert pin.title == "summer dress 01 100%"


@given(st.text(min_size=1, max_size=120).filter(lambda name: "/" not in name and "\0" not in name))
def test_pin_id_of_any_file_name_is_a_pin_id(name: str) -> None:
    ids = {pin_id_of(Path("folder") / name), pin_id_of(Path("folder") / name, again=123456)}

    assert len(ids) == 2
    assert all(re.match(PIN_ID_PATTERN, pin_id) for pin_id in ids)


def test_same_name_in_two_folders_gives_two_pin_ids() -> None:
    assert pin_id_of(Path("a/x.jpg")) != pin_id_of(Path("b/x.jpg"))


def test_good_picture_has_nothing_wrong_and_a_truncated_one_says_what(tmp_path: Path) -> None:
    good = picture(tmp_path / "good.png")
    truncated = tmp_path / "bad.png"
    truncated.write_bytes(good.read_bytes()[:60])

    assert what_is_wrong(good) is None
    assert "does not decode" in (what_is_wrong(truncated) or "")
    assert "gone.jpg" in (what_is_wrong(tmp_path / "gone.jpg") or "")
