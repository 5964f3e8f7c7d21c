"""Over a real socket: events arrive as they happen, and streams end with the service."""

import threading
from contextlib import AbstractContextManager, ExitStack

import httpx

from api.settings import ApiSettings, QuotaSettings
from tests.api.fakes import RED, Bench, outcome, paint_picture
from tests.api.socket_server import serve_on_socket


def test_a_stream_sends_events_and_ends_with_the_service(bench: Bench) -> None:
    bench.pin("a", RED)

    with (
        serve_on_socket(bench) as service,
        httpx.Client(base_url=service.address, timeout=30) as client,
        open_stream(client) as answer,
    ):
        lines = answer.iter_lines()
        assert next(lines) == "retry: 2000"
        service.loop.call_soon_threadsafe(service.deps.recent_pins.add_outcome, outcome("a"))
        sent = [next(lines) for _ in range(4)]
        service.stop()
        rest = list(lines)

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert sent[1].startswith("id: ")
    assert sent[2] == "event: pin"
    assert sent[3].startswith('data: {"pin_id":"a"')
    assert not [line for line in rest if line.startswith("event")]


def open_stream(client: httpx.Client) -> AbstractContextManager[httpx.Response]:
    return client.stream("GET", "/v1/fresh", headers={"accept": "text/event-stream"})


def test_one_caller_leaves_streams_to_others(bench: Bench) -> None:
    bench.settings = ApiSettings(quota=QuotaSettings(streams=3, streams_each=2))

    with (
        serve_on_socket(bench) as service,
        httpx.Client(base_url=service.address, timeout=30) as client,
        ExitStack() as stack,
    ):
        mine = [stack.enter_context(open_stream(client)) for _ in range(3)]
        assert [answer.status_code for answer in mine] == [200, 200, 429]
        refused = mine[2].read()
        mine[0].close()
        while service.deps.metrics.value("pinstream_api_streams") != 1:
            threading.Event().wait(0.01)
        again = stack.enter_context(open_stream(client))

        assert again.status_code == 200
        assert mine[2].headers["retry-after"] == "5"
        assert b"urn:pinstream:problem:too-many-streams" in refused
        assert b"one caller may have 2 streams at once" in refused


def test_what_is_in_flight_is_finished_before_the_service_ends(bench: Bench) -> None:
    bench.pin("red", RED)
    bench.models.answers.clear()
    answers: list[httpx.Response] = []

    with serve_on_socket(bench) as service:

        def ask() -> None:
            content, headers = paint_picture(RED), {"content-type": "image/png"}
            answers.append(httpx.post(f"{service.address}/v1/lens", content=content, headers=headers, timeout=30))

        asking = threading.Thread(target=ask)
        asking.start()
        while not bench.models.calls:
            asking.join(0.01)
        service.stop()
        service.loop.call_soon_threadsafe(service.loop.call_later, 0.05, bench.models.answers.set)
        asking.join()

    assert answers[0].status_code == 200
