"""What Kafka's clients report beside any call: said once in a while, and told to whoever waits for Kafka."""

import logging
import time
from collections.abc import Callable
from typing import Final

from confluent_kafka import KafkaError

from pinstream.kafka.client_errors import hint

log = logging.getLogger(__name__)

QUIET: Final = {"log_level": 2}
"""Keeps librdkafka's own lines off standard error; what they say arrives here too."""
_REPEAT_AFTER_S: Final = 30.0


class BrokerErrors:
    """An ``error_cb`` for all clients of a process; called in their threads."""

    def __init__(self, on_away: Callable[[], None], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._on_away = on_away
        self._monotonic = monotonic
        self._said_s: dict[int, float] = {}

    def __call__(self, error: KafkaError) -> None:
        """Clients repair most of it by themselves, and repeat it many times a second meanwhile."""
        code = error.code()
        if code in (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT):
            self._on_away()
        now_s = self._monotonic()
        if now_s - self._said_s.get(code, float("-inf")) >= _REPEAT_AFTER_S:
            self._said_s[code] = now_s
            log.warning("Kafka's client: %s%s", error.str(), hint(error))
