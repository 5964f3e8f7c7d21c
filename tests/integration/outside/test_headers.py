"""A record whose header has a name that is not UTF-8 costs itself only, in every program that reads it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from index.__main__ import app as index_app
from pinstream.cli import app as pinstream_app
from pinstream.events import EVENTS_TOPIC, UNREADABLE_HEADERS
from pinstream.store.milvus import MilvusStore
from streams.__main__ import app as streams_app
from tests.integration.drive import QUIET, Deck, Palette, await_all, results
from tests.integration.running_watch import RunningWatch
from tests.integration.running_worker import RunningWorker, Site, eventually

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

WRITE = """
import asyncio, sys
from aiokafka import AIOKafkaProducer

class Raw(str):
    def encode(self, *_arguments):
        return b"\\xff\\xfeodd"

async def main(servers, topic, partitions, key):
    async with AIOKafkaProducer(bootstrap_servers=servers, acks="all") as producer:
        for partition in range(int(partitions)):
            for headers in (
                [("good", b"0"), (Raw("odd"), b"1")],
                [(Raw("odd"), None), ("good", b"0"), (Raw("odd"), b"")],
            ):
                await producer.send_and_wait(topic, b'{"odd": 1}', key.encode(), partition, headers=headers)

asyncio.run(main(*sys.argv[1:]))
"""


def write_odd_headers(site: Site, key: str) -> None:
    """Two records on every partition; confluent-kafka cannot write such a name, aiokafka in Python can."""
    where = (site.endpoints.kafka, site.prefix + EVENTS_TOPIC, str(site.partitions))
    environment = {**os.environ, "AIOKAFKA_NO_EXTENSIONS": "1"}
    subprocess.run((sys.executable, "-c", WRITE, *where, key), env=environment, check=True)


def test_a_header_name_that_is_not_utf8_ends_no_program_and_is_a_dead_letter(
    stack: "LocalStack", store: MilvusStore, palette: Palette, tmp_path: Path
) -> None:
    site = Site(stack.endpoints)
    deck = Deck(site)
    odd = f"{deck.pin}-odd"
    where = ("--kafka", site.endpoints.kafka, "--topic-prefix", site.prefix)
    deck.put(deck.new(3))
    write_odd_headers(site, odd)
    deck.put(deck.new(3, first=10))
    watch = RunningWatch(site, tmp_path / "watch")
    with RunningWorker(site, tmp_path, **QUIET, **palette.settings) as worker, watch:
        outcomes = await_all(site, worker)
        eventually(watch.ready, what="the watch ready")
        odd_records = 2 * site.partitions
        eventually(lambda: watch.metric("pinstream_watch_poison_total") == odd_records, what="the watch counts them")
        eventually(lambda: watch.standing(f"{deck.pin}-12") == "searchable", what="the watch reads on")

    assert results(outcomes) == {"indexed": 6, "dead": 2 * site.partitions}
    deck.assert_stands(store, palette)
    listed = CliRunner().invoke(streams_app, ["dead-letters", "ls", "--json", *where])
    found = json.loads(listed.stdout)["dead_letters"]
    assert {each["pin"] for each in found} == {odd}
    assert sorted(each["source_partition"] for each in found) == sorted(2 * list(range(site.partitions)))
    shown = CliRunner().invoke(streams_app, ["dead-letters", "show", odd, "--all", "--json", *where])
    for each in json.loads(shown.stdout):
        assert UNREADABLE_HEADERS in dict(each["headers"])
        assert each["value_base64"] == "eyJvZGQiOiAxfQ=="
    replayed = CliRunner().invoke(streams_app, ["dead-letters", "replay", "--yes", *where])
    assert "their headers cannot be read" in replayed.stderr
    asked = CliRunner().invoke(pinstream_app, ["where", odd, "--json", "--milvus", stack.endpoints.milvus, *where])
    assert asked.exit_code in (0, 1), (asked.output, asked.exception)
    assert "dead" in asked.stdout, asked.output
    audit = CliRunner().invoke(index_app, ["audit", "--grace", "0s", "--milvus", stack.endpoints.milvus, *where])
    assert isinstance(audit.exception, SystemExit | None), audit.exception
