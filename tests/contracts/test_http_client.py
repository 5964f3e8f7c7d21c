"""The HTTP client against the service in one process: the sync and the async client behave alike."""

import inspect
from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx
import pytest

from api.settings import ApiSettings, QuotaSettings, ServiceSettings
from inference.detect import Detection
from inference.images import Box
from pinstream import (
    ANY_LABEL,
    AsyncPinstreamClient,
    Filters,
    Freshness,
    ObjectUnknown,
    PictureGone,
    PinDead,
    PinDeleted,
    PinNotIndexedYet,
    PinstreamClient,
    PinUnknown,
    QueryInvalid,
    ServiceRefused,
    ServiceUnavailable,
    VisualIndex,
)
from pinstream.store.collection import tombstone
from tests.api.fakes import BLUE, GREEN, NOW_MS, RED, WHITE, Bench, outcome, paint_picture
from tests.api.socket_server import SocketService, serve_on_socket

RIGHT = Box(0.5, 0.0, 1.0, 1.0)
CLIENTS = pytest.mark.parametrize("kind", [PinstreamClient, AsyncPinstreamClient])
Kind = type[PinstreamClient] | type[AsyncPinstreamClient]


@pytest.fixture
def bench() -> Bench:
    filled = Bench(ApiSettings(quota=QuotaSettings(rate_per_s=1000, burst=1000)))
    filled.pin("q", WHITE, ("bag", RIGHT, BLUE), price=9.5, tags=("x", "y"))
    filled.pin("near", (240, 240, 245))
    filled.pin("scene", GREEN, ("bag", Box(0.2, 0.2, 0.6, 0.6), BLUE), ("shoe", Box(0.0, 0.0, 0.1, 0.1), RED))
    filled.pin("shop", RED, ("shoe", RIGHT, BLUE), domain="catalog")
    return filled


@pytest.fixture
def service(bench: Bench) -> Iterator[SocketService]:
    with serve_on_socket(bench) as running:
        yield running


async def ask(
    kind: Kind, service: SocketService, call: str, *arguments: Any, key: str | None = None, **more: Any
) -> Any:
    """What a client of that kind gets."""
    client = kind(service.address, key=key, retry_for_s=0)
    try:
        answer = getattr(client, call)(*arguments, **more)
        return await answer if inspect.isawaitable(answer) else answer
    finally:
        closing = client.close()
        if inspect.isawaitable(closing):
            await closing


@CLIENTS
async def test_a_client_answers_as_the_library_does(bench: Bench, service: SocketService, kind: Kind) -> None:
    index = VisualIndex.over(bench.store, clock_ms=lambda: NOW_MS)
    questions: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
        ("get", ("q",), {}),
        ("newest", (), {"limit": 3}),
        ("related", ("q",), {"limit": 2}),
        ("related", ("q",), {"filters": Filters(domain=("web", "catalog"), max_age_s=10**9, but="near")}),
        ("related", ("q",), {"order": Freshness(half_life_s=3600)}),
        ("similar", ("q", 1), {}),
        ("similar", ("q", 1), {"filters": Filters(label=ANY_LABEL, domain="catalog")}),
    ]

    for call, arguments, more in questions:
        over_http = await ask(kind, service, call, *arguments, **more)

        assert without_age(over_http) == without_age(getattr(index, call)(*arguments, **more)), call


def without_age(answer: Any) -> Any:
    """Ages, and what is ranked by them, differ by the clocks of two processes; cursors hold the clock."""
    text = repr(answer)
    for name in ("age_s", "cursor", "relevance"):
        text = "".join(part.partition(",")[2] if i else part for i, part in enumerate(text.split(f"{name}=")))
    return text


@CLIENTS
async def test_pages_follow_one_another(service: SocketService, kind: Kind) -> None:
    first = await ask(kind, service, "related", "q", limit=2)
    rest = await ask(kind, service, "related", "q", limit=2, cursor=first.cursor)

    assert len({hit.pin_id for hit in (*first, *rest)}) == 3
    assert (first.exhausted, rest.exhausted, rest.cursor) == (False, True, None)


