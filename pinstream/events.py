"""The messages: what publishers write on ``pins.events`` and workers on ``pins.indexed``."""

import base64
import re
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Self

import orjson
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticSerializationError, to_json

from pinstream.errors import EventInvalid
from pinstream.json_values import excess_values

EVENTS_TOPIC: Final = "pins.events"
BACKFILL_TOPIC: Final = "pins.events.backfill"
INDEXED_TOPIC: Final = "pins.indexed"
DEAD_TOPIC: Final = "pins.dead"

MAX_EVENT_BYTES: Final = 6 * 1024 * 1024
"""Key, value and headers of one event together: room for an inline picture of some 4.5 MB."""

MAX_EVENT_VALUES: Final = 50_000
"""Commas and opening brackets in one event's JSON, in its texts too: a parsed value takes 30 to 350 bytes of memory."""

PIN_ID_PATTERN: Final = r"^[A-Za-z0-9_-]{1,64}$"
MAX_VERSION: Final = 2**63 - 1
VERSION_HEADER: Final = "version"
REPAIR_HEADER: Final = "pinstream-repair"
"""On events published again by `python -m index audit --repair`: the worker writes their rows although it knows the
version. The value is the last slot that the index holds of the pin, decimal."""
REPLAYS_HEADER: Final = "pinstream-replays"
"""How often an event was replayed from the dead letters, decimal: written by `python -m streams dead-letters`."""
UNREADABLE_HEADERS: Final = "pinstream-headers-unreadable"
"""Stands for all headers of a record whose headers Kafka's client cannot read, with the reason as its value. An event
that has it is invalid: what its headers said, such as a deletion's version, is not known."""

_URL: Final = r"^([Hh][Tt][Tt][Pp][Ss]?|file|s3):\S+$"
_BASE64: Final = r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
_BASE64_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_RFC3339: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)

_SHOWN: Final = 80
"""Characters of a wrong value, or of its place, in the message about it."""

Domain = Literal["web", "camera", "catalog"]
Result = Literal["indexed", "unchanged", "deleted", "superseded", "dead"]
Stage = Literal["queue", "fetch", "decode", "detect", "embed", "write", "visible"]
STAGES: Final[tuple[Stage, ...]] = ("queue", "fetch", "decode", "detect", "embed", "write", "visible")
STAGE_MEANINGS: Final[dict[Stage, str]] = {
    "queue": "from the publisher through Kafka to the worker",
    "fetch": "the picture over HTTP",
    "decode": "bytes to pixels",
    "detect": "which objects it shows (Triton)",
    "embed": "a code for the whole picture, begun while detecting, and one for each object (Triton)",
    "write": "one upsert with all rows (Milvus)",
    "visible": "from Milvus' acknowledgement until a search returns it",
}
"""What happens in each stage, as all pages, dashboards and documents explain it."""

PinId = Annotated[str, StringConstraints(pattern=PIN_ID_PATTERN)]
Version = Annotated[int, Field(gt=0, le=MAX_VERSION, description="grows with each change of the pin")]
Label = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Url = Annotated[str, StringConstraints(max_length=2048, pattern=_URL)]
Headers = Sequence[tuple[str, bytes | None]]


def _require_rfc3339(value: object) -> object:
    """Refuses what pydantic would accept as a time: bare numbers in a string, missing seconds, other separators."""
    if not isinstance(value, datetime) and not (isinstance(value, str) and re.fullmatch(_RFC3339, value)):
        raise ValueError("not an RFC 3339 time, such as 2026-11-23T20:24:00Z")
    return value


Time = Annotated[
    AwareDatetime, Field(strict=False, json_schema_extra={"pattern": _RFC3339}), BeforeValidator(_require_rfc3339)
]


def _require_stages(value: object) -> object:
    """Refuses a mapping that is too long before each of its keys is an error; a dict has no FailFast."""
    if isinstance(value, Mapping) and len(value) > len(STAGES):
        raise ValueError(f"at most {len(STAGES)} stages are allowed, not {len(value)}")
    return value


