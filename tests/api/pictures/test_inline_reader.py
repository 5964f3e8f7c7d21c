"""A picture inside an event is used only for its own pin and version."""

import base64
import json

import pytest

from api.pictures.inline_reader import inline_picture
from fetch.errors import FetchRefused

PICTURE = b"bytes of a picture"
INLINE = {"inline": base64.b64encode(PICTURE).decode()}


def event(*, pin_id: str = "p", image: object = INLINE) -> bytes:
    fields = {"pin_id": pin_id, "version": 2, "image": image, "domain": "web", "created_at": "2026-01-01T00:00:00Z"}
    return json.dumps(fields).encode()


def test_the_picture_of_a_version_is_in_its_event() -> None:
    assert inline_picture(event(), "p", 2) == PICTURE


@pytest.mark.parametrize(
    ("value", "version", "why"),
    [
        (event(), 1, "expected version 1, the event has 2"),
        (event(), 3, "expected version 3, the event has 2"),
        (event(pin_id="q"), 2, "cannot be read"),
        (event(image={"url": "https://example.org/a.jpg"}), 2, "holds no picture"),
        (None, 1, "holds no picture"),
    ],
)
def test_no_other_version_or_pin_gives_its_picture(value: bytes | None, version: int, why: str) -> None:
    with pytest.raises(FetchRefused, match=why):
        inline_picture(value, "p", version)
