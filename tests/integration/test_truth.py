"""The index says what the topic says: replays change nothing, and order of arrival does not matter."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pinstream.store.milvus import MilvusStore
from tests.integration.drive import Deck, Palette, places, published, results, run_until_idle
from tests.integration.running_worker import Site

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack

pytestmark = pytest.mark.stack

SEED = 20261123


def test_any_order_of_events_over_both_lanes_ends_in_the_right_state_and_a_replay_changes_nothing(
    stack: "LocalStack", store: MilvusStore, palette: Palette, tmp_path: Path
) -> None:
    site = Site(stack.endpoints, partitions=4)
    deck = Deck(site)
    changes = deck.shuffled(SEED, pins=40, events=600)
    halves = changes[:300], changes[300:]
    assert Counter(change.lane for change in changes).keys() == {"pins.events", "pins.events.backfill"}

    deck.put(halves[0])
    run_until_idle(site, tmp_path, **palette.settings)
    deck.assert_stands(store, palette)
    deck.put(halves[1])  # older and newer than what is indexed by now, by a worker that remembers nothing
    run_until_idle(site, tmp_path, **palette.settings)

    deck.assert_stands(store, palette)
    counted = places(site.outcomes())
    assert counted.keys() == published(site)
    assert set(counted.values()) == {1}, "an event ended more than once"

    before = deck.rows(store)

    replayed = run_until_idle(site, tmp_path, group="replay", **palette.settings)

    assert deck.rows(store) == before, "the replay changed rows"
    assert places(replayed) == counted, "the replay did not read everything once"
    assert results(replayed).keys() <= {"unchanged", "superseded"}, "the replay wrote"
