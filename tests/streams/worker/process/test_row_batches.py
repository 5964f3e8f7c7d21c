"""Rows of many pins travel in few calls, each pin whole, and every caller learns what became of its own."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from pinstream.errors import IndexRefused, IndexUnavailable
from pinstream.store.codes import CODE_BYTES
from pinstream.store.collection import Row, row_key, tombstone
from pinstream.store.memory import MemoryStore
from streams.worker.process.batcher import BatchLimits
from streams.worker.process.call_timer import time_call
from streams.worker.process.row_reader import BatchedRowReader
from streams.worker.process.row_writer import BatchedRowWriter, newest_of_each_pin

DEADLINE_S = 10.0
LIMITS = BatchLimits(max_rows=4, linger_s=60.0, max_in_flight=1)


class HeldStore(MemoryStore):
    """A memory store whose upserts wait while held, and that remembers each call."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[list[str]] = []
        self.error: Exception | None = None
        self.at_once = 0
        self.most_at_once = 0
        self._free = threading.Event()
        self._free.set()
        self._count = threading.Lock()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Every call waits until the end of the block."""
        self._free.clear()
        try:
            yield
        finally:
            self._free.set()

    def upsert(self, rows: Sequence[Row]) -> None:
        with self._count:
            self.calls.append([row.key for row in rows])
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            assert self._free.wait(DEADLINE_S)
            if self.error is not None:
                raise self.error
            super().upsert(rows)
        finally:
            with self._count:
                self.at_once -= 1


def pin(pin_id: str, objects: int = 0, *, version: int = 1) -> list[Row]:
    return [
        Row(pin_id=pin_id, slot=slot, alive=True, code=bytes(CODE_BYTES), version=version)
        for slot in range(objects + 1)
    ]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.001)


async def test_a_write_returns_once_its_rows_can_be_read() -> None:
    store = HeldStore()
    writer = BatchedRowWriter(store)

    await writer.write(pin("a", 2))

    assert set(store.get([row_key("a", slot) for slot in range(3)])) == {"a#0", "a#1", "a#2"}
    await writer.close()


async def test_the_first_write_leaves_at_once_and_the_rest_travel_together() -> None:
    store = HeldStore()
    writer = BatchedRowWriter(store, limits=LIMITS)

    with store.hold():
        writes = [asyncio.ensure_future(writer.write(pin(name))) for name in "abcd"]
        await until(lambda: len(store.calls) == 1)
    await asyncio.gather(*writes)

    assert store.calls == [["a#0"], ["b#0", "c#0", "d#0"]]
    await writer.close()


async def test_no_pin_is_split_over_two_calls() -> None:
    store = HeldStore()
    writer = BatchedRowWriter(store, limits=LIMITS)

    with store.hold():
        writes = [asyncio.ensure_future(writer.write(pin(name, 2))) for name in "abc"]
        writes.append(asyncio.ensure_future(writer.write(pin("large", 9))))
        await until(lambda: len(store.calls) == 1)
    await asyncio.gather(*writes)

    assert [len(call) for call in store.calls] == [3, 3, 3, 10]
    await writer.close()


async def test_a_second_call_opens_when_a_batch_is_full() -> None:
    store = HeldStore()
    writer = BatchedRowWriter(store, limits=BatchLimits(max_rows=4, linger_s=60.0, max_in_flight=2))

    with store.hold():
        writes = [asyncio.ensure_future(writer.write(pin(name))) for name in "abcde"]
        await until(lambda: len(store.calls) == 2)
    await asyncio.gather(*writes)

    assert store.calls == [["a#0"], ["b#0", "c#0", "d#0", "e#0"]]
    await writer.close()


async def test_the_tail_of_a_burst_leaves_after_its_linger_though_a_call_hangs() -> None:
    store = HeldStore()
    writer = BatchedRowWriter(store, limits=BatchLimits(max_rows=100, linger_s=0.01, max_in_flight=2))

    with store.hold():
        writes = [asyncio.ensure_future(writer.write(pin(name))) for name in "ab"]
        await until(lambda: len(store.calls) == 2)
    await asyncio.gather(*writes)

    assert store.calls == [["a#0"], ["b#0"]]
    await writer.close()


async def test_never_more_calls_at_once_than_allowed() -> None:
    store = HeldStore()
    writer = BatchedRowWriter(store, limits=BatchLimits(max_rows=1, linger_s=0.0, max_in_flight=3))

    with store.hold():
        writes = [asyncio.ensure_future(writer.write(pin(f"p{i}"))) for i in range(20)]
        await until(lambda: store.at_once == 3)
    await asyncio.gather(*writes)

    assert store.most_at_once == 3
    assert len(store.calls) == 20
    await writer.close()


async def test_of_two_writes_of_one_pin_the_newer_is_sent_whole_and_both_are_acknowledged() -> None:
    store = HeldStore()
    writer = BatchedRowWriter(store, limits=LIMITS)

    with store.hold():
        first = asyncio.ensure_future(writer.write(pin("busy")))
        await until(lambda: len(store.calls) == 1)
        newer = asyncio.ensure_future(writer.write(pin("a", 1, version=2)))
        older = asyncio.ensure_future(writer.write(pin("a", 2, version=1)))
        await asyncio.sleep(0)
    await asyncio.gather(first, older, newer)

    assert store.calls[1] == ["a#0", "a#1"]
    assert store.get(["a#0"])["a#0"].version == 2
    await writer.close()


async def test_a_pin_on_its_way_is_not_overtaken_by_its_next_version() -> None:
    store = HeldStore()
    writer = BatchedRowWriter(store, limits=BatchLimits(max_rows=1, linger_s=0.0, max_in_flight=3))

    with store.hold():
        writes = [asyncio.ensure_future(writer.write(pin("a", version=version))) for version in (1, 2)]
        writes.append(asyncio.ensure_future(writer.write(pin("b"))))
        await until(lambda: len(store.calls) == 2)
        assert store.calls == [["a#0"], ["b#0"]]
    await asyncio.gather(*writes)

    assert store.get(["a#0"])["a#0"].version == 2
    await writer.close()


async def test_an_error_reaches_every_caller_of_its_batch_and_no_other() -> None:
    store = HeldStore()
    writer = BatchedRowWriter(store, limits=LIMITS)

    with store.hold():
        writes = [asyncio.ensure_future(writer.write(pin(name))) for name in "abc"]
        await until(lambda: len(store.calls) == 1)
        store.error = IndexUnavailable("away")
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    store.error = None
    await writer.write(pin("a"))

    assert [type(outcome) for outcome in outcomes] == [IndexUnavailable] * 3
    assert len(store.calls) == 3
    await writer.close()


async def test_a_refused_row_is_named_to_its_caller() -> None:
    writer = BatchedRowWriter(MemoryStore())

    with pytest.raises(IndexRefused, match="row a#0: version = -1"):
        await writer.write(pin("a", version=-1))

    await writer.close()


async def test_a_refused_pin_does_not_take_its_batch_along() -> None:
    store = HeldStore()
    writer = BatchedRowWriter(store, limits=LIMITS)

    with store.hold():
        first = asyncio.ensure_future(writer.write(pin("busy")))
        await until(lambda: len(store.calls) == 1)
        good = asyncio.ensure_future(writer.write(pin("good")))
        bad = asyncio.ensure_future(writer.write(pin("bad", version=-1)))
        await asyncio.sleep(0)
    outcomes = await asyncio.gather(first, good, bad, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [type(None), type(None), IndexRefused]
    await writer.close()


async def test_a_caller_that_gives_up_before_its_batch_left_takes_its_rows_back() -> None:
    store = HeldStore()
    writer = BatchedRowWriter(store, limits=LIMITS)

    with store.hold():
        first = asyncio.ensure_future(writer.write(pin("a")))
        await until(lambda: len(store.calls) == 1)
        second, third = (asyncio.ensure_future(writer.write(pin(name))) for name in "bc")
        await asyncio.sleep(0)
        second.cancel()
    await asyncio.gather(first, third)

    assert store.calls == [["a#0"], ["c#0"]]
    await writer.close()


async def test_writers_wait_for_room_and_lose_nothing() -> None:
    store = HeldStore()
    writer = BatchedRowWriter(store, limits=BatchLimits(max_rows=10, linger_s=0.0, max_in_flight=1, max_waiting=3))

    with store.hold():
        writes = [asyncio.ensure_future(writer.write(pin(f"p{i}"))) for i in range(50)]
        await until(lambda: len(store.calls) == 1)
    await asyncio.gather(*writes)

    assert len(store.get([f"p{i}#0" for i in range(50)])) == 50
    assert max(len(call) for call in store.calls) <= 3
    await writer.close()


async def test_closing_waits_for_what_was_written_and_for_those_who_wait_for_room() -> None:
    store = HeldStore()
    writer = BatchedRowWriter(store, limits=BatchLimits(max_rows=4, linger_s=60.0, max_in_flight=1, max_waiting=2))

    with store.hold():
        writes = [asyncio.ensure_future(writer.write(pin(f"p{i}"))) for i in range(9)]
        await until(lambda: len(store.calls) == 1)
    await writer.close()

    assert all(write.done() for write in writes)
    assert len(store.get([f"p{i}#0" for i in range(9)])) == 9


async def test_a_write_is_of_one_pin_and_one_version() -> None:
    writer = BatchedRowWriter(MemoryStore())

    for rows in ([], [*pin("a"), *pin("b")], [*pin("a"), tombstone("a", 1, 2, at_ms=1)]):
        with pytest.raises(ValueError, match="one pin and one version"):
            await writer.write(rows)

    await writer.close()


def test_the_newest_of_equal_versions_is_the_last() -> None:
    first, second = tuple(pin("a", 1)), tuple(pin("a"))

    assert newest_of_each_pin([first, second]) == [second]


async def test_reads_are_batched_and_each_caller_gets_its_own_keys() -> None:
    store = MemoryStore()
    store.upsert([row for name in "abc" for row in pin(name, 1)])
    reader = BatchedRowReader(store)

    found = await asyncio.gather(
        reader.get(["a#0"], consistency="Strong"),
        reader.get(["b#0", "b#1", "b#7"], consistency="Strong"),
        reader.get(["nobody#0"], consistency="Bounded"),
    )

    assert [sorted(rows) for rows in found] == [["a#0"], ["b#0", "b#1"], []]
    await reader.close()


async def test_every_call_is_timed_and_failed_ones_too() -> None:
    store, took_s = MemoryStore(), list[float]()
    writer, reader = BatchedRowWriter(store, on_call=took_s.append), BatchedRowReader(store, on_call=took_s.append)

    await writer.write(pin("a"))
    await reader.get(["a#0"], consistency="Strong")

    assert len(took_s) == 2
    await writer.close()
    await reader.close()
    with pytest.raises(KeyError), time_call(took_s.append):
        raise KeyError
    assert len(took_s) == 3
    assert min(took_s) >= 0
