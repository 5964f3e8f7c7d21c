"""Thumbnails are small, upright and cacheable; without a picture there is a placeholder with the reason."""

import cv2
import numpy as np
import pytest
from pydantic import SecretStr

from api.feed.recent_pins import RecordPosition
from api.settings import ApiSettings, ServiceSettings
from fetch.errors import FetchFailed
from tests.api.fakes import RED, Bench, event, outcome, paint_picture, start_service


def size_of(content: bytes) -> tuple[int, int]:
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return pixels.shape[1], pixels.shape[0]


@pytest.mark.parametrize(
    ("accept", "media_type", "magic"),
    [("image/avif,image/webp,*/*", "image/webp", b"RIFF"), ("image/jpeg", "image/jpeg", b"\xff\xd8")],
)
async def test_a_picture_is_made_small_in_the_form_that_is_taken(
    bench: Bench, accept: str, media_type: str, magic: bytes
) -> None:
    bench.pin("a")
    bench.web.pictures["https://pictures/a.png"] = paint_picture(RED, width=900, height=600)

    async with start_service(bench) as service:
        answer = await service.client.get("/v1/pins/a/thumbnail?width_px=320&version=1", headers={"accept": accept})

    assert answer.headers["content-type"] == media_type
    assert answer.content.startswith(magic)
    assert size_of(answer.content) == (320, 213)
    assert answer.headers["cache-control"] == "public, max-age=86400"
    assert answer.headers["vary"] == "Accept"


async def test_a_small_picture_stays_with_current_state_and_an_unversioned_address_is_kept_shortly(
    bench: Bench,
) -> None:
    bench.pin("a")

    async with start_service(bench) as service:
        answer = await service.client.get("/v1/pins/a/thumbnail?width_px=1280")

    assert size_of(answer.content) == (200, 100)
    assert answer.headers["cache-control"] == "public, max-age=60"


async def test_an_unchanged_thumbnail_is_not_sent_again(bench: Bench) -> None:
    bench.pin("a")

    async with start_service(bench) as service:
        first = await service.client.get("/v1/pins/a/thumbnail")
        again = await service.client.get("/v1/pins/a/thumbnail", headers={"if-none-match": first.headers["etag"]})
        wider = await service.client.get(
            "/v1/pins/a/thumbnail?width_px=160", headers={"if-none-match": first.headers["etag"]}
        )

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert wider.status_code == 200
    assert bench.web.requested == ["https://pictures/a.png"]


async def test_a_pin_without_its_picture_gets_a_placeholder_with_the_reason(bench: Bench) -> None:
    for pin in ("gone", "away", "bytes"):
        bench.pin(pin)
    bench.pin("inline", image_url="")
    del bench.web.pictures["https://pictures/gone.png"]
    bench.web.pictures["https://pictures/away.png"] = FetchFailed("HTTP 503")
    bench.web.pictures["https://pictures/bytes.png"] = b"no picture"

    async with start_service(bench) as service:
        pins = ("gone", "away", "bytes", "inline")
        answers = {pin: await service.client.get(f"/v1/pins/{pin}/thumbnail?version=1") for pin in pins}
        never = await service.client.get("/v1/pins/never/thumbnail")

    reasons = {pin: answer.headers["x-pinstream-placeholder"] for pin, answer in answers.items()}
    assert reasons == {"gone": "gone", "away": "unavailable", "bytes": "no-picture", "inline": "gone"}
    for answer in answers.values():
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
        assert answer.headers["cache-control"] == "public, max-age=30"
        assert "sandbox" in answer.headers["content-security-policy"]
    assert never.status_code == 404


async def test_a_picture_inside_its_event_is_read_back_from_there(bench: Bench) -> None:
    bench.pin("inline", image_url="")
    bench.records.pictures[RecordPosition("pins.events", 0, 7)] = (1, paint_picture(RED))

    async with start_service(bench) as service:
        service.deps.recent_pins.add_outcome(outcome("inline", offset=7))
        service.deps.recent_pins.add_event("inline", event(9, 2))  # its next version
        waiting = await service.client.get("/v1/pins/inline/thumbnail?width_px=160")
        service.deps.recent_pins.add_outcome(outcome("inline", "dead", offset=9, version=2, reason="no picture"))
        dead = await service.client.get("/v1/pins/inline/thumbnail?width_px=320")

    assert (waiting.headers["content-type"], dead.headers["content-type"]) == ("image/webp", "image/webp")


async def test_a_picture_of_another_version_is_never_shown(bench: Bench) -> None:
    bench.pin("inline", image_url="")
    bench.records.pictures[RecordPosition("pins.events", 0, 9)] = (2, paint_picture(RED))

    async with start_service(bench) as service:
        service.deps.recent_pins.add_event("inline", event(9, 2))  # version 1 is not known
        answer = await service.client.get("/v1/pins/inline/thumbnail?version=1")

    assert answer.headers["x-pinstream-placeholder"] == "gone"


async def test_an_address_of_a_replaced_version_is_marked_and_not_cached(bench: Bench) -> None:
    bench.pin("a", version=2)

    async with start_service(bench) as service:
        answer = await service.client.get("/v1/pins/a/thumbnail?version=1")
        same = {"if-none-match": answer.headers["etag"]}
        again = await service.client.get("/v1/pins/a/thumbnail?version=1", headers=same)

    assert (answer.status_code, again.status_code) == (200, 304)
    assert {each.headers["x-pinstream-picture"] for each in (answer, again)} == {"replaced"}
    assert answer.headers["cache-control"] == "no-cache"


async def test_a_picture_that_changed_since_is_shown_and_marked(bench: Bench) -> None:
    bench.pin("a")

    async with start_service(bench) as service:
        answer = await service.client.get("/v1/pins/a/thumbnail")

    assert answer.headers["x-pinstream-picture"] == "changed"


async def test_a_very_tall_picture_is_made_small_by_its_height(bench: Bench) -> None:
    bench.pin("a")
    bench.web.pictures["https://pictures/a.png"] = paint_picture(RED, width=20, height=20_000)

    async with start_service(bench) as service:
        answer = await service.client.get("/v1/pins/a/thumbnail?width_px=320")

    assert answer.headers["content-type"] == "image/webp"
    assert size_of(answer.content) == (3, 2560)


async def test_a_service_with_api_keys_lets_no_shared_cache_keep_pictures(bench: Bench) -> None:
    bench.settings = ApiSettings(api=ServiceSettings(keys=(SecretStr("one"),)))
    for pin in ("a", "gone"):
        bench.pin(pin)
    del bench.web.pictures["https://pictures/gone.png"]

    async with start_service(bench) as service:
        headers = {"authorization": "Bearer one"}
        addresses = [f"/v1/pins/{pin}/thumbnail?version=1" for pin in ("a", "gone")]
        answers = [await service.client.get(address, headers=headers) for address in addresses]

    assert [each.headers["cache-control"] for each in answers] == ["private, max-age=86400", "private, max-age=30"]
