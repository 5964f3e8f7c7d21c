"""When a client asks again, and when it does not: the steps alone, without network or clock."""

from collections.abc import Generator
from typing import Any

import pytest

from pinstream.errors import QueryInvalid, ServiceRefused, ServiceUnavailable
from pinstream.http import requests
from pinstream.http.retries import AttemptResult, retry_steps

GET = requests.thumbnail("a")
POST = requests.lens(b"photo")
GOOD = AttemptResult(200, b"picture")


def steps_of(call: Any, *replies: AttemptResult, retry_for_s: float = 100) -> tuple[list[float], Any]:
    """How long was waited between attempts, and the answer; raises what the client would."""
    steps: Generator[Any, AttemptResult, Any] = retry_steps(call, retry_for_s=retry_for_s, draw=lambda _low, high: high)
    waits, step, left = [], next(steps), list(replies)
    while True:
        if not isinstance(step, requests.Call):
            waits.append(step)
            step = next(steps)
            continue
        try:
            step = steps.send(left.pop(0))
        except StopIteration as ended:
            assert not left, "asked less often than expected"
            return waits, ended.value


@pytest.mark.parametrize(
    "reply",
    [
        AttemptResult(503),
        AttemptResult(502),
        AttemptResult(429),
        AttemptResult(0, failure="unanswered"),
        AttemptResult(0, failure="not sent"),
    ],
)
def test_a_call_that_only_reads_is_retried(reply: AttemptResult) -> None:
    assert steps_of(GET, reply, reply, GOOD) == ([0.1, 0.2], b"picture")


def test_waits_grow_to_a_limit_and_follow_the_services_retry_after() -> None:
    waits, _ = steps_of(GET, AttemptResult(429, retry_after_s=3), *[AttemptResult(503)] * 7, GOOD)

    assert waits == [3, 0.2, 0.4, 0.8, 1.6, 2, 2, 2]


@pytest.mark.parametrize(
    "reply",
    [AttemptResult(503, retry_after_s=1), AttemptResult(429, retry_after_s=1), AttemptResult(0, failure="not sent")],
)
def test_a_call_that_sends_is_retried_only_if_the_service_did_not_read_it(reply: AttemptResult) -> None:
    with pytest.raises(ServiceRefused, match="not of this contract"):
        steps_of(POST, reply, AttemptResult(200, b"not json"))


@pytest.mark.parametrize(
    "reply", [AttemptResult(503), AttemptResult(500, retry_after_s=1), AttemptResult(0, failure="unanswered")]
)
def test_a_call_that_may_have_been_processed_is_not_retried(reply: AttemptResult) -> None:
    with pytest.raises(ServiceUnavailable):
        steps_of(POST, reply)


@pytest.mark.parametrize("call", [GET, POST])
def test_an_invalid_request_is_not_retried(call: Any) -> None:
    problem = b'{"type": "urn:pinstream:problem:invalid-request", "detail": "limit: too large"}'

    with pytest.raises(QueryInvalid, match="limit: too large"):
        steps_of(call, AttemptResult(422, problem))


def test_retries_have_a_limit_and_the_error_says_when_to_come_again() -> None:
    with pytest.raises(ServiceUnavailable) as refused:
        steps_of(GET, AttemptResult(429, retry_after_s=3), AttemptResult(429, retry_after_s=3), retry_for_s=5)

    assert refused.value.retry_after_s == 3


def test_an_answer_that_is_not_json_is_refused() -> None:
    with pytest.raises(ServiceRefused):
        steps_of(requests.get("a"), AttemptResult(200, b"<html>"))
    with pytest.raises(ServiceRefused, match="HTTP 418"):
        steps_of(GET, AttemptResult(418, b"<html>"))
