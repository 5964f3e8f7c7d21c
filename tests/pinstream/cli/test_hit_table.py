"""Search results in a terminal of 80 columns: no line is longer, and every pin id can be copied."""

import io
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from pinstream.cli.hit_table import hit_table, table_width
from pinstream.search.hits import Hit, SearchResult

LONGEST_ID = "summer-" + "x" * 57


def hit(pin_id: str, **changes: Any) -> Hit:
    fields: dict[str, Any] = {
        "slot": 0,
        "distance": 12,
        "similarity": 0.91,
        "near_duplicate": False,
        "same_product": False,
        "pins": 1,
        "age_s": 41.0,
        "box": (0.0, 0.0, 1.0, 1.0),
        "label": "Outwear",
        "score": 0.9,
        "domain": "catalog",
        "version": 1,
        "published_at_ms": 1,
        "image_sha256": "",
        "title": "a long coat\n[red] for long winters, with a hood",
        "link": "https://shop.example/coats/a-very-long-coat/with/a/hood",
        "image_url": "",
        "price": 1_119.5,
        "currency": "EUR",
        "tags": (),
        "relevance": 0.91,
    }
    return Hit(pin_id=pin_id, **(fields | changes))


def printed(*hits: Hit, width: int) -> list[str]:
    found = SearchResult(hits, exhausted=False)
    width = table_width(found, terminal=width)
    console = Console(file=io.StringIO(), width=width)
    console.print(hit_table(found, title="like q", width=width))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("pin_id", ["a", "IMG_20260814_193211-2", "x" * 40, LONGEST_ID])
@pytest.mark.parametrize("slot", [0, 2])
@pytest.mark.parametrize("title", ["", "hat", "a long coat\n[red] for long winters", "長いコート" * 9])
@pytest.mark.parametrize("price", [None, 1_119.5])
def test_lines_fit_80_columns_and_ids_stand_whole_in_their_line(
    pin_id: str, slot: int, title: str, price: float | None
) -> None:
    shown = hit(pin_id, slot=slot, title=title, price=price, near_duplicate=True, same_product=True)

    lines = printed(shown, hit("other"), width=80)

    assert max(map(cell_len, lines)) <= 80
    assert len([line for line in lines if line.split() and line.split()[0] == pin_id]) == 1
    assert any(line.startswith("2 pictures; there are more") for line in lines)


def test_columns_without_room_are_named_and_the_others_are_whole() -> None:
    lines = printed(hit(LONGEST_ID), width=80)

    assert lines[1].split() == ["pin", "bits", "off", "pins"]
    assert lines[2].split() == [LONGEST_ID, "12", "1"]
    assert " ".join(" ".join(lines[3:]).split()).endswith(
        "but in --json: age, shows, price, title, similarity, domain, link"
    )


def test_a_wide_terminal_shows_everything() -> None:
    head, row = printed(hit("a", slot=2), width=300)[1:3]

    assert "box" in head
    assert "a long coat [red] for long winters, with a hood" in row
    assert "https://shop.example/coats/a-very-long-coat/with/a/hood" in row
    assert "0.00 0.00 1.00 1.00" in row


def test_an_id_wider_than_the_terminal_is_still_whole() -> None:
    assert any(LONGEST_ID in line for line in printed(hit(LONGEST_ID), width=40))


def test_columns_that_would_be_empty_are_left_out() -> None:
    head = printed(hit("a", price=None, label="", title=""), width=300)[1]

    assert head.split() == ["pin", "bits", "off", "age", "similarity", "pins", "domain", "link"]
