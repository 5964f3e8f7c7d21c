"""Opens the consumer of a lane."""

from collections.abc import Callable
from typing import Final

from confluent_kafka import Consumer, KafkaError

from pinstream.kafka.clients import ClientSettings, OnCommit, open_consumer
from pinstream.kafka.consumer_group import lane_group
from pinstream.lanes import Lane
from settings.kafka import KafkaSettings
from streams.errors import name_kafka_setting

CONSUMER_DEFAULTS: Final[ClientSettings] = {
    "partition.assignment.strategy": "cooperative-sticky",
    "session.timeout.ms": 6000,
    "heartbeat.interval.ms": 1500,
    "auto.offset.reset": "earliest",
    "enable.partition.eof": True,
    # A topic made again is read again only after this; the client's own five minutes are five minutes without a pin.
    "topic.metadata.refresh.interval.ms": 5000,
    "fetch.wait.max.ms": 500,
    "fetch.min.bytes": 1,
    "fetch.queue.backoff.ms": 100,
    # What librdkafka reads ahead of the credits, per consumer.
    "queued.max.messages.kbytes": 16 * 1024,
    "socket.keepalive.enable": True,
    "socket.nagle.disable": True,
}
"""`PINSTREAM_KAFKA__CONSUMER` may override them."""

# Only what the finished prefix says is committed, whatever a setting says.
_FIXED: Final[ClientSettings] = {"enable.auto.offset.store": False}

_KIP_848_LEAVES_OUT: Final = {"partition.assignment.strategy", "session.timeout.ms", "heartbeat.interval.ms"}
"""With the new group protocol these are the broker's to set, and the client refuses them."""

_BACKFILL_LEAVES_OUT: Final = {"group.protocol", "group.instance.id"}
"""Its partitions are assigned by hand: it joins no group, and only commits to one."""


def open_lane_consumer(
    settings: KafkaSettings, lane: Lane, *, on_error: Callable[[KafkaError], None], on_commit: OnCommit
) -> Consumer:
    """Does not connect yet; raises KafkaSettingInvalid. Both callbacks are called in the thread that polls it."""
    keys, left_out = {**CONSUMER_DEFAULTS, **settings.consumer_config}, set[str]()
    if keys.get("group.protocol") == "consumer":
        left_out |= _KIP_848_LEAVES_OUT
    if lane == "backfill":
        left_out |= _BACKFILL_LEAVES_OUT
    with name_kafka_setting("PINSTREAM_KAFKA__CONSUMER"):
        return open_consumer(
            {key: value for key, value in keys.items() if key not in left_out},
            group=lane_group(settings.group, lane),
            fixed=_FIXED,
            on_error=on_error,
            on_commit=on_commit,
        )