StageTimes = Annotated[dict[Stage, float], BeforeValidator(_require_stages)]


class _Model(BaseModel):
    """Unknown fields are ignored; values of a wrong type are refused, never converted."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", allow_inf_nan=False)

    @classmethod
    def from_json(cls, value: bytes) -> Self:
        """What ``value`` says; raises EventInvalid with the JSON path that is wrong.

        Its parts are counted before it is parsed: 6 MB of ``1,1,1`` would be 3 million values in memory.
        """
        if reason := excess_values(value, limit=MAX_EVENT_VALUES):
            raise EventInvalid("$", reason)
        try:
            return cls.model_validate_json(value)
        except ValidationError as exc:
            raise _invalid(exc) from exc


class ImageRef(_Model):
    """The picture: either the address to fetch it from, or its bytes."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["url"], "properties": {"url": {"type": "string"}}},
                {"required": ["inline"], "properties": {"inline": {"type": "string"}}},
            ]
        }
    )

    url: Url | None = Field(default=None, description="http or https; file and s3 only where the worker allows them")
    inline: Annotated[str, StringConstraints(min_length=1)] | None = Field(
        default=None,
        description="the encoded picture, base64",
        json_schema_extra={"contentEncoding": "base64", "pattern": _BASE64},
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.url is None) == (self.inline is None):
            raise ValueError("give exactly one of 'url' and 'inline'")
        return self

    @field_validator("inline")
    @classmethod
    def _is_base64(cls, value: str | None) -> str | None:
        if value is not None:
            _check_base64(value)
        return value

    def inline_bytes(self) -> bytes | None:
        """The encoded picture if it is in the event, else None."""
        return None if self.inline is None else base64.b64decode(self.inline)


class PinEvent(_Model):
    """One saved picture, version 1 of the contract."""

    pin_id: PinId
    version: Version
    image: ImageRef
    domain: Domain
    created_at: Time
    title: Annotated[str, StringConstraints(max_length=500)] | None = None
    link: Annotated[str, StringConstraints(max_length=2048)] | None = None
    price: Annotated[float, Field(ge=0, le=1e12)] | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    labels: Annotated[tuple[Label, ...], Field(max_length=32, strict=False), FailFast()] = ()

    def encode(self) -> bytes:
        """The record's value: UTF-8 JSON without the fields that are not set."""
        return orjson.dumps(self.model_dump(mode="json", exclude_defaults=True))


@dataclass(frozen=True, slots=True)
class PinDeletion:
    """The pin must leave the index, and no older version may bring it back. On Kafka: a record without a value."""

    pin_id: str
    version: int


class PinOutcome(_Model):
    """What became of one event, a record of ``pins.indexed``."""

    pin_id: str
    version: int | None = None
    outcome: Result
    objects: int = 0
    embedding_version: int
    reason: str | None = None
    attempts: int = 1
    topic: str
    partition: int
    offset: int
    published_at_ms: int = Field(description="the record's timestamp")
    finished_at_ms: int = Field(description="when the worker had finished with the event, by its clock")
    visible_at_ms: int | None = Field(default=None, description="when a search first returned it, if probed")
    stages_ms: StageTimes = Field(default_factory=dict)
    worker: str = ""

    @property
    def freshness_ms(self) -> int | None:
        """Age of the pin when a search first returned it; None where no probe looked."""
        return None if self.visible_at_ms is None else self.visible_at_ms - self.published_at_ms

    def encode(self) -> bytes:
        """The record's value: UTF-8 JSON."""
        return orjson.dumps(self.model_dump(mode="json", exclude_none=True))

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """The outcome in a record's value; raises EventInvalid with the JSON path that is wrong."""
        return cls.from_json(value)


