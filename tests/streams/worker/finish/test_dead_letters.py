"""Dead letters say why, and can be published again as they were."""

from fetch.errors import FetchRefused
from streams.worker.finish.dead_letters import error_headers, original_headers
from streams.worker.record import ConsumedRecord

RECORD = ConsumedRecord(
    lane="live",
    topic="pins.events",
    partition=3,
    offset=42,
    key=b"k",
    value=b"v",
    headers=[("ce_id", b"1"), ("x", None)],
)


def raised() -> FetchRefused:
    try:
        raise FetchRefused("HTTP 404 " + "x" * 5000)
    except FetchRefused as exc:
        return exc


def test_headers_say_where_it_came_from_and_what_is_wrong() -> None:
    headers = dict(error_headers(RECORD, stage="fetch", error=raised(), unexpected=False))

    assert headers["__connect.errors.topic"] == b"pins.events"
    assert headers["__connect.errors.partition"] == b"3"
    assert headers["__connect.errors.offset"] == b"42"
    assert headers["__connect.errors.stage"] == b"fetch"
    assert headers["__connect.errors.exception.class.name"] == b"fetch.errors.FetchRefused"
    assert (headers["__connect.errors.exception.message"] or b"").startswith(b"HTTP 404")
    assert b"raised" in (headers["__connect.errors.exception.stacktrace"] or b"")
    assert headers["__connect.errors.unexpected"] == b"false"


def test_headers_stay_small_whatever_the_message() -> None:
    headers = error_headers(RECORD, stage="fetch", error=raised(), unexpected=True)

    assert sum(len(name) + len(value or b"") for name, value in headers) < 32 * 1024


def test_a_replay_finds_the_original_headers() -> None:
    headers = [*RECORD.headers, *error_headers(RECORD, stage="fetch", error=raised(), unexpected=False)]

    assert original_headers(headers) == list(RECORD.headers)
