"""A deep backlog before a slow Triton waits in Kafka, not in the worker's memory."""

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.integration.drive import QUIET, Deck, Palette, fields, picture, results
from tests.integration.running_worker import RunningWorker, Site, eventually

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack
    from pinstream.store.milvus import MilvusStore

pytestmark = pytest.mark.stack

EVENTS, EVENT_BYTES = 2_000, 100_000
HELD_BYTES = 8 * 2**20
READ_AHEAD_KIB = 8 * 1024
GROWTH_BYTES = 160 * 2**20
"""Far below the backlog of 280 MB, far above credits, read-ahead and pictures being decoded together."""


def padding(number: int) -> bytes:
    """A small picture in a large file that no other equals; what follows a JPEG's end is ignored."""
    return picture(0) + random.Random(number).randbytes(EVENT_BYTES)


@contextmanager
def slowed(address: str, *, delay_s: float) -> Iterator[str]:
    """The address of a door to ``address`` whose answers take ``delay_s`` longer."""
    host, port = address.split(":")
    loop = asyncio.new_event_loop()
    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wait_s: float) -> None:
        with suppress(OSError):
            while chunk := await reader.read(2**20):
                await asyncio.sleep(wait_s)
                writer.write(chunk)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection(host, int(port))
        writers.extend((writer, to_writer))
        for one_way in (carry(reader, to_writer, 0.0), carry(to_reader, writer, delay_s)):
            task = loop.create_task(one_way)
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield "127.0.0.1:" + str(server.sockets[0].getsockname()[1])
    finally:

        async def end() -> None:
            server.close()
            for task in list(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for writer in writers:
                writer.transport.abort()
            await asyncio.sleep(0)  # the transports close in the loop's next round
            await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(end(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_memory_is_bounded_while_thousands_of_events_wait_for_a_slow_triton(
    stack: "LocalStack", store: "MilvusStore", palette: Palette, tmp_path: Path
) -> None:
    settings = {
        **QUIET,
        **palette.settings,
        "limits__held_bytes": str(HELD_BYTES),
        "limits__repin_capacity": "0",
        "kafka__consumer": f'{{"queued.max.messages.kbytes": {READ_AHEAD_KIB}}}',
    }
    with slowed(stack.endpoints.triton_grpc, delay_s=0.2) as address:
        site = Site(replace(stack.endpoints, triton_grpc=address))
        deck = Deck(site)
        with RunningWorker(site, tmp_path, **settings) as worker:
            assert worker.process is not None
            process = psutil.Process(worker.process.pid)
            deck.put(deck.new(6))
            worker.await_outcomes(6)
            before = process.memory_info().rss
            pins = [f"{deck.pin}-deep-{number}" for number in range(EVENTS)]
            for number, pin_id in enumerate(pins):
                site.put(pin_id, fields(pin_id, 1, padding(number)))
                if number % 200 == 199:
                    site.flush()
            site.flush()
            peak = held = waiting = 0.0

            def watched(wanted: int) -> bool:
                nonlocal peak, held, waiting
                peak = max(peak, process.memory_info().rss)
                held = max(held, worker.metric("pinstream_worker_held_bytes"))
                assert worker.metric("pinstream_worker_held_records") <= 256
                waiting = max(waiting, worker.metric("pinstream_worker_lag_records"))
                return worker.metric("pinstream_worker_outcomes_total") >= wanted

            eventually(lambda: watched(6 + 100), deadline_s=180, what="some progress through the slow Triton")

            print(
                f"grew by {(peak - before) / 2**20:.0f} MiB with {held / 2**20:.1f} MiB held and {waiting:.0f} waiting"
            )
            assert waiting > EVENTS / 2, "there was no deep backlog"
            assert HELD_BYTES / 2 < held < HELD_BYTES + 2 * EVENT_BYTES, "the credits were not the bound"
            assert peak - before < GROWTH_BYTES, f"grew by {(peak - before) / 2**20:.0f} MiB"
    assert results(site.outcomes()).keys() == {"indexed"}
