"""``python -m streams dead-letters``, on librdkafka's mock cluster."""

import json

import pytest
from click.testing import Result
from confluent_kafka import Consumer, Message, TopicPartition
from typer.testing import CliRunner

from streams.__main__ import app
from streams.worker.finish.dead_letters import LEFT_OUT
from tests.pinstream.cli.commands import TOPIC_PARTITIONS, outcome
from tests.pinstream.held import watch_picks
from tests.streams.dead_letters.written import EVENT_HEADERS, PUBLISHED_MS, Desk, letter, value

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def desk(mock_kafka: str, prefix: str) -> Desk:
    desk = Desk(mock_kafka, prefix)
    for topic in ("pins.events", "pins.events.backfill", "pins.indexed"):
        desk.write(topic, b"nobody", None)
    return desk


def run(desk: Desk, *arguments: str) -> Result:
    where = ("--kafka", desk.kafka, "--topic-prefix", desk.prefix)
    return CliRunner().invoke(app, ["dead-letters", *arguments, *where])


def listed(desk: Desk, *arguments: str) -> list[str]:
    done = run(desk, "ls", "--json", *arguments)
    assert done.exit_code == 0, done.output
    return sorted(each["pin"] for each in json.loads(done.stdout)["letters"])


def records(desk: Desk, topic: str, count: int) -> list[Message]:
    consumer = Consumer({"bootstrap.servers": desk.kafka, "group.id": "test", "enable.auto.commit": False})
    consumer.assign([TopicPartition(desk.prefix + topic, partition, 0) for partition in range(TOPIC_PARTITIONS)])
    found: list[Message] = []
    while len(found) < count:
        message = consumer.poll(10)
        assert message is not None, f"{len(found)} of {count} records came"
        if message.key() != b"nobody":
            found.append(message)
    consumer.close()
    return found


def test_letters_are_listed_newest_first_and_counted_by_reason(desk: Desk) -> None:
    desk.put(letter("a"), letter("b[red]\n", stage="decode", error=ValueError("bad \x1b[31m")))

    done = run(desk, "ls")

    assert done.exit_code == 0, done.output
    assert "b[red]" in done.stdout
    assert "\x1b" not in done.stdout
    assert "FetchRefused: HTTP 404" in done.stdout
    assert "pins.events[2]@40" in done.stdout
    assert "2 letters" in done.stdout
    assert listed(desk, "--reason", "decode") == ["b[red]\n"]
    assert listed(desk, "--pin", "a") == ["a"]
    assert listed(desk, "--until", "1h") == []


def test_a_letter_is_shown_whole(desk: Desk) -> None:
    desk.put(letter("a", 3), letter("a", event=b"\xff\x00", stage="event", error=ValueError("no event")))

    last, both = run(desk, "show", "a"), run(desk, "show", "a", "--all", "--json")

    assert last.exit_code == both.exit_code == 0, last.output
    assert "ff 00" in last.stdout
    assert "header  traceparent: twice" in last.stdout
    assert "ValueError: no event" in last.stdout
    assert {each["version"] for each in json.loads(both.stdout)} == {0, 3}
    assert run(desk, "show", "nobody-has-this").exit_code == 1


def test_a_replay_is_a_dry_run_until_told_and_then_publishes_the_event_as_it_was(desk: Desk) -> None:
    source = desk.prefix + "pins.events"
    desk.put(letter("a", 1, topic=source), letter("a", 2, topic=source), letter("b", 5, topic=source))
    desk.write("pins.indexed", b"b", outcome("b", version=6))

    planned, before = run(desk, "replay"), listed(desk)
    done = run(desk, "replay", "--yes")

    assert planned.exit_code == done.exit_code == 0, done.output
    assert "would replay 1 letters" in planned.stdout
    assert "--yes does it" in planned.stdout
    assert "b version 5 (fetch, FetchRefused): left alone" in planned.stdout
    assert before == ["a", "a", "b"]
    assert "replaying 1 letters" in done.stdout
    assert "1 left alone" in done.stdout
    (again,) = records(desk, "pins.events", 1)
    assert (again.key(), again.value()) == (b"a", value("a", 2))
    assert again.headers() == [*EVENT_HEADERS, ("pinstream-replays", b"1")]
    assert again.timestamp()[1] == PUBLISHED_MS
    assert listed(desk) == []
    assert listed(desk, "--all") == ["a", "a", "b"]


def test_every_letter_can_be_replayed_and_to_the_other_lane(desk: Desk) -> None:
    desk.put(letter("a", 1, topic="elsewhere"), letter("a", 2, topic="elsewhere"))

    refused = run(desk, "replay", "--yes")
    done = run(desk, "replay", "--all", "--backfill", "--yes")

    assert refused.exit_code == 1
    assert "2 left alone" not in refused.stderr
    assert "1 left alone: they came from topics that are no lanes here" in refused.stderr
    assert done.exit_code == 0, done.output
    versions = {json.loads(message.value() or b"")["version"] for message in records(desk, "pins.events.backfill", 2)}
    assert versions == {1, 2}
    assert listed(desk) == []


