"""The real watch on the real Kafka: nothing stops it silently, and nothing makes it forget a pin."""

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pinstream.events import PinOutcome, Result
from pinstream.kafka.partitioner import partition_of
from tests.integration.running_watch import RunningWatch
from tests.integration.running_worker import Site, eventually

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]

QUICK = {"objective__pin_s": "1", "objective__deletion_s": "1", "stuck_s": "20"}


def publish(site: Site, pin: str, version: int = 1) -> None:
    image = {"url": "https://example.org/a.jpg"}
    site.put(
        pin, {"pin_id": pin, "version": version, "image": image, "domain": "web", "created_at": "2026-11-23T20:00:00Z"}
    )


def write_outcome(site: Site, pin: str, version: int = 1, outcome: Result = "indexed", **more: Any) -> None:
    """Of an event that is behind all others."""
    now_ms = time.time_ns() // 1_000_000
    written = PinOutcome(
        pin_id=pin, version=version, outcome=outcome, embedding_version=1, topic=f"{site.prefix}pins.events",
        partition=partition_of(pin.encode(), site.partitions), offset=1_000, published_at_ms=now_ms - 50,
        finished_at_ms=now_ms, stages_ms={"queue": 2.0, "embed": 20.0}, **more,
    )  # fmt: skip
    site.put(pin, written.encode(), topic="pins.indexed")


def poison(site: Site) -> None:
    """Everything that was ever seen to end a Faust app: no JSON, no key, wrong types, half characters."""
    for key, value in (
        ("bad", b"not json"),
        ("", b"x"),
        ("bad", b'{"pin_id": 7, "version": "x"}'),
        ("bad", b"\xff\xfe"),
    ):
        site.put(key, value)
    site.put(b"\xff\xff", None)
    site.put("bad", None, headers=(("version", b"never"),))
    site.put("bad", b"[]", topic="pins.indexed")
    site.put("bad", b"\x00", topic="pins.indexed")
    site.flush()