def decode_event(
    key: bytes | None, value: bytes | None, *, headers: Headers = (), timestamp_ms: int = 0
) -> PinEvent | PinDeletion:
    """The event in one record of ``pins.events``; raises EventInvalid with the JSON path that is wrong.

    A null value is a deletion: its version is the header ``version`` (of several the last), else the record's
    timestamp in ms; a deletion with neither is invalid, since it could never delete anything.
    """
    unreadable = next((value for name, value in headers if name == UNREADABLE_HEADERS), None)
    if unreadable is not None:
        raise EventInvalid("headers", f"cannot be read: {unreadable[:200].decode('utf-8', 'replace')}")
    pin_id = _decode_key(key)
    if value is None:
        return PinDeletion(pin_id, _tombstone_version(headers, timestamp_ms))
    event = PinEvent.from_json(value)
    if event.pin_id != pin_id:
        raise EventInvalid("$.pin_id", f"{event.pin_id!r} is not the record's key {pin_id!r}")
    return event


def event_from(fields: Mapping[str, Any]) -> PinEvent:
    """A PinEvent from plain values, with ``version`` and ``created_at`` defaulting to the clock.

    Takes JSON's values, and Python's that can be written as JSON in one way only (datetimes, tuples, bytes of ASCII).
    Raises EventInvalid with the JSON path that is wrong.
    """
    now = datetime.now(UTC)
    filled = {"version": int(now.timestamp() * 1000), "created_at": now, **fields}
    try:
        value = to_json(filled)
    except (PydanticSerializationError, ValueError) as exc:
        raise EventInvalid("$", f"not JSON: {exc}") from exc
    return PinEvent.from_json(value)


def valid_pin_id(pin_id: str) -> str:
    """``pin_id`` itself; raises EventInvalid if it is not 1-64 of ``A-Z a-z 0-9 _ -``."""
    return _decode_key(pin_id.encode("utf-8", "replace"))


def _decode_key(key: bytes | None) -> str:
    text = (key or b"").decode("utf-8", "replace")
    if not re.fullmatch(PIN_ID_PATTERN, text):
        raise EventInvalid("key", f"{text[:80]!r} is not a pin id: 1-64 of A-Z a-z 0-9 _ -")
    return text


def _tombstone_version(headers: Headers, timestamp_ms: int) -> int:
    raw = next((value for name, value in reversed(headers) if name == VERSION_HEADER), None)
    if raw is None and timestamp_ms > 0:
        return timestamp_ms
    if raw is None:
        raise EventInvalid("headers.version", "missing, and the record has no timestamp to take instead")
    if not raw.isdigit() or len(raw) > 19 or not 0 < int(raw) <= MAX_VERSION:
        raise EventInvalid("headers.version", f"{raw[:40]!r} is not an integer from 1 to {MAX_VERSION}")
    return int(raw)


def _check_base64(text: str) -> None:
    """As `_BASE64`, without decoding: who only reads an event's version, as the API does, pays one pass over it."""
    if not text.isascii():
        raise ValueError("not base64: only ASCII is allowed")
    rest = text.encode().translate(None, _BASE64_ALPHABET)
    if rest.strip(b"="):
        raise ValueError("not base64: only A-Z a-z 0-9 + / are allowed, then padding with =")
    if len(text) % 4 or len(rest) > 2 or not text.endswith(rest.decode()):
        raise ValueError("not base64: padding with one or two = must make the length a multiple of 4")


def _invalid(exc: ValidationError) -> EventInvalid:
    first = exc.errors(include_url=False, include_context=False)[0]
    path = "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part[:_SHOWN]}" for part in first["loc"])
    given = "" if first["type"] in ("missing", "json_invalid") else f" (given: {_shorten(first['input'])})"
    more = f" and {exc.error_count() - 1} more" if exc.error_count() > 1 else ""
    reason = first["msg"].removeprefix("Value error, ")
    return EventInvalid(path, f"{reason}{given}{more}")


def _shorten(value: object) -> str:
    """The beginning of ``value`` as Python writes it, without writing all of it."""
    text = repr(value[:_SHOWN]) if isinstance(value, str) else reprlib.repr(value)
    return text[:_SHOWN]
