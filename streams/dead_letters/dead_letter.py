"""Dead letters as an operator sees them: what they say, and the marks that take them off the list.

``pins.dead`` is an append-only log that time empties, so nothing is ever removed from it by hand. A letter that was
replayed or dropped is marked: by a record with the same key in the same partition, without a value, whose headers
name the letter's offset and what was done. Retention removes a letter before its mark.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from pinstream.errors import EventInvalid
from pinstream.events import REPLAYS_HEADER, Headers, decode_event
from pinstream.kafka.stored_record import StoredRecord
from streams.worker.finish.dead_letters import LEFT_OUT, PREFIX, original_headers

Handled = Literal["replayed", "dropped", "settled"]
"""``settled``: its pin was indexed or deleted since, at that version or a newer one."""

HANDLED_HEADER: Final = "pinstream-letters-handled"
OFFSETS_HEADER: Final = "pinstream-letters-offsets"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """What the list shows of one dead letter."""

    partition: int
    offset: int
    at_ms: int
    key: bytes
    stage: str
    error: str
    """The exception's class."""
    message: str
    unexpected: bool
    source: str
    """The topic that its event came from."""
    source_partition: int
    source_offset: int
    size_bytes: int
    version: int
    """0 where the event does not decode."""
    replays: int
    """How often it has been replayed, only to die again."""
    left_out_bytes: int = 0
    """How large the event is that this letter was written without; 0 where it holds its event."""
    handled: str = ""

    @property
    def pin(self) -> str:
        """The pin, as far as the key is one."""
        return self.key.decode("utf-8", "replace")

    @property
    def kind(self) -> str:
        """The exception's class without its module."""
        return self.error.rpartition(".")[2]

    @property
    def place(self) -> str:
        """Where its event lies."""
        return f"{self.source}[{self.source_partition}]@{self.source_offset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandledMark:
    """Letters of one partition that are done with."""

    partition: int
    offsets: tuple[int, ...]
    handled: Handled

    @property
    def headers(self) -> Headers:
        """How it is written."""
        offsets = ",".join(map(str, self.offsets))
        return [(HANDLED_HEADER, self.handled.encode()), (OFFSETS_HEADER, offsets.encode())]


def read_dead_letter(record: StoredRecord) -> DeadLetter | HandledMark | None:
    """What a record of ``pins.dead`` is; None for what this program did not write."""
    headers = {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers}
    if HANDLED_HEADER in headers:
        return _mark(record.partition, headers)
    if PREFIX + "topic" not in headers:
        return None
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
        source_partition=_number(error.get("partition", "")),
        source_offset=_number(error.get("offset", "")),
        size_bytes=record.size_bytes,
        version=_version(record),
        replays=replays(record.headers),
        left_out_bytes=_number(headers.get(LEFT_OUT, "")),
    )


def replays(headers: Headers) -> int:
    """How often an event has been replayed, by its headers."""
    return max(
        (_number((value or b"").decode("latin-1")) for name, value in headers if name == REPLAYS_HEADER), default=0
    )


def replayed_headers(headers: Headers) -> Headers:
    """A letter's headers for its replay: those of its event, and how often it has been replayed by now."""
    own = [(name, value) for name, value in original_headers(headers) if name != REPLAYS_HEADER]
    return [*own, (REPLAYS_HEADER, str(replays(headers) + 1).encode())]


def source_timestamp_ms(record: StoredRecord) -> int:
    """When the letter's event was published: its age, and a deletion's version, may depend on it; 0 if unknown."""
    found = next((value for name, value in record.headers if name == PREFIX + "timestamp"), None)
    return _number((found or b"").decode("latin-1"))


def _mark(partition: int, headers: dict[str, str]) -> HandledMark | None:
    handled = next((each for each in get_args(Handled) if each == headers[HANDLED_HEADER]), None)
    offsets = headers.get(OFFSETS_HEADER, "").split(",")
    if handled is None or not all(each.isdecimal() for each in offsets):
        return None
    return HandledMark(partition=partition, offsets=tuple(map(int, offsets)), handled=handled)


def _version(record: StoredRecord) -> int:
    headers: Sequence[tuple[str, bytes | None]] = original_headers(record.headers)
    try:
        return decode_event(record.key, record.value, headers=headers, timestamp_ms=source_timestamp_ms(record)).version
    except EventInvalid:
        return 0


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 20 else 0
