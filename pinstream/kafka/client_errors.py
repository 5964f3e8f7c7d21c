"""The errors that Kafka's client reports on its own threads, such as a rejected login, and which settings to check."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException

from pinstream.kafka.errors import KafkaUnreachable

log = logging.getLogger(__name__)

_CREDENTIALS: Final = "sasl.mechanism, sasl.username, sasl.password"
_CERTIFICATES: Final = "ssl.ca.location, ssl.certificate.location, ssl.key.location"
_RIGHTS: Final = "the rights (ACLs) of this user on the broker"
_SETTINGS_TO_CHECK: Final = {
    KafkaError._AUTHENTICATION: _CREDENTIALS,
    KafkaError.SASL_AUTHENTICATION_FAILED: _CREDENTIALS,
    KafkaError.UNSUPPORTED_SASL_MECHANISM: _CREDENTIALS,
    KafkaError.ILLEGAL_SASL_STATE: _CREDENTIALS,
    KafkaError._SSL: _CERTIFICATES,
    KafkaError.TOPIC_AUTHORIZATION_FAILED: _RIGHTS,
    KafkaError.GROUP_AUTHORIZATION_FAILED: _RIGHTS,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: _RIGHTS,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: _RIGHTS,
}
"""For each error of a broker that answers and rejects this client: what to check. Trying again does not help."""
_MAX_KEPT: Final = 100
_INFO: Final = 6
_LOG_AGAIN_S: Final = 30.0


def advice(error: KafkaError) -> str:
    """The end of a message about ``error``: which settings to look at; empty where they are not the cause."""
    settings = _SETTINGS_TO_CHECK.get(error.code())
    return "" if settings is None else f"; look at {settings}"


def is_fatal(error: KafkaError) -> bool:
    """Whether the client that reports it cannot be used any longer."""
    return bool(error.fatal()) or error.code() == KafkaError._FATAL


@contextmanager
def raise_unreachable(topic: str, address: str) -> Iterator[None]:
    """Raise KafkaUnreachable, which names topic and address, in place of a client's exception."""
    try:
        yield
    except KafkaException as exc:
        raise KafkaUnreachable(f"{topic} at {address}: {exc.args[0].str()}") from exc


class ClientErrors(logging.Handler):
    """Collects the errors and log lines of one client: its calls say only that no broker was reached, these say why."""

    def __init__(self) -> None:
        super().__init__()
        self._errors: deque[KafkaError] = deque(maxlen=_MAX_KEPT)
        self._lines: deque[str] = deque(maxlen=_MAX_KEPT)
        self._logger = logging.Logger("librdkafka")  # without a parent: nothing is printed
        self._logger.addHandler(self)

    def callbacks(self) -> dict[str, Any]:
        """The client's settings that make it report here; it does so only while its ``poll`` is called."""
        return {"error_cb": self._errors.append, "logger": self._logger, "log_level": _INFO}

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line of the client's log."""
        self._lines.append(record.getMessage())

    @property
    def refusal(self) -> str | None:
        """Why a broker rejected this client, and what to check; None if none has rejected it."""
        found = next((error for error in self._errors if error.code() in _SETTINGS_TO_CHECK), None)
        return None if found is None else f"{found.str()}{advice(found)}"

    @property
    def disconnection(self) -> str:
        """What may be wrong if a server closes the connection, else empty. A guess, from librdkafka's log."""
        closed = any("Disconnected" in line for line in self._lines)
        return "a server answers there and closes the connection: look at security.protocol" if closed else ""

    @property
    def unreachable(self) -> KafkaError | None:
        """Why no broker was reached; None until all brokers were tried."""
        if not any(error.code() == KafkaError._ALL_BROKERS_DOWN for error in self._errors):
            return None
        reasons = [error for error in self._errors if error.code() == KafkaError._TRANSPORT]
        return reasons[0] if reasons else self._errors[-1]


class ClientErrorLog:
    """An ``error_cb`` for all clients of a long-running process: logs an error at most every 30 s.

    Clients recover from most errors by themselves, and repeat them many times a second until then. ``on_unreachable``
    is called with each error that says that no broker answers. Both happen in the clients' threads.
    """

    def __init__(self, on_unreachable: Callable[[], None], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._on_unreachable = on_unreachable
        self._monotonic = monotonic
        self._logged_s: dict[int, float] = {}

    def __call__(self, error: KafkaError) -> None:
        """Take one error."""
        code = error.code()
        if code in (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT):
            self._on_unreachable()
        now_s = self._monotonic()
        if now_s - self._logged_s.get(code, float("-inf")) >= _LOG_AGAIN_S:
            self._logged_s[code] = now_s
            log.warning("Kafka's client: %s%s", error.str(), advice(error))
