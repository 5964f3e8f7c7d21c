"""The four topics as an AsyncAPI 3.0 document."""

from importlib.metadata import version
from typing import Any, Final

from pinstream.events import BACKFILL_TOPIC, DEAD_TOPIC, EVENTS_TOPIC, INDEXED_TOPIC, PIN_ID_PATTERN
from pinstream.kafka.clients import PARTITIONER
from pinstream.kafka.publishing.outgoing_record import DELETED_TYPE, SAVED_TYPE
from schemas.topics import Topic, topics

EVENT_SCHEMA: Final = "pin-event.v1.json"
OUTCOME_SCHEMA: Final = "pin-outcome.v1.json"

ERROR_HEADERS: Final = {
    "__connect.errors.topic": "topic of the event",
    "__connect.errors.partition": "partition of the event, decimal",
    "__connect.errors.offset": "offset of the event, decimal",
    "__connect.errors.timestamp": "timestamp of the event, ms since 1970, decimal",
    "__connect.errors.stage": "the worker's stage at which it failed",
    "__connect.errors.exception.class.name": "class of the error",
    "__connect.errors.exception.message": "message of the error",
    "__connect.errors.exception.stacktrace": "innermost frames of the stack trace",
    "__connect.errors.unexpected": "true if the error may be a bug of the worker, else false",
}

MARK_HEADERS: Final = {
    "pinstream-letters-handled": "'replayed', 'dropped', or 'settled': the pin was indexed or deleted since",
    "pinstream-letters-offsets": "offsets of these dead letters in this partition, decimal, separated by commas",
}

_KEY: Final = {"type": "string", "pattern": PIN_ID_PATTERN, "description": "the pin id"}
_MESSAGES: Final = {
    EVENTS_TOPIC: ("pinSaved", "pinDeleted"),
    BACKFILL_TOPIC: ("pinSaved", "pinDeleted"),
    INDEXED_TOPIC: ("pinOutcome",),
    DEAD_TOPIC: ("deadLetter", "deadLettersHandled"),
}
_OPERATIONS: Final = {
    "publishPins": ("receive", EVENTS_TOPIC),
    "backfillPins": ("receive", BACKFILL_TOPIC),
    "reportOutcomes": ("send", INDEXED_TOPIC),
    "writeDeadLetters": ("send", DEAD_TOPIC),
}

Part = dict[str, Any]


def asyncapi() -> Part:
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "pinstream",
            "version": version("pinstream"),
            "description": f"Every record's key is its pin id. Partition it as Java's clients do ({PARTITIONER}).",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {_channel_id(topic.name): _channel(topic) for topic in topics()},
        "operations": {name: _operation(action, topic) for name, (action, topic) in _OPERATIONS.items()},
        "components": {"messages": _messages()},
    }


def _channel_id(topic: str) -> str:
    first, *rest = topic.split(".")
    return first + "".join(part.capitalize() for part in rest)


def _channel(topic: Topic) -> Part:
    return {
        "address": topic.name,
        "description": topic.purpose,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _MESSAGES[topic.name]},
        "bindings": {
            "kafka": {
                "bindingVersion": "0.5.0",
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    key: [value] if key == "cleanup.policy" else int(value) for key, value in topic.config.items()
                },
            }
        },
    }


def _operation(action: str, topic: str) -> Part:
    channel = f"#/channels/{_channel_id(topic)}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{name}"} for name in _MESSAGES[topic]],
    }


def _messages() -> Part:
    return {
        "pinSaved": _message(
            "a pin was created or changed", payload={"$ref": EVENT_SCHEMA}, headers=_cloud_event(SAVED_TYPE)
        ),
        "pinDeleted": _message(
            "a pin was deleted (tombstone): no version up to this one may be indexed any more",
            payload={"type": "null"},
            headers=_cloud_event(DELETED_TYPE)
            | {"version": _header("int64 > 0, decimal; if missing, the record's timestamp")},
        ),
        "pinOutcome": _message("the last outcome of a pin", payload={"$ref": OUTCOME_SCHEMA}, headers={}),
        "deadLetter": _message(
            "an event that can never be indexed: its key, value and headers unchanged, and the reason",
            payload={"description": "the event's value, byte for byte; often not JSON"},
            headers={name: _header(meaning) for name, meaning in ERROR_HEADERS.items()},
        )
        | {"contentType": "application/octet-stream"},
        "deadLettersHandled": _message(
            "these dead letters were handled; lists leave them out",
            payload={"type": "null"},
            headers={name: _header(meaning) for name, meaning in MARK_HEADERS.items()},
        ),
    }


def _message(summary: str, *, payload: Part, headers: Part) -> Part:
    return {
        "summary": summary,
        "headers": {"type": "object", "properties": headers},
        "payload": payload,
        "bindings": {"kafka": {"bindingVersion": "0.5.0", "key": _KEY}},
    }


def _cloud_event(event_type: str) -> Part:
    return {
        "ce_specversion": {"const": "1.0"},
        "ce_id": _header("<pin id>/<version>; repeats of an event have the same id"),
        "ce_type": {"const": event_type},
        "ce_source": _header("the publisher, a URI reference"),
        "ce_time": {"type": "string", "format": "date-time"},
        "traceparent": {"type": "string", "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"},
    }


def _header(description: str) -> Part:
    return {"type": "string", "description": description}
