"""Dead letters as records of ``pins.dead``, and the marks that take them off the list.

``pins.dead`` is append-only, and its records expire: none is ever removed by hand. A dead letter that was replayed or
dropped is marked instead, by a record with the same key in the same partition, without a value, whose headers hold
its offset and what was done. The mark is written later than the dead letter, so it also expires later.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

from pinstream.events import REPLAYS_HEADER, UNREADABLE_HEADERS, Headers
from pinstream.kafka.stored_record import StoredRecord
from pinstream.standing import event_position, replay_count
from streams.worker.finish.dead_letters import LEFT_OUT, PREFIX, original_headers, worker_headers

Handled = Literal["replayed", "dropped", "obsolete"]
"""``obsolete``: its pin was indexed or deleted since, at that version or a newer one."""

HANDLED_HEADER: Final = "pinstream-letters-handled"
OFFSETS_HEADER: Final = "pinstream-letters-offsets"
_MAX_DIGITS: Final = 18
"""So that every number fits SQLite's 64 bits."""
# "settled" is what earlier releases wrote for obsolete: such marks are on topics already.
_HEADER_VALUES: Final[dict[Handled, str]] = {"replayed": "replayed", "dropped": "dropped", "obsolete": "settled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One dead letter, without its event."""

    partition: int
    offset: int
    at_ms: int
    key: bytes
    stage: str
    error: str
    """The exception's class, with its module."""
    message: str
    unexpected: bool
    source: str
    """The topic that its event came from."""
    source_partition: int
    source_offset: int
    size_bytes: int
    version: int
    """0 where the event does not decode."""
    is_deletion: bool
    replays: int
    """How often its event was replayed before."""
    left_out_bytes: int = 0
    """The size of the event, where it was too large for the dead letter's topic; else 0."""
    headers_unreadable: bool = False
    """Whether the headers of its event are missing, since no client could read them."""
    handled: str = ""

    @property
    def pin(self) -> str:
        return self.key.decode("utf-8", "replace")

    @property
    def kind(self) -> str:
        """The exception's class without its module."""
        return self.error.rpartition(".")[2]

    @property
    def position(self) -> tuple[int, int]:
        """Partition and offset on its own topic."""
        return self.partition, self.offset

    @property
    def event_position(self) -> str:
        return f"{self.source}[{self.source_partition}]@{self.source_offset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandledMark:
    """What was done with dead letters of one partition."""

    partition: int
    offsets: tuple[int, ...]
    handled: Handled

    @property
    def headers(self) -> Headers:
        offsets = ",".join(map(str, self.offsets))
        return [(HANDLED_HEADER, _HEADER_VALUES[self.handled].encode()), (OFFSETS_HEADER, offsets.encode())]


def read_dead_letter(record: StoredRecord) -> DeadLetter | HandledMark | None:
    """The dead letter or the mark that a record of ``pins.dead`` is; None for a record that is neither."""
    added = worker_headers(record.headers)
    if not added:
        return _read_mark(record)
    headers = {name: (value or b"").decode("utf-8", "replace") for name, value in added}
    own = original_headers(record.headers)
    event = event_position(replace(record, headers=own, timestamp_ms=event_timestamp_ms(record)))
    error = {name.removeprefix(PREFIX): value for name, value in headers.items() if name.startswith(PREFIX)}
    return DeadLetter(
        partition=record.partition,
        offset=record.offset,
        at_ms=record.timestamp_ms,
        key=record.key or b"",
        stage=error.get("stage", ""),
        error=error.get("exception.class.name", ""),
        message=error.get("exception.message", ""),
        unexpected=error.get("unexpected") == "true",
        source=error["topic"],
        source_partition=_parse_number(error.get("partition", "")),
        source_offset=_parse_number(error.get("offset", "")),
        size_bytes=record.size_bytes,
        version=event.version or 0,
        is_deletion=event.version is not None and event.is_deletion and LEFT_OUT not in headers,
        replays=replay_count(own),
        headers_unreadable=any(name == UNREADABLE_HEADERS for name, _ in own),
        left_out_bytes=_parse_number(headers.get(LEFT_OUT, "")),
    )


def replay_headers(headers: Headers) -> Headers:
    """Of a dead letter's headers those of its event, and the number of replays, this one included."""
    own = original_headers(headers)
    count = (REPLAYS_HEADER, str(replay_count(own) + 1).encode())
    return [*((name, value) for name, value in own if name != REPLAYS_HEADER), count]


def event_timestamp_ms(record: StoredRecord) -> int:
    """When a dead letter's event was published, which a deletion may take its version from; 0 if unknown."""
    found = next((value for name, value in worker_headers(record.headers) if name == PREFIX + "timestamp"), None)
    return _parse_number((found or b"").decode("latin-1"))


def _read_mark(record: StoredRecord) -> HandledMark | None:
    """The mark in a record that is no dead letter: exactly the two headers of a mark, and no value."""
    if record.value is not None or [name for name, _ in record.headers] != [HANDLED_HEADER, OFFSETS_HEADER]:
        return None
    handled_value, offsets = ((value or b"").decode("latin-1") for _, value in record.headers)
    handled = next((name for name, value in _HEADER_VALUES.items() if value == handled_value), None)
    if handled is None or not all(each.isdecimal() and len(each) <= _MAX_DIGITS for each in offsets.split(",")):
        return None
    return HandledMark(partition=record.partition, offsets=tuple(map(int, offsets.split(","))), handled=handled)


def _parse_number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= _MAX_DIGITS else 0
