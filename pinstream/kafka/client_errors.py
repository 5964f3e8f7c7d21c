"""What Kafka's client reports when it is not let in, and which of its settings to look at."""

import logging
from collections import deque
from typing import Any, Final

from confluent_kafka import KafkaError

_CREDENTIALS: Final = "sasl.mechanism, sasl.username, sasl.password"
_CERTIFICATES: Final = "ssl.ca.location, ssl.certificate.location, ssl.key.location"
_RIGHTS: Final = "the rights (ACLs) of this user on the broker"
_KEPT: Final = 100
_INFO: Final = 6
_BY_CODE: Final = {
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


def refusal(error: KafkaError) -> str | None:
    """What to look at, where a broker is there and will not have this client; None for everything else.

    Waiting does not help against these, for as long as neither side changes.
    """
    return _BY_CODE.get(error.code())


def hint(error: KafkaError) -> str:
    """The same, as the end of a message; empty where there is nothing to look at."""
    found = refusal(error)
    return "" if found is None else f"; look at {found}"


class ClientErrors(logging.Handler):
    """What one client says beside its calls, which only ever say that no broker was reached."""

    def __init__(self) -> None:
        super().__init__()
        self._errors: deque[KafkaError] = deque(maxlen=_KEPT)
        self._lines: deque[str] = deque(maxlen=_KEPT)
        self._logger = logging.Logger("librdkafka")  # of its own: nothing of it is printed
        self._logger.addHandler(self)

    def listening(self) -> dict[str, Any]:
        """Settings of a client that complains here; its ``poll`` must be called."""
        return {"error_cb": self._errors.append, "logger": self._logger, "log_level": _INFO}

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line of the client's log."""
        self._lines.append(record.getMessage())

    @property
    def refusal(self) -> str | None:
        """Why a broker does not let this client in, and what to look at; None where it was not asked yet."""
        found = next((error for error in self._errors if refusal(error) is not None), None)
        return None if found is None else f"{found.str()}{hint(found)}"

    @property
    def suspicion(self) -> str:
        """What may be wrong where a server hangs up without a word: only librdkafka's log tells, and it guesses."""
        found = next((line for line in self._lines if "Disconnected" in line), None)
        return "" if found is None else "something listens there, and hangs up: look at security.protocol"

    @property
    def unreachable(self) -> KafkaError | None:
        """Why no broker was reached, once all were tried; None before."""
        if not any(error.code() == KafkaError._ALL_BROKERS_DOWN for error in self._errors):
            return None
        reasons = [error for error in self._errors if error.code() == KafkaError._TRANSPORT]
        return reasons[0] if reasons else self._errors[-1]
