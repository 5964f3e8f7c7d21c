"""Events that can never be indexed end in the dead letters, whole and with a reason, and cost only themselves."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Message

from pinstream.events import DEAD_TOPIC, EVENTS_TOPIC
from pinstream.store.milvus import MilvusStore
from tests.integration.drive import QUIET, Change, Deck, Palette, Place, await_all, fields, picture, places, results
from tests.integration.poison import Poison, broken_host, corpus
from tests.integration.running_worker import RunningWorker, Site, eventually

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack

pytestmark = pytest.mark.stack

ERRORS = "__connect.errors."


@pytest.fixture
def site(stack: "LocalStack") -> Site:
    return Site(stack.endpoints)


def put(site: Site, poison: Poison, *, partition: int) -> None:
    site.put(poison.key, poison.value, headers=poison.headers, partition=partition)  # type: ignore[arg-type]


def errors_of(message: Message) -> dict[str, str]:
    headers: Any = message.headers() or []
    return {name.removeprefix(ERRORS): value.decode() for name, value in headers if name.startswith(ERRORS)}


def source(message: Message) -> Place:
    errors = errors_of(message)
    return errors["topic"], int(errors["partition"]), int(errors["offset"])


def whole(message: Message) -> tuple[object, ...]:
    own = [header for header in message.headers() or [] if not header[0].startswith(ERRORS)]
    return message.key(), message.value(), own


def test_the_corpus_ends_in_the_dead_letters_whole_with_reasons_and_everything_is_accounted_for(
    site: Site, store: MilvusStore, palette: Palette, tmp_path: Path
) -> None:
    deck = Deck(site)
    with broken_host() as host:
        poisons = corpus(f"{deck.pin}-bad-", host.url)
        deck.put([*deck.new(3, version=5), *deck.new(3, version=5)])
        for number, poison in enumerate(poisons):
            put(site, poison, partition=number % site.partitions)
            deck.put(deck.new(1, first=100 + number))
        deck.put([*deck.new(3, version=2), Change(f"{deck.pin}-1", 6, None)])
        settings = {**QUIET, **palette.settings, "fetch__deadline_s": "2", "fetch__allowed_hosts": '["127.0.0.1"]'}
        with RunningWorker(site, tmp_path, **settings) as worker:
            outcomes = await_all(site, worker)
            eventually(lambda: site.committed(worker.group) == len(outcomes), what="all committed")
            consumed = worker.metric("pinstream_worker_records_total")
            counted = worker.metric("pinstream_worker_outcomes_total")
        assert "unexpected exception" not in worker.said(), worker.said()

    events = {(EVENTS_TOPIC, m.partition(), m.offset()): m for m in site.read(EVENTS_TOPIC)}
    ends = results(outcomes)
    assert set(places(outcomes).values()) == {1}
    assert consumed == counted == len(events) == ends.total() == len(poisons) + len(deck.changes)
    assert ends["dead"] == len(poisons)
    assert ends.total() == sum(ends[each] for each in ("indexed", "unchanged", "deleted", "superseded", "dead"))
    deck.assert_stands(store, palette)
    dead = {source(message): message for message in site.read(DEAD_TOPIC)}
    assert len(dead) == len(poisons)
    given_up = {whole(dead[place]) == whole(events[(EVENTS_TOPIC, place[1], place[2])]) for place in dead}
    assert given_up == {True}, "a dead letter is not what was published"
    stages = {message.key(): errors_of(message) for message in dead.values()}
    wrong = {
        poison.name: stages[poison.key]["stage"]
        for poison in poisons
        if not poison.name.startswith("key-") and stages[poison.key]["stage"] != poison.stage
    }
    assert wrong == {}
    for errors in stages.values():
        assert errors["exception.message"], errors
        assert errors["exception.class.name"], errors
        assert errors["unexpected"] == "false", errors


def test_good_pins_pass_a_host_that_fails_slowly(
    site: Site, store: MilvusStore, palette: Palette, tmp_path: Path
) -> None:
    deck, slow = Deck(site), 40
    settings = {**QUIET, **palette.settings, "fetch__deadline_s": "600", "fetch__allowed_hosts": '["127.0.0.1"]'}
    with broken_host() as host, RunningWorker(site, tmp_path, **settings) as worker:
        for number in range(slow):  # more than there are places to work at
            pin_id = f"{deck.pin}-slow-{number}"
            site.put(pin_id, {**fields(pin_id, 1, picture(0)), "image": {"url": f"{host.url}/busy/{number}"}})
        site.flush()
        eventually(lambda: len(host.asked) > slow, what="the slow host to be asked again")
        deck.put(deck.new(60))
        eventually(lambda: results(site.outcomes())["indexed"] == 60, what="good pins while slow poison is tried again")
        assert results(site.outcomes()) == {"indexed": 60}, "a slow pin was given up already"

        host.gone.set()
        outcomes = await_all(site, worker)

    assert results(outcomes) == {"indexed": 60, "dead": slow}
    deck.assert_stands(store, palette)
