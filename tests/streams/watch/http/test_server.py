"""What the port answers, and the page as an operator gets it."""

import re
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest
from aiohttp.test_utils import TestClient, TestServer

from pinstream.kafka.partitioner import partition_of
from streams.watch.consume.progress import ReadProgress
from streams.watch.http.charts import duration
from streams.watch.http.server import WatchServer
from streams.watch.join.pins import PinState
from streams.watch.settings import WatchSettings
from tests.streams.watch.records import Bench

ELSEWHERE = "http://other:9465"
Client = TestClient[Any, Any]


class OneInstance:
    """Watches partition 0 of two."""

    running = True
    partitions = frozenset({0})
    instances: ClassVar = {"http://127.0.0.1:0": [0], ELSEWHERE: [1]}

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def state(self, pin_id: str) -> PinState | None:
        return self._bench.known(pin_id)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
async def client(bench: Bench) -> AsyncIterator[Client]:
    progress = ReadProgress(lambda: bench.now_ms)
    progress.assign({("pins.events", 0): 0})
    progress.compare({("pins.events", 0): 0})
    progress.compare({("pins.events", 0): 0})
    site = WatchServer(WatchSettings(), bench.watcher, progress, partitions=2)
    site.attach(OneInstance(bench))
    async with TestClient(TestServer(site.application())) as client:
        yield client


def pins_in(partition: int, count: int) -> list[str]:
    names = (f"p{number}" for number in range(100))
    return [name for name in names if partition_of(name.encode(), 2) == partition][:count]


async def test_a_pin_is_answered_with_its_event_and_its_outcome(bench: Bench, client: Client) -> None:
    (pin,) = pins_in(0, 1)
    bench.publish(pin, 3)
    bench.report(pin, 3, "dead", reason="fetch: FetchFailed: 404")

    answer = await (await client.get(f"/pins/{pin}")).json()

    assert (answer["standing"], answer["event"]["version"], answer["outcome"]["reason"]) == (
        "dead", 3, "fetch: FetchFailed: 404",
    )  # fmt: skip


async def test_a_pin_of_another_partition_is_asked_for_at_its_instance(client: Client) -> None:
    (pin,) = pins_in(1, 1)

    answer = await client.get(f"/pins/{pin}", allow_redirects=False)

    assert (answer.status, answer.headers["Location"]) == (307, f"{ELSEWHERE}/pins/{pin}")


async def test_an_unknown_pin_gets_404_with_what_the_watch_knows(client: Client) -> None:
    answer = await client.get(f"/pins/{pins_in(0, 1)[0]}")

    assert answer.status == 404
    assert "accounted for in the last 3600 s" in (await answer.json())["note"]


async def test_the_form_leads_to_the_pin(client: Client) -> None:
    answer = await client.get("/pins", params={"id": "a"}, allow_redirects=False)

    assert (answer.status, answer.headers["Location"]) == (303, "/pins/a")


async def test_overdue_pins_come_oldest_first_and_bounded(bench: Bench, client: Client) -> None:
    for pin in pins_in(0, 3):
        bench.publish(pin)
        bench.wait(1)
    bench.wait(20)

    answer = await (await client.get("/overdue?limit=2")).json()
    wrong = await client.get("/overdue?limit=0")

    assert (answer["total"], [each["pin_id"] for each in answer["overdue"]]) == (3, pins_in(0, 2))
    assert answer["overdue"][0]["stuck_in"] == "queue"
    assert answer["instance"]["others"] == {ELSEWHERE: [1], "http://127.0.0.1:0": [0]}
    assert wrong.status == 400


async def test_readiness_waits_until_what_kafka_holds_has_been_read(bench: Bench, client: Client) -> None:
    ready = await client.get("/readyz")
    bench.now_ms += 60_000
    behind = await client.get("/readyz")

    assert (ready.status, behind.status, (await client.get("/healthz")).status) == (200, 503, 200)


async def test_metrics_are_those_of_the_table(bench: Bench, client: Client) -> None:
    bench.publish(pins_in(0, 1)[0])
    bench.wait(20)

    text = await (await client.get("/metrics")).text()

    assert 'pinstream_watch_overdue_pins{kind="pin"} 1.0' in text
    assert "pinstream_watch_coverage_ratio 0.0" in text
    assert 'pinstream_watch_lag_seconds{lane="live"} 20.0' in text
    assert 'pinstream_watch_lag_seconds{lane="backfill"} 0.0' in text
    assert 'pinstream_watch_objective_total{met="no",objective="freshness"} 1.0' in text


async def test_the_page_needs_nothing_from_elsewhere_and_no_inline_code(bench: Bench, client: Client) -> None:
    bench.report("a", outcome="dead", reason="fetch: <script>: x")
    bench.report("b", visible_at_ms=bench.now_ms + 40, stages_ms={"queue": 1.0, "visible": 3.0})
    bench.publish(pins_in(0, 1)[0])
    bench.wait(11)

    answer = await client.get("/")
    text = await answer.text()

    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r" style=| on\w+=|<script>|<style|(?:src|href|action)=\"(?!/|data:,|http://)", text)
    assert [(await client.get(path)).status for path in re.findall(r'"(/assets/[^"]+)"', text)] == [200, 200]
    assert "&lt;script&gt;" in text
    assert text.count('role="img" aria-label=') == 3


async def test_the_page_says_in_one_sentence_whether_to_worry(bench: Bench, client: Client) -> None:
    async def verdict() -> str:
        found = re.search('id="verdict">([^<]*)<', await (await client.get("/")).text())
        assert found is not None
        return found[1]

    pin, other = pins_in(0, 2)
    verdicts = [await verdict()]
    bench.publish(pin)
    bench.wait(11)
    verdicts.append(await verdict())
    bench.report(pin)
    verdicts.append(await verdict())
    bench.publish(other)
    bench.report(other, outcome="dead", reason="picture: x")
    verdicts.append(await verdict())

    assert verdicts == [
        "Nothing was published in the last 15 min, and no pin is overdue.",
        "1 pin overdue, in the queue; the oldest was published 11 s ago.",
        "Every pin of the last 15 min is searchable: 1 pin.",
        "Of 2 pins in the last 15 min, 1 is dead; all others are searchable.",
    ]


def test_durations_are_in_the_largest_fitting_unit() -> None:
    texts = {
        None: "none",
        3.14159: "3.14 ms",
        63: "63 ms",
        1500: "1.5 s",
        900_000: "15 min",
        7.2e6: "2 h",
        2e8: "2.31 days",
    }

    assert {value_ms: duration(value_ms) for value_ms in texts} == texts
