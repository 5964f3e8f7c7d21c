"""Workers die or leave in the middle of the stream: every pin is there once, none is stale, none done for nothing."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pinstream.events import EVENTS_TOPIC
from pinstream.store.milvus import MilvusStore
from tests.integration.drive import (
    QUICK_SESSION,
    QUIET,
    Deck,
    Palette,
    await_all,
    places,
    published,
    run_until_idle,
    worker_ends,
)
from tests.integration.running_worker import RunningWorker, Site, eventually

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack

pytestmark = pytest.mark.stack

SEED = 20261124
SLOW = {"limits__in_flight": "2", "limits__backfill_in_flight": "1"}
"""So that the middle of the stream is long enough to die in."""


@pytest.fixture
def site(stack: "LocalStack") -> Site:
    return Site(stack.endpoints, partitions=6)


def done_by(site: Site, name: str) -> int:
    return sum(1 for outcome in site.outcomes() if outcome.worker == name)


def pair(site: Site, folder: Path, palette: Palette) -> tuple[RunningWorker, RunningWorker]:
    settings = {**QUIET, **QUICK_SESSION, **SLOW, **palette.settings}
    return (
        RunningWorker(site, folder, name="first", **settings),
        RunningWorker(site, folder, name="second", **settings),
    )


def test_a_worker_killed_in_the_middle_loses_nothing_and_leaves_nothing_stale(
    site: Site, store: MilvusStore, palette: Palette, tmp_path: Path
) -> None:
    deck = Deck(site)
    first, second = pair(site, tmp_path, palette)
    with worker_ends(first, second):
        first.start()
        second.start()
        eventually(lambda: min(each.health()["partitions"] for each in (first, second)) >= 2, what="both to work")
        deck.put(deck.shuffled(SEED, pins=60, events=120))
        deck.stream_until(lambda: done_by(site, "second") >= 20, what="the second worker to be in the middle")

        second.signal(signal.SIGKILL)
        second.wait()

        assert places(site.outcomes()).keys() < published(site), "it died after everything was done"
        deck.put(deck.shuffled(SEED + 1, pins=60, events=60))
        outcomes = await_all(site, first)

        assert {outcome.worker for outcome in outcomes} == {"first", "second"}
        assert first.health()["partitions"] == site.partitions
    deck.assert_stands(store, palette)


def test_a_clean_hand_over_writes_no_pin_twice_and_commits_what_was_done(
    site: Site, store: MilvusStore, palette: Palette, tmp_path: Path
) -> None:
    deck = Deck(site)
    first, second = pair(site, tmp_path, palette)
    with worker_ends(first, second):
        with first:
            deck.put(deck.shuffled(SEED, pins=60, events=120))
            second.start()  # the group moves partitions: some are drained and handed over
            deck.stream_until(lambda: done_by(site, "second") >= 20, what="the second worker to be in the middle")
            deck.put(deck.new(60, first=1_000))

            first.signal(signal.SIGTERM)

            assert first.wait() == 0, first.said()
        outcomes = await_all(site, second)

        assert {outcome.worker for outcome in outcomes} == {"first", "second"}
        # What had ended beyond the committed prefix comes again, and is recognised: no row is written twice.
        written = places(outcome for outcome in outcomes if outcome.outcome in ("indexed", "deleted"))
        assert set(written.values()) == {1}, "written twice"
        second.signal(signal.SIGTERM)
        assert second.wait() == 0, second.said()
    live = sum(1 for topic, _, _ in published(site) if topic == site.prefix + EVENTS_TOPIC)
    assert site.committed(first.group) == live, "what was done was not committed"
    deck.assert_stands(store, palette)
    assert run_until_idle(site, tmp_path, group="g", **palette.settings) == [], "something came again"