@CLIENTS
async def test_flashlight_lens_and_pictures(bench: Bench, service: SocketService, kind: Kind) -> None:
    bench.models.objects = (Detection("bag", 0.9, Box(0.25, 0.25, 0.75, 0.75)),)

    light = await ask(
        kind, service, "flashlight", "q", (0.6, 0.0, 1.0, 1.0), snap=True, limit=1, filters=Filters(label="bag")
    )
    lens = await ask(kind, service, "lens", paint_picture(WHITE, (Box(0.25, 0.25, 0.75, 0.75), BLUE)), limit=10)
    small = await ask(kind, service, "thumbnail", "q", width_px=160)

    assert (light.box, light.snap_to.label, light.hits[0].pin_id) == ((0.5, 0.0, 1.0, 1.0), "bag", "scene")
    assert light.hits[0].box == (0.2, 0.2, 0.6, 0.6)
    assert (lens.understood.dominant, lens.understood.objects[0].label, lens.understood.width_px) == (0, "bag", 200)
    assert {(hit.query, hit.slot > 0) for hit in lens} == {(0, False), (1, True)}
    assert small.startswith(b"\xff\xd8"), "JPEG for clients that do not accept WebP"


@CLIENTS
async def test_what_is_refused_is_an_error_of_the_library(bench: Bench, service: SocketService, kind: Kind) -> None:
    bench.store.upsert([tombstone("gone", 0, 2, at_ms=NOW_MS)])
    bench.pin("lost", image_url="https://nowhere/x.png")
    del bench.web.pictures["https://nowhere/x.png"]
    bench.pin("coming", alive=False)
    bench.store.delete(["coming#0"])
    recent_pins = service.deps.recent_pins
    service.loop.call_soon_threadsafe(recent_pins.add_outcome, outcome("dead", "dead", reason="no picture"))
    service.loop.call_soon_threadsafe(recent_pins.add_outcome, outcome("coming"))
    refusals: list[tuple[type[Exception], str, tuple[Any, ...], dict[str, Any]]] = [
        (PinUnknown, "get", ("never",), {}),
        (PinDeleted, "get", ("gone",), {}),
        (PinDead, "related", ("dead",), {}),
        (PinNotIndexedYet, "related", ("coming",), {}),
        (ObjectUnknown, "similar", ("q", 9), {}),
        (PictureGone, "flashlight", ("lost", (0.0, 0.0, 1.0, 1.0)), {}),
        (QueryInvalid, "related", ("q",), {"limit": 0}),
        (QueryInvalid, "related", ("../readyz",), {}),
        (QueryInvalid, "flashlight", ("q", (0.5, 0.0, 0.5, 1.0)), {}),
        (QueryInvalid, "lens", (b"no photo",), {}),
        (QueryInvalid, "related", ("q",), {"order": Freshness(half_life_s=1, weight=1)}),
    ]

    for error, call, arguments, more in refusals:
        with pytest.raises(error) as caught:
            await ask(kind, service, call, *arguments, **more)
        assert type(caught.value) is error, call


@CLIENTS
async def test_a_photo_that_arrives_too_slowly_is_the_callers_to_correct(kind: Kind) -> None:
    hasty = Bench(ApiSettings(quota=QuotaSettings(upload_s=1e-6)))

    with serve_on_socket(hasty) as service, pytest.raises(QueryInvalid, match="did not arrive within"):
        await ask(kind, service, "lens", bytes(2**20))


@CLIENTS
@pytest.mark.parametrize("name", ["domain", "label", "but"])
@pytest.mark.parametrize("given", [(), [], "", ("",), "a\nb"])
async def test_the_service_refuses_the_same_names_as_the_library(
    bench: Bench, service: SocketService, kind: Kind, name: str, given: Any
) -> None:
    filters = Filters(**{name: given})

    for ask_it in (VisualIndex.over(bench.store).related, partial(ask, kind, service, "related")):
        with pytest.raises(QueryInvalid, match=f"{name} = "):
            answer = ask_it("q", filters=filters)
            if inspect.isawaitable(answer):
                await answer


@pytest.mark.parametrize("name", ["domain", "label", "but"])
def test_an_empty_list_is_refused_in_json_and_no_list_is_any(service: SocketService, name: str) -> None:
    question = {"pin_id": "q", "box": [0.0, 0.0, 1.0, 1.0]}

    refused, found = (
        httpx.post(f"{service.address}/v1/flashlight", json=each) for each in ({**question, name: []}, question)
    )

    assert (refused.status_code, refused.json()["field"]) == (422, name)
    assert refused.json()["detail"].startswith(f"{name}: give at least one name, or leave the parameter out for any")
    assert len(found.json()["hits"]) == 3


@CLIENTS
async def test_keys_and_dead_addresses(kind: Kind) -> None:
    locked = Bench(ApiSettings(api=ServiceSettings(keys=("sesame",))))
    locked.pin("a")

    with serve_on_socket(locked) as service:
        found = await ask(kind, service, "get", "a", key="sesame")
        with pytest.raises(ServiceRefused, match="API key"):
            await ask(kind, service, "get", "a", key="onions")
    with pytest.raises(ServiceUnavailable, match="not sent"):
        await ask(kind, service, "get", "a")

    assert found.pin_id == "a"
