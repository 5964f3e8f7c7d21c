"""librdkafka's errors about one record, as errors of this package."""

from typing import Final

from confluent_kafka import KafkaError, KafkaException

from pinstream.errors import EventInvalid, NotDelivered, PinstreamError
from pinstream.kafka.client_errors import advice

_INVALID: Final = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_RECORD})
"""Answers about the record itself: sending it again changes nothing."""
_NO_TOPIC: Final = frozenset(
    {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION}
)


def delivery_failure(pin_id: str, topic: str, error: KafkaError, *, last: KafkaError | None) -> PinstreamError:
    """The error to raise: EventInvalid or NotDelivered. ``last``, the client's last own error, is often the cause."""
    if error.code() in _INVALID:
        failure: PinstreamError = EventInvalid("$", f"pin {pin_id!r}: Kafka refuses it: {error.str()}")
    else:
        question = f"; is there a topic {topic!r}?" if error.code() in _NO_TOPIC else ""
        failure = NotDelivered(f"pin {pin_id!r}: {error.str()}{question}{last_reported(last)}")
    failure.__cause__ = KafkaException(error)
    return failure


def last_reported(error: KafkaError | None) -> str:
    """The end of a message: what the client reported last, and which settings to look at."""
    return "" if error is None else f" (last from Kafka: {error.str()}{advice(error)})"