def test_a_letter_without_its_event_never_takes_the_place_of_that_event(desk: Desk) -> None:
    source = desk.prefix + "pins.events"
    desk.put(
        letter("big", event=b"", topic=source, headers=((LEFT_OUT, b"900000"),)),
        letter("small", topic=source),
    )

    done = run(desk, "replay", "--yes")

    assert done.exit_code == 1
    assert "1 left alone: they were too large to hold their events" in done.stderr
    (again,) = records(desk, "pins.events", 1)
    assert again.key() == b"small"
    assert listed(desk) == ["big"]
    assert "900,000 bytes stay" in run(desk, "show", "big").stdout


def test_a_letter_never_takes_the_place_of_a_newer_event_in_its_compacted_lane(desk: Desk) -> None:
    desk.write("pins.events", b"a", value("a", 1))
    desk.write("pins.events", b"a", value("a", 2))
    first, _ = records(desk, "pins.events", 2)
    source = (first.partition() or 0, first.offset() or 0)
    desk.put(letter("a", 1, topic=desk.prefix + "pins.events", source=source))

    planned, done = run(desk, "replay"), run(desk, "replay", "--yes")

    assert planned.exit_code == done.exit_code == 0, done.output
    assert "pins.events holds a newer event of the pin" in planned.stdout
    assert "replaying 0 letters" in done.stdout
    assert "1 left alone: newer events of their pins are in the lane" in done.stdout
    assert listed(desk) == ["a"]


def test_a_letter_for_the_other_lane_does_not_take_the_place_of_a_newer_event_there(desk: Desk) -> None:
    desk.write("pins.events.backfill", b"a", value("a", 2))
    desk.put(letter("a", 1, topic=desk.prefix + "pins.events"), letter("b", 1, topic=desk.prefix + "pins.events"))

    done = run(desk, "replay", "--backfill", "--yes")

    assert done.exit_code == 1, done.output
    assert "1 letter was not replayed" in done.stderr
    assert [record.key() for record in records(desk, "pins.events.backfill", 2)] == [b"a", b"b"]
    assert listed(desk) == ["a"]


def test_of_a_pins_letters_only_those_older_than_what_the_other_lane_holds_are_left_alone(desk: Desk) -> None:
    desk.write("pins.events.backfill", b"a", value("a", 3))
    desk.put(*(letter("a", version, topic=desk.prefix + "pins.events") for version in (1, 2, 4)))

    done = run(desk, "replay", "--backfill", "--all", "--yes")
    open_still = json.loads(run(desk, "ls", "--json").stdout)["letters"]

    assert done.exit_code == 1, done.output
    assert "2 letters were not replayed" in done.stderr
    assert [json.loads(each.value() or b"")["version"] for each in records(desk, "pins.events.backfill", 2)] == [3, 4]
    assert sorted(each["version"] for each in open_still) == [1, 2]


def test_a_replay_holds_one_event_at_a_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.put(*(letter(f"pin{each}", topic=desk.prefix + "pins.events") for each in range(12)))
    alive = watch_picks(monkeypatch)

    done = run(desk, "replay", "--yes")

    assert done.exit_code == 0, done.output
    assert len(alive) == 12
    assert max(alive) - min(alive) <= 2


def test_a_letter_that_died_again_is_open_and_says_so(desk: Desk) -> None:
    source = desk.prefix + "pins.events"
    desk.put(letter("a", topic=source))
    run(desk, "replay", "--yes")
    (again,) = records(desk, "pins.events", 1)
    desk.put(letter("a", topic=source, headers=again.headers()))

    done = run(desk, "ls")

    assert "replayed 1x before" in done.stdout
    assert listed(desk) == ["a"]


def test_dropped_letters_leave_the_list(desk: Desk) -> None:
    desk.put(letter("a"), letter("b", stage="decode"))

    planned, done = run(desk, "drop", "--reason", "fetch"), run(desk, "drop", "--reason", "fetch", "--yes")

    assert "would drop 1 letters" in planned.stdout
    assert "1 letters dropped" in done.stdout
    assert listed(desk) == ["b"]
    assert "no open letters" in run(desk, "drop", "--reason", "fetch", "--yes").stdout


def test_kafka_away_and_wrong_usage_have_statuses_of_their_own(desk: Desk) -> None:
    away = CliRunner().invoke(app, ["dead-letters", "ls", "--kafka", "127.0.0.1:1"])
    wrong = run(desk, "ls", "--since", "yesterday")

    assert (away.exit_code, wrong.exit_code) == (3, 2)
    assert "no Kafka at 127.0.0.1:1" in away.stderr
    assert "such as 2h" in wrong.stderr
