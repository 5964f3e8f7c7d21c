"""Every client of Kafka that this project opens, with the settings that all of them share.

Settings are librdkafka's own keys. Where several of these give the same key, the last one wins: what all clients share,
what the opener prefers, what the user sets, and what may not be changed.
"""

import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from pinstream.kafka.client_errors import ClientErrors
from pinstream.kafka.errors import KafkaSettingInvalid

ClientSettings = Mapping[str, str | int | float | bool]
"""librdkafka's own keys, such as ``security.protocol``, written as librdkafka writes them."""

OnError = Callable[[KafkaError], None]
OnCommit = Callable[[KafkaError | None, list[TopicPartition]], None]

PARTITIONER: Final = "murmur2_random"
"""The default of Java's clients. With librdkafka's own default, events of one pin would land on two partitions."""

_NO_SETTINGS: Final[ClientSettings] = MappingProxyType({})

# Critical lines only: whatever else librdkafka logs is reported to ``on_error`` as well.
_SHARED: Final[ClientSettings] = {"log_level": 2}
_CONSUMER_FIXED: Final[ClientSettings] = {"enable.auto.commit": False}
_PRODUCER_PREFERRED: Final[ClientSettings] = {
    "acks": "all",
    "compression.type": "lz4",
    "enable.idempotence": True,
    # The broker limits the compressed size of a record, this client the size before compression. A record that the
    # broker has accepted once must fit into the dead letters, and into a replay, so only the broker's limit applies.
    "message.max.bytes": 1_000_000_000,
}
_LOG: Final = logging.getLogger("pinstream.librdkafka")
# Where a program has configured no logging, Python would print librdkafka's lines raw: several a second while no broker
# answers. What they say is in the errors that are raised.
_LOG.addHandler(logging.NullHandler())
_PROTOCOLS: Final = frozenset({"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"})
"""Which may stand before ``://`` in an address."""


def open_consumer(
    settings: ClientSettings,
    *,
    group: str,
    preferred: ClientSettings = _NO_SETTINGS,
    fixed: ClientSettings = _NO_SETTINGS,
    on_error: OnError | None = None,
    on_commit: OnCommit | None = None,
) -> Consumer:
    """A consumer that commits only when it is asked to; raises KafkaSettingInvalid. Does not connect yet."""
    keys: dict[str, Any] = {
        **_SHARED,
        **preferred,
        **settings,
        **_CONSUMER_FIXED,
        **fixed,
        "group.id": group,
        "logger": _LOG,
    }
    if on_error is not None:
        keys["error_cb"] = on_error
    if on_commit is not None:
        keys["on_commit"] = on_commit
    _check_servers(keys)
    try:
        return Consumer(keys)
    except KafkaException as exc:
        raise KafkaSettingInvalid(exc.args[0].str()) from exc


def open_reader(
    settings: ClientSettings,
    *,
    name: str,
    preferred: ClientSettings = _NO_SETTINGS,
    fixed: ClientSettings = _NO_SETTINGS,
    on_error: OnError | None = None,
) -> Consumer:
    """A consumer that joins no group and commits nothing: partitions are assigned to it by hand.

    librdkafka requires a ``group.id`` even so: it gets ``name``, and never sends it to a broker.
    """
    preferred = {"client.id": name, "reconnect.backoff.max.ms": 1_000, **preferred}
    return open_consumer(settings, group=name, preferred=preferred, fixed=fixed, on_error=on_error)


def open_producer(
    settings: ClientSettings, *, preferred: ClientSettings = _NO_SETTINGS, on_error: OnError | None = None
) -> Producer:
    """A producer whose records every in-sync replica acknowledges, once and in order; raises KafkaSettingInvalid."""
    keys: dict[str, Any] = {
        **_SHARED, **_PRODUCER_PREFERRED, **preferred, **settings, "partitioner": PARTITIONER, "logger": _LOG
    }  # fmt: skip
    if on_error is not None:
        keys["error_cb"] = on_error
    _check_servers(keys)
    try:
        return Producer(keys)
    except KafkaException as exc:
        raise KafkaSettingInvalid(exc.args[0].str()) from exc


def open_admin(settings: ClientSettings, *, errors: ClientErrors | None = None) -> AdminClient:
    """A client that asks about topics and groups, and changes them; raises KafkaSettingInvalid.

    Keep it until its futures are done: they fail if it is garbage-collected before.
    """
    keys: dict[str, Any] = {**_SHARED, **settings, "logger": _LOG, **(errors.callbacks() if errors else {})}
    _check_servers(keys)
    try:
        return AdminClient(keys)
    except KafkaException as exc:
        raise KafkaSettingInvalid(exc.args[0].str()) from exc


def _check_servers(keys: Mapping[str, Any]) -> None:
    """Raises KafkaSettingInvalid for the address of a web page: librdkafka would wait for brokers there for ever."""
    servers = str(keys.get("bootstrap.servers", ""))
    for server in servers.split(","):
        protocol, found, _ = server.strip().partition("://")
        if found and protocol.lower() not in _PROTOCOLS:
            raise KafkaSettingInvalid(f"bootstrap.servers is {servers!r}; expected host:port, without {protocol}://")