def test_the_watch_joins_serves_and_survives_poison_restarts_and_rebalances(
    stack: "LocalStack", tmp_path: Path
) -> None:
    site = Site(stack.endpoints)
    first, second = RunningWatch(site, tmp_path / "a", **QUICK), RunningWatch(site, tmp_path / "b", **QUICK)
    with first:
        eventually(first.ready, what="the watch ready")
        for number in range(8):
            publish(site, f"p{number}")
        poison(site)
        write_outcome(site, "p0")
        write_outcome(site, "p0", visible_at_ms=time.time_ns() // 1_000_000)
        write_outcome(site, "p1", outcome="dead", reason="fetch: FetchFailed: 404")
        site.put("p0", None, headers=(("version", b"2"),))
        site.flush()
        eventually(lambda: len(first.overdue()) == 7, what="seven overdue pins")

        assert first.overdue() == ["p0", *(f"p{number}" for number in range(2, 8))]
        assert (first.standing("p1"), first.standing("p2"), first.standing("nobody")) == ("dead", "waiting", "unknown")
        assert first.get("/overdue")["deletions"] == 1
        assert first.metric("pinstream_watch_poison_total") == 8
        assert first.metric("pinstream_watch_overdue_pins", kind="pin") == 6
        assert first.metric("pinstream_watch_freshness_seconds_count") == 1
        assert first.get("/freshness")["sliding"]["300"]["embed"]["count"] == 1
        page = first.ask("/")
        assert page is not None
        assert "7 pins overdue" in page[1]
        assert "fetch: FetchFailed" in page[1]

        first.signal(signal.SIGKILL)
        first.wait()
        publish(site, "while-away")
        write_outcome(site, "p2")
        site.flush()

    with second:  # an empty folder: all it knows, Kafka kept
        eventually(second.ready, what="the second watch ready")
        overdue = ["p0", *(f"p{number}" for number in range(3, 8)), "while-away"]
        eventually(lambda: second.overdue() == overdue, what="the overdue pins, after a restart")
        assert (second.standing("p1"), second.standing("p2")) == ("dead", "searchable")

        shared(first, second, overdue)
        eventually(lambda: second.overdue() == overdue, what="the overdue pins, all in one again")
        for pin in overdue[1:]:
            write_outcome(site, pin)
        write_outcome(site, "p0", 2, "deleted")
        site.flush()
        eventually(lambda: second.overdue() == [], what="nothing overdue")
        assert second.get("/coverage")["windows"]["900"]["ratio"] == pytest.approx(8 / 9)  # one is dead


def shared(first: RunningWatch, second: RunningWatch, overdue: list[str]) -> None:
    """The first comes beside the second, the two share the partitions, and the first leaves again."""
    with first:
        eventually(first.ready, what="the first watch ready again")

        def halved() -> bool:
            one, other = first.overdue(), second.overdue()
            return bool(one and other) and sorted(one + other) == overdue

        eventually(halved, what="the overdue pins, in two halves")
        assert {first.standing(pin) for pin in overdue} == {second.standing(pin) for pin in overdue} == {"waiting"}
        first.signal(signal.SIGTERM)
        assert first.wait() == 0


class BlockableWatch(RunningWatch):
    """A watch whose event loop stands still for good once it gets SIGUSR1; its other threads go on."""

    program = (
        "-c",
        "import signal, time; from streams.__main__ import app;"
        "signal.signal(signal.SIGUSR1, lambda *_: time.sleep(600)); app()",
    )


def test_a_restart_counts_no_objective_again_and_a_watch_that_stands_still_ends(
    stack: "LocalStack", tmp_path: Path
) -> None:
    site = Site(stack.endpoints)
    watch = BlockableWatch(site, tmp_path / "a", **QUICK | {"stuck_s": "5"})

    def missed() -> float:
        return watch.metric("pinstream_watch_objective_total", objective="freshness", met="no")

    with watch:
        publish(site, "late")
        site.flush()
        eventually(lambda: watch.overdue() == ["late"], what="a pin overdue")
        counted = missed()
        watch.signal(signal.SIGTERM)
        assert watch.wait() == 0

        watch.start()
        eventually(lambda: watch.asked("/overdue") and watch.overdue() == ["late"], what="the pin overdue again")
        counted_again = missed()
        watch.signal(signal.SIGUSR1)

        assert (watch.wait(), counted, counted_again) == (6, 1, 0)
        assert re.search(r"CRITICAL .*the watch is stuck: the event loop has not run for \d+ s; it exits", watch.said())


@pytest.fixture
def lone_kafka(tmp_path: Path) -> "Iterator[LocalStack]":
    """A Kafka that may be killed."""
    from deploy.local.stack import LocalStack, StackOptions

    with LocalStack(StackOptions(root=tmp_path / "kafka", triton="none", milvus="none")) as running:
        yield running


def test_a_killed_broker_neither_stops_it_silently_nor_costs_a_pin(lone_kafka: "LocalStack", tmp_path: Path) -> None:
    site = Site(lone_kafka.endpoints)
    watch = RunningWatch(site, tmp_path / "a", **QUICK)
    with watch:
        eventually(watch.ready, what="the watch ready")
        publish(site, "before")
        site.flush()
        eventually(lambda: watch.overdue() == ["before"], what="a pin overdue before the crash")

        lone_kafka.kill("kafka")
        lone_kafka.start("kafka")
        publish(site, "after")
        site.flush()

        def sees_both() -> bool:
            assert watch.process is not None
            if watch.process.poll() is not None:  # it may end, if it says so: a supervisor starts it again
                assert watch.process.returncode in (5, 6), watch.said()
                assert re.search("CRITICAL|ERROR", watch.said())
                watch.start()
            return watch.asked("/overdue") and watch.overdue() == ["after", "before"]

        eventually(sees_both, deadline_s=180, what="both pins overdue after the crash")
