"""A stream sends each fresh pin once and in order, continues after a reconnect, and ends with the service."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

import pytest
from starlette.types import Message

from api.settings import ApiSettings, QuotaSettings, ServiceSettings
from pinstream.errors import IndexMismatch, IndexUnavailable
from pinstream.store.collection import Row
from pinstream.store.memory import MemoryStore
from pinstream.store.vector_store import Consistency
from tests.api.fakes import NOW_MS, RED, Bench, InProcessService, outcome, start_service


async def read_events(events: AsyncIterator[bytes], count: int) -> list[tuple[str, dict[str, object]]]:
    """The next ``count`` events of a stream: kind and data."""
    found: list[tuple[str, dict[str, object]]] = []
    async for frame in events:
        lines = dict(line.split(": ", 1) for line in frame.decode().splitlines() if not line.startswith(":") and line)
        if "event" in lines:
            found.append((lines["event"], {**json.loads(lines["data"]), "id": lines["id"]}))
        if len(found) == count:
            return found
    return found


def index_pins(service: InProcessService, bench: Bench, *pins: str, first: int = 0) -> None:
    for offset, pin in enumerate(pins, start=first):
        bench.pin(pin, RED, indexed_at_ms=NOW_MS + offset)
        service.deps.recent_pins.add_outcome(outcome(pin, offset=offset))


async def test_a_pin_is_sent_once_it_is_searchable_and_so_is_its_deletion(bench: Bench) -> None:
    async with start_service(bench) as service:
        events = service.deps.feed.events(None)
        opening = await anext(events)
        index_pins(service, bench, "a", "b")
        first = await read_events(events, 2)
        service.deps.recent_pins.add_outcome(outcome("a", "deleted", offset=5, version=2))
        last = await read_events(events, 1)

    assert opening == b"retry: 2000\n\n"
    assert [(kind, data["pin_id"]) for kind, data in first] == [("pin", "a"), ("pin", "b")]
    assert first[0][1]["thumbnail"] == "/v1/pins/a/thumbnail?version=1"
    assert last == [("gone", {"pin_id": "a", "version": 2, "id": f"{NOW_MS + 5}-a"})]


async def test_a_reader_that_reconnects_gets_every_event_once(bench: Bench) -> None:
    async with start_service(bench) as service:
        feed = service.deps.feed
        events = feed.events(None)
        await anext(events)
        index_pins(service, bench, "a", "b", "c")
        seen = await read_events(events, 1)
        await events.aclose()
        again = await read_events(feed.events(str(seen[0][1]["id"])), 2)
        elsewhere = await read_events(feed.events(f"{NOW_MS + 1}-unknown"), 2)

    assert [data["pin_id"] for _, data in again] == ["b", "c"]
    assert [data["pin_id"] for _, data in elsewhere] == ["b", "c"], "another instance's event: by its time"


async def test_the_list_of_newest_pins_says_where_a_stream_continues(bench: Bench) -> None:
    async with start_service(bench) as service:
        index_pins(service, bench, "a")
        await read_events(service.deps.feed.events("0-"), 1)
        answer = (await service.client.get("/v1/fresh")).json()
        index_pins(service, bench, "b", first=1)
        later = await read_events(service.deps.feed.events(answer["last_event_id"]), 1)

    assert [pin["pin_id"] for pin in answer["pins"]] == ["a"]
    assert [data["pin_id"] for _, data in later] == ["b"]


async def test_a_pin_that_was_deleted_before_it_could_be_sent_is_not_sent(bench: Bench) -> None:
    async with start_service(bench) as service:
        events = service.deps.feed.events(None)
        await anext(events)
        service.deps.recent_pins.add_outcome(outcome("never-there"))
        index_pins(service, bench, "b")

        assert [data["pin_id"] for _, data in await read_events(events, 1)] == ["b"]


class Flaky(MemoryStore):
    """Fails the first read."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.errors = [error]

    def get(self, keys: Sequence[str], *, consistency: Consistency = "Strong") -> dict[str, Row]:
        if self.errors:
            raise self.errors.pop()
        return dict(super().get(keys, consistency=consistency))


@pytest.mark.parametrize("error", [IndexUnavailable("away"), IndexMismatch("no collection yet")])
async def test_an_index_that_does_not_answer_only_delays_events(bench: Bench, error: Exception) -> None:
    bench.store = Flaky(error)

    async with start_service(bench) as service:
        events = service.deps.feed.events(None)
        await anext(events)
        index_pins(service, bench, "a")

        assert [data["pin_id"] for _, data in await read_events(events, 1)] == ["a"]


async def test_a_bug_loses_only_the_events_of_its_batch(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.store = Flaky(RuntimeError("a bug"))

    async with start_service(bench) as service:
        events = service.deps.feed.events(None)
        await anext(events)
        index_pins(service, bench, "a")
        while not caplog.records:
            await asyncio.sleep(0)
        index_pins(service, bench, "b", first=1)

        assert [data["pin_id"] for _, data in await read_events(events, 1)] == ["b"]

    assert "a bug" in caplog.text
    caplog.clear()


async def test_heartbeats_are_comments_and_streams_end_with_the_service(bench: Bench) -> None:
    bench.settings = ApiSettings(api=ServiceSettings(heartbeat_s=0.01))

    async with start_service(bench) as service:
        feed = service.deps.feed
        events = feed.events(None)
        await anext(events)
        comment = await anext(events)
        open_streams = service.deps.metrics.value("pinstream_api_streams")
        feed.close()
        rest = [frame async for frame in events]

    assert comment.startswith(b":")
    assert open_streams == 1
    assert all(frame.startswith(b":") for frame in rest)
    assert service.deps.metrics.value("pinstream_api_streams") == 0


async def test_no_more_streams_are_opened_than_may_be(bench: Bench) -> None:
    bench.settings = ApiSettings(quota=QuotaSettings(streams=1))

    async with start_service(bench) as service:
        with service.deps.streams.permit("9.9.9.9"):
            refused = await service.client.get("/v1/fresh", headers={"accept": "text/event-stream"})

    assert (refused.status_code, refused.json()["type"]) == (429, "urn:pinstream:problem:streams-busy")


async def test_a_reader_that_accepts_nothing_loses_its_permit(bench: Bench) -> None:
    bench.settings = ApiSettings(api=ServiceSettings(timeout_s=0.5))
    scope = {
        "type": "http", "method": "GET", "path": "/v1/fresh", "query_string": b"", "client": ("127.0.0.1", 1),
        "headers": [(b"accept", b"text/event-stream")],
    }  # fmt: skip
    sent: list[str] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message["type"])
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    app = bench.app
    async with app.router.lifespan_context(app), asyncio.timeout(20):
        await app(scope, receive, send)
        open_streams = app.state.dependencies.metrics.value("pinstream_api_streams")

    assert open_streams == 0
    assert sent == ["http.response.start", "http.response.body"]
