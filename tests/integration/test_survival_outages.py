"""Servers die by SIGKILL in the middle of the stream and come back: nothing is lost, no worker is restarted."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index import bootstrap
from pinstream.store.milvus import MilvusStore
from tests.integration.drive import QUIET, Deck, Palette, await_all, results, run_until_idle
from tests.integration.running_worker import RunningWorker, Site, eventually

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack

pytestmark = pytest.mark.stack

SEED = 20261125
IMPATIENT = {"retry__deadline_s": "1", "milvus__timeout_s": "3", "triton__timeout_s": "3"}
"""So that partitions are paused, and resumed, within a short outage."""
NO_MEMORY = {"limits__repin_capacity": "0"}
"""Every picture needs the models."""


def ended(site: Site) -> int:
    return len(site.outcomes())


def assert_survives(stack: "LocalStack", part: str, deck: Deck, worker: RunningWorker) -> None:
    """Publish before, while and after ``part`` is away, and wait for the end of every event."""
    site = deck.site
    deck.stream_until(lambda: ended(site) >= 12, what="the worker to be in the middle")
    deck.put(deck.shuffled(SEED, pins=20, events=60))
    stack.kill(part)
    if part != "kafka":
        deck.put(deck.new(20, first=1_000))
        metric = "pinstream_worker_outage_seconds"
        eventually(lambda: worker.metric(metric, service=part) > 0, what="the worker to notice the outage")
        eventually(lambda: worker.metric("pinstream_worker_paused_partitions") > 0, what="partitions to wait")
    stack.start(part)
    deck.put(deck.new(20, first=2_000))
    outcomes = await_all(site, worker)
    assert results(outcomes)["dead"] == 0
    assert {outcome.worker for outcome in outcomes} == {"survivor"}


def test_triton_killed_and_restarted_costs_time_and_no_pin(
    stack: "LocalStack", store: MilvusStore, palette: Palette, tmp_path: Path
) -> None:
    deck = Deck(Site(stack.endpoints))
    settings = {**QUIET, **IMPATIENT, **NO_MEMORY, **palette.settings, "name": "survivor"}

    with RunningWorker(deck.site, tmp_path, **settings) as worker:
        assert_survives(stack, "triton", deck, worker)

    deck.assert_stands(store, palette)


def test_kafka_killed_and_restarted_costs_time_and_no_pin(
    stack: "LocalStack", store: MilvusStore, palette: Palette, tmp_path: Path
) -> None:
    deck = Deck(Site(stack.endpoints))
    settings = {**QUIET, **IMPATIENT, **NO_MEMORY, **palette.settings, "name": "survivor"}

    with RunningWorker(deck.site, tmp_path, **settings) as worker:
        assert_survives(stack, "kafka", deck, worker)
        total = len(deck.changes)
        committed = {"": "pins.events", ".backfill": "pins.events.backfill"}
        eventually(
            lambda: sum(deck.site.committed(worker.group + each, topic) for each, topic in committed.items()) == total,
            what="all committed",
        )

    deck.assert_stands(store, palette)


@pytest.fixture
def standalone(stack: "LocalStack", standalone_milvus: "LocalStack") -> Iterator[tuple[Site, MilvusStore]]:
    uri = standalone_milvus.endpoints.milvus
    opened = MilvusStore(uri, timeout_s=30.0)
    bootstrap.init(opened)
    yield Site(replace(stack.endpoints, milvus=uri)), opened
    opened.close()


@pytest.mark.standalone
def test_the_standalone_milvus_killed_and_restarted_costs_time_and_no_pin(
    standalone: tuple[Site, MilvusStore], standalone_milvus: "LocalStack", palette: Palette, tmp_path: Path
) -> None:
    site, store = standalone
    deck = Deck(site)
    settings = {**QUIET, **IMPATIENT, **palette.settings, "name": "survivor"}

    with RunningWorker(site, tmp_path, **settings) as worker:
        assert_survives(standalone_milvus, "milvus", deck, worker)

    deck.assert_stands(store, palette)


def test_what_milvus_lite_loses_when_killed_a_replay_repairs(
    stack: "LocalStack", lite_milvus: "LocalStack", palette: Palette, tmp_path: Path
) -> None:
    uri = lite_milvus.endpoints.milvus
    site = Site(replace(stack.endpoints, milvus=uri))
    deck = Deck(site)
    before = MilvusStore(uri)
    bootstrap.init(before)
    settings = {**QUIET, **IMPATIENT, **palette.settings, "name": "survivor"}
    with RunningWorker(site, tmp_path, **settings) as worker:
        assert_survives(lite_milvus, "milvus", deck, worker)
    before.close()
    store = MilvusStore(uri)
    try:
        living = sorted({row.pin_id for row in deck.rows(store).values() if row.alive})
        lost = set(living[::3])  # as a kill may lose them: pins that were acknowledged once
        halved = set(living[1::3])
        gone = [
            row.key for row in deck.rows(store).values() if row.pin_id in lost or (row.slot and row.pin_id in halved)
        ]
        store.delete(gone)
        assert not set(gone) & deck.rows(store).keys()

        replayed = run_until_idle(site, tmp_path, group="repair", replays="repair", **palette.settings)

        assert {outcome.pin_id for outcome in replayed if outcome.outcome == "indexed"} >= lost | halved
        deck.assert_stands(store, palette)
    finally:
        store.close()
