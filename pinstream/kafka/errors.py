"""What can go wrong between a program and Kafka, by what the caller must do.

::

    PinstreamError
    ├── KafkaSettingInvalid     invalid: librdkafka does not take a setting; also a ValueError
    └── KafkaUnreachable        retryable: no broker answered in time
        ├── KafkaRefused        invalid: a broker answered and does not let this client in
        ├── TopicMissing        invalid: Kafka has no such topic
        └── NewerEventLost      invalid: a replay may have left an older event in place of a newer one

An event that was not delivered is ``pinstream.errors.NotDelivered``.
"""

from collections.abc import Mapping

from pinstream.errors import PinstreamError


class KafkaSettingInvalid(PinstreamError, ValueError):
    """librdkafka does not take one of the settings; the message is its own, and names it."""


class KafkaUnreachable(PinstreamError):
    """No broker answered; the message says where, and why."""


class KafkaRefused(KafkaUnreachable):
    """A broker answered and does not let this client in; the message says which settings to look at."""


class TopicMissing(KafkaUnreachable):
    """Kafka has no such topic."""

    def __init__(self, topic: str, address: str) -> None:
        super().__init__(f"no topic {topic} at {address}: `python -m streams init` creates it")


class NewerEventLost(KafkaUnreachable):
    """Newer events were compacted away before they could be published again; older ones may stand in their place."""

    def __init__(self, topic: str, lost: Mapping[tuple[int, int], bytes]) -> None:
        pins = ", ".join(f"{key.decode(errors='replace')} ({topic}[{at[0]}]@{at[1]})" for at, key in lost.items())
        super().__init__(f"an older event may stand in place of a newer one, publish these pins again: {pins}")
