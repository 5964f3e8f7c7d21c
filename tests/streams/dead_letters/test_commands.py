"""``python -m streams dead-letters``, on librdkafka's mock cluster."""

import json
from dataclasses import replace

import pytest
from confluent_kafka import Consumer, Message, TopicPartition
from typer.testing import CliRunner, Result

from pinstream.events import UNREADABLE_HEADERS
from streams.__main__ import app
from streams.worker.finish.dead_letters import LEFT_OUT
from tests.pinstream.cli.commands import TOPIC_PARTITIONS, outcome
from tests.pinstream.held import count_records_in_memory
from tests.streams.dead_letters.records import EVENT_HEADERS, PUBLISHED_MS, Topics, dead_letter, event_value

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def topics(mock_kafka: str, prefix: str) -> Topics:
    topics = Topics(mock_kafka, prefix)
    for topic in ("pins.events", "pins.events.backfill", "pins.indexed"):
        topics.write(topic, b"not a pin", None)
    return topics


def run(topics: Topics, *arguments: str) -> Result:
    where = ("--kafka", topics.kafka, "--topic-prefix", topics.prefix)
    return CliRunner().invoke(app, ["dead-letters", *arguments, *where])


def open_pins(topics: Topics, *arguments: str) -> list[str]:
    done = run(topics, "ls", "--json", *arguments)
    assert done.exit_code == 0, done.output
    return sorted(each["pin"] for each in json.loads(done.stdout)["dead_letters"])


def records(topics: Topics, topic: str, count: int) -> list[Message]:
    consumer = Consumer({"bootstrap.servers": topics.kafka, "group.id": "test", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topics.prefix + topic, partition, 0) for partition in range(TOPIC_PARTITIONS)])
    found: list[Message] = []
    while len(found) < count:
        message = consumer.poll(10)
        assert message is not None, f"{len(found)} of {count} records came"
        if message.key() != b"not a pin":
            found.append(message)
    consumer.close()
    return found


def test_dead_letters_are_listed_newest_first_and_counted_by_reason(topics: Topics) -> None:
    topics.write_dead_letters(
        dead_letter("a"), dead_letter("b[red]\n", stage="decode", error=ValueError("bad \x1b[31m"))
    )

    done = run(topics, "ls")

    assert done.exit_code == 0, done.output
    assert "b[red]" in done.stdout
    assert "\x1b" not in done.stdout
    assert "FetchRefused: HTTP 404" in done.stdout
    assert "pins.events[2]@40" in done.stdout
    assert "2 dead letters" in done.stdout
    assert open_pins(topics, "--reason", "decode") == ["b[red]\n"]
    assert open_pins(topics, "--pin", "a") == ["a"]
    assert open_pins(topics, "--until", "1h") == []


def test_a_dead_letter_is_shown_with_headers_value_and_stack_trace(topics: Topics) -> None:
    topics.write_dead_letters(
        dead_letter("a", 3), dead_letter("a", event=b"\xff\x00", stage="event", error=ValueError("no event"))
    )

    last, both = run(topics, "show", "a"), run(topics, "show", "a", "--all", "--json")

    assert last.exit_code == both.exit_code == 0, last.output
    assert "ff 00" in last.stdout
    assert "header  traceparent: twice" in last.stdout
    assert "ValueError: no event" in last.stdout
    assert {each["version"] for each in json.loads(both.stdout)} == {0, 3}
    assert run(topics, "show", "unknown").exit_code == 1


def test_a_replay_needs_yes_and_publishes_the_event_unchanged(topics: Topics) -> None:
    source = topics.prefix + "pins.events"
    topics.write_dead_letters(
        dead_letter("a", 1, topic=source), dead_letter("a", 2, topic=source), dead_letter("b", 5, topic=source)
    )
    topics.write("pins.indexed", b"b", outcome("b", version=6))

    planned, before = run(topics, "replay"), open_pins(topics)
    done = run(topics, "replay", "--yes")

    assert planned.exit_code == done.exit_code == 0, done.output
    assert "would replay 1 dead letter:" in planned.stdout
    assert "repeat it with --yes" in planned.stdout
    assert "b version 5 (fetch, FetchRefused): left alone" in planned.stdout
    assert before == ["a", "a", "b"]
    assert "replaying 1 dead letter:" in done.stdout
    assert "1 left alone" in done.stdout
    (again,) = records(topics, "pins.events", 1)
    assert (again.key(), again.value()) == (b"a", event_value("a", 2))
    assert again.headers() == [*EVENT_HEADERS, ("pinstream-replays", b"1")]
    assert again.timestamp()[1] == PUBLISHED_MS
    assert open_pins(topics) == []
    assert open_pins(topics, "--all") == ["a", "a", "b"]


def test_every_dead_letter_can_be_replayed_and_to_the_other_lane(topics: Topics) -> None:
    topics.write_dead_letters(dead_letter("a", 1, topic="elsewhere"), dead_letter("a", 2, topic="elsewhere"))

    refused = run(topics, "replay", "--yes")
    done = run(topics, "replay", "--all", "--backfill", "--yes")

    assert refused.exit_code == 1
    assert "2 left alone" not in refused.stderr
    assert "1 left alone: they came from topics that are no lanes here" in refused.stderr
    assert done.exit_code == 0, done.output
    versions = {json.loads(message.value() or b"")["version"] for message in records(topics, "pins.events.backfill", 2)}
    assert versions == {1, 2}
    assert open_pins(topics) == []


