"""Pins from files: every one is taken or named."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pinstream.cli.publish.drafts import (
    Draft,
    RejectedDraft,
    drafts_in_lines,
    drafts_of_pictures,
    pictures_in,
    pin_id_of,
)
from pinstream.events import valid_pin_id


def drafted(folder: Path) -> list[Draft | RejectedDraft]:
    return list(
        drafts_of_pictures(
            folder, pictures_in(folder), domain="camera", image_of=lambda picture: {"url": f"http://x/{picture.name}"}
        )
    )


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"picture")


@given(st.text(min_size=1, max_size=200))
def test_every_file_name_makes_a_pin_id(name: str) -> None:
    assert valid_pin_id(pin_id_of(name))


def test_pin_ids_keep_what_they_can_of_the_name() -> None:
    assert pin_id_of("shoes/red boots.v2.jpg") == "shoes-red_boots_v2"
    assert pin_id_of("boots") == "boots"
    assert pin_id_of("ü.jpg") == "_"
    assert pin_id_of(".jpg") == "_"


def test_long_names_that_differ_late_stay_apart() -> None:
    one, other = pin_id_of("a" * 99 + "1.jpg"), pin_id_of("a" * 99 + "2.jpg")

    assert one != other
    assert len(one) == len(other) == 64


def test_pictures_are_found_in_folders_below_by_suffix(tmp_path: Path) -> None:
    touch(tmp_path, "b.JPG", "sub/a.png", "notes.txt", "c.webp")
    (tmp_path / "folder.gif").mkdir()

    assert [path.name for path in pictures_in(tmp_path)] == ["b.JPG", "c.webp", "a.png"]


def test_a_picture_becomes_a_titled_draft(tmp_path: Path) -> None:
    touch(tmp_path, "sub/red boots.jpg")

    assert drafted(tmp_path) == [
        Draft(
            "sub/red boots.jpg",
            {
                "pin_id": "sub-red_boots",
                "image": {"url": "http://x/red boots.jpg"},
                "domain": "camera",
                "title": "red boots",
            },
        )
    ]


def test_of_two_names_with_one_pin_id_the_second_is_named(tmp_path: Path) -> None:
    touch(tmp_path, "a b.jpg", "a_b.jpg")

    first, second = drafted(tmp_path)

    assert isinstance(first, Draft)
    assert second == RejectedDraft("a_b.jpg", "its pin id 'a_b' is taken by a b.jpg: rename one of them")


def test_a_picture_that_cannot_be_read_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.jpg")

    def image_of(picture: Path) -> dict[str, str]:
        if picture.name == "a.jpg":
            raise PermissionError("permission denied")
        return {"url": "http://x"}

    first, second = drafts_of_pictures(tmp_path, pictures_in(tmp_path), domain="web", image_of=image_of)

    assert first == RejectedDraft("a.jpg", "permission denied")
    assert isinstance(second, Draft)


def test_lines_are_numbered_as_an_editor_does() -> None:
    lines = [b'{"pin_id": "a"}\n', b"\n", b"nonsense\n", b"[]\n", b'{"pin_id": "b", "domain": "web"}']

    drafts = list(drafts_in_lines(lines, domain="catalog"))

    assert drafts[0] == Draft("line 1", {"pin_id": "a", "domain": "catalog"})
    assert drafts[1].where == "line 3"
    assert drafts[2] == RejectedDraft("line 4", "$: not a JSON object")
    assert drafts[3] == Draft("line 5", {"pin_id": "b", "domain": "web"})


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_any_lines_are_drafts_or_problems(lines: list[bytes]) -> None:
    for draft in drafts_in_lines(lines, domain=None):
        assert draft.where.startswith("line ")
