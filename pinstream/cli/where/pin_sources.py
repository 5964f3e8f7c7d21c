"""What the watch and Kafka know of one pin; the watch is asked first, since it answers at once."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from pinstream.cli.where.pin_status import DeadLetterPosition, GroupPosition
from pinstream.errors import EventInvalid
from pinstream.events import (
    DEAD_TOPIC,
    INDEXED_TOPIC,
    PinOutcome,
    decode_event,
)
from pinstream.kafka.connection import Connection
from pinstream.kafka.consumer_group import ConsumerGroup, lane_group
from pinstream.kafka.errors import TopicMissing
from pinstream.kafka.last_records import Advance, LastRecords, find_last_records
from pinstream.kafka.stored_record import StoredRecord
from pinstream.kafka.topic_reader import TopicReader
from pinstream.lanes import LANE_TOPICS, lane_of
from pinstream.standing import EventPosition, event_position, is_later, is_newer

_WATCH_TIMEOUT_S: Final = 3.0
_TIMEOUT_S: Final = 10.0
_ERRORS: Final = "__connect.errors."

StartReading = Callable[[str], Advance]
"""Called with the topic that is read next; returns what to call with the progress."""


@dataclass(slots=True)
class PinSources:
    """What was found, in which sources; ``notes`` say which could not be asked, and why. Filled step by step."""

    event: EventPosition | None = None
    fault: str = ""
    outcome: PinOutcome | None = None
    dead_letter: DeadLetterPosition | None = None
    queue: GroupPosition | None = None
    sources: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def ask_watch(url: str, pin_id: str, found: PinSources) -> bool:
    """Ask the watch; returns whether it knows the pin's event. If it does not answer, a note says so."""
    address = f"{url.rstrip('/')}/pins/{pin_id}"
    try:
        with urllib.request.urlopen(address, timeout=_WATCH_TIMEOUT_S) as answer:  # noqa: S310 (the user's own address)
            body: dict[str, Any] = json.load(answer)
        event, outcome = body["event"], body["outcome"]
        if event is None:
            return False
        found.outcome = PinOutcome.model_validate(outcome) if outcome else None
        found.event = EventPosition(
            topic=LANE_TOPICS[event["lane"]],
            partition=body["partition"],
            offset=event["offset"],
            version=event["version"],
            is_deletion=event["kind"] == "deletion",
            published_at_ms=event["published_at_ms"],
            republished=event.get("republished", 0),  # a watch of an older release does not say
        )
    except urllib.error.HTTPError as exc:
        if exc.code != 404:
            found.notes.append(f"the watch at {url} answers {exc.code}")
        return False
    except (OSError, ValueError, KeyError) as exc:
        found.notes.append(f"the watch at {url} did not answer: {exc}")
        return False
    found.sources.append(f"the watch at {url}")
    return True


def read_topics(connection: Connection, pin_id: str, found: PinSources, *, for_s: float, start: StartReading) -> None:
    """Read the pin's newest event and latest outcome, from its partition of each topic; raises KafkaUnreachable."""
    until_s = time.monotonic() + for_s
    events = [_last_records(connection, name, pin_id, found, until_s, start) for name in LANE_TOPICS.values()]
    for record in (record for each in events if each for record in each.records):
        event = event_position(record)
        if is_newer(event, found.event):
            found.event, found.fault = event, _fault(record)
    outcomes = _last_records(connection, INDEXED_TOPIC, pin_id, found, until_s, start)
    for record in outcomes.records if outcomes else ():
        outcome = _decode_outcome(record)
        if outcome is not None and is_later(outcome, found.outcome):
            found.outcome = outcome
    found.sources.append(f"the topics at {connection.address}")


def find_dead_letter(
    connection: Connection, outcome: PinOutcome, found: PinSources, *, for_s: float, start: StartReading
) -> None:
    """Read the last dead letter of the outcome's event; raises KafkaUnreachable."""
    last = _last_records(connection, DEAD_TOPIC, outcome.pin_id, found, time.monotonic() + for_s, start)
    for record in last.records if last else ():
        headers = {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers}
        if headers.get(_ERRORS + "offset") == str(outcome.offset) and headers.get(_ERRORS + "topic") == outcome.topic:
            found.dead_letter = DeadLetterPosition(
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                stage=headers.get(_ERRORS + "stage", ""),
                error=headers.get(_ERRORS + "exception.class.name", ""),
                message=headers.get(_ERRORS + "exception.message", ""),
            )


def ask_group(connection: Connection, group: str, event: EventPosition) -> GroupPosition:
    """How far the workers are in the event's partition, and which of them has it; raises KafkaUnreachable."""
    topic = event.topic if event.topic.startswith(connection.topic_prefix) else connection.topic_prefix + event.topic
    name, partition = lane_group(group, lane_of(topic)), (topic, event.partition)
    committed = ConsumerGroup(connection.client_settings(), name).committed([partition])
    members = connection.admin(timeout_s=_TIMEOUT_S).members(name)
    owner = next((f"{member.client_id} at {member.host}" for member in members if partition in member.partitions), "")
    return GroupPosition(group=name, committed=committed.get(partition), members=len(members), owner=owner)


def _last_records(
    connection: Connection, name: str, pin_id: str, found: PinSources, until_s: float, start: StartReading
) -> LastRecords | None:
    topic = connection.topic_prefix + name
    try:
        with TopicReader(connection, topic) as reader:
            last = find_last_records(reader, pin_id, until_s=until_s, advance=start(topic))
    except TopicMissing as exc:
        found.notes.append(str(exc))
        return None
    if not last.complete:
        found.notes.append(f"{topic}[{last.partition}] was not read to its beginning: allow more time with --for")
    return last


def _fault(record: StoredRecord) -> str:
    """Why an event does not decode; empty if it does."""
    try:
        decode_event(record.key, record.value, headers=record.headers, timestamp_ms=record.timestamp_ms)
    except EventInvalid as exc:
        return str(exc)
    return ""


def _decode_outcome(record: StoredRecord) -> PinOutcome | None:
    try:
        return None if record.value is None else PinOutcome.decode(record.value)
    except EventInvalid:
        return None