def test_a_dead_letter_without_its_event_is_never_replayed(topics: Topics) -> None:
    source = topics.prefix + "pins.events"
    big = dead_letter("big", event=b"", topic=source)
    topics.write_dead_letters(
        replace(big, headers=[*big.headers, (LEFT_OUT, b"900000")]),
        dead_letter("odd", topic=source, headers=[(UNREADABLE_HEADERS, b"why")]),
        dead_letter("small", topic=source),
    )

    done = run(topics, "replay", "--yes")

    assert done.exit_code == 1
    assert "2 left alone: their events were too large for the dead letter, or their headers cannot be" in done.stderr
    (again,) = records(topics, "pins.events", 1)
    assert again.key() == b"small"
    assert sorted(open_pins(topics)) == ["big", "odd"]
    assert "900,000 bytes are only at its source" in run(topics, "show", "big").stdout


def test_a_newer_event_in_the_compacted_lane_is_never_replaced(topics: Topics) -> None:
    topics.write("pins.events", b"a", event_value("a", 1))
    topics.write("pins.events", b"a", event_value("a", 2))
    first, _ = records(topics, "pins.events", 2)
    source = (first.partition() or 0, first.offset() or 0)
    topics.write_dead_letters(dead_letter("a", 1, topic=topics.prefix + "pins.events", source=source))

    planned, done = run(topics, "replay"), run(topics, "replay", "--yes")

    assert planned.exit_code == done.exit_code == 0, done.output
    assert "pins.events holds a newer event of the pin" in planned.stdout
    assert "replaying 0 dead letters" in done.stdout
    assert "1 left alone: the lane holds newer events of their pins" in done.stdout
    assert open_pins(topics) == ["a"]


def test_a_newer_event_in_the_other_lane_is_never_replaced(topics: Topics) -> None:
    topics.write("pins.events.backfill", b"a", event_value("a", 2))
    topics.write_dead_letters(
        dead_letter("a", 1, topic=topics.prefix + "pins.events"),
        dead_letter("b", 1, topic=topics.prefix + "pins.events"),
    )

    done = run(topics, "replay", "--backfill", "--yes")

    assert done.exit_code == 1, done.output
    assert "1 dead letter not replayed" in done.stderr
    assert [record.key() for record in records(topics, "pins.events.backfill", 2)] == [b"a", b"b"]
    assert open_pins(topics) == ["a"]


def test_of_a_pins_dead_letters_only_those_older_than_the_other_lanes_event_are_left_alone(topics: Topics) -> None:
    topics.write("pins.events.backfill", b"a", event_value("a", 3))
    topics.write_dead_letters(
        *(dead_letter("a", version, topic=topics.prefix + "pins.events") for version in (1, 2, 4))
    )

    done = run(topics, "replay", "--backfill", "--all", "--yes")
    still_open = json.loads(run(topics, "ls", "--json").stdout)["dead_letters"]

    assert done.exit_code == 1, done.output
    assert "2 dead letters not replayed" in done.stderr
    assert [json.loads(each.value() or b"")["version"] for each in records(topics, "pins.events.backfill", 2)] == [3, 4]
    assert sorted(each["version"] for each in still_open) == [1, 2]


def test_a_replay_holds_one_event_at_a_time(topics: Topics, monkeypatch: pytest.MonkeyPatch) -> None:
    topics.write_dead_letters(*(dead_letter(f"pin{each}", topic=topics.prefix + "pins.events") for each in range(12)))
    alive = count_records_in_memory(monkeypatch)

    done = run(topics, "replay", "--yes")

    assert done.exit_code == 0, done.output
    assert len(alive) == 12
    assert max(alive) - min(alive) <= 2


def test_an_event_that_fails_again_after_a_replay_is_open_and_says_so(topics: Topics) -> None:
    source = topics.prefix + "pins.events"
    topics.write_dead_letters(dead_letter("a", topic=source))
    run(topics, "replay", "--yes")
    (again,) = records(topics, "pins.events", 1)
    topics.write_dead_letters(dead_letter("a", topic=source, headers=again.headers()))

    done = run(topics, "ls")

    assert "replayed 1x before" in done.stdout
    assert open_pins(topics) == ["a"]


def test_dropped_dead_letters_leave_the_list(topics: Topics) -> None:
    topics.write_dead_letters(dead_letter("a"), dead_letter("b", stage="decode"))

    planned, done = run(topics, "drop", "--reason", "fetch"), run(topics, "drop", "--reason", "fetch", "--yes")

    assert "would drop 1 dead letter;" in planned.stdout
    assert "1 dead letter dropped" in done.stdout
    assert open_pins(topics) == ["b"]
    assert "no open dead letters" in run(topics, "drop", "--reason", "fetch", "--yes").stdout


def test_kafka_that_does_not_answer_exits_3_and_wrong_usage_2(topics: Topics) -> None:
    away = CliRunner().invoke(app, ["dead-letters", "ls", "--kafka", "127.0.0.1:1"])
    wrong = run(topics, "ls", "--since", "yesterday")

    assert (away.exit_code, wrong.exit_code) == (3, 2)
    assert "no Kafka at 127.0.0.1:1" in away.stderr
    assert "such as 2h" in wrong.stderr
