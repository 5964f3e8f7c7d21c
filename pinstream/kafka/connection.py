"""Where Kafka is, from an option, the environment or the stack that runs here; shared by all commands."""

import json
import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from pinstream.cli.screen import complain
from pinstream.errors import PinstreamError
from pinstream.kafka.client_errors import ClientErrors
from pinstream.publish import KafkaSettings, Lane, Publisher

CLIENT_VARIABLE: Final = "PINSTREAM_KAFKA__CLIENT"
STACK_FILE: Final = Path(".local/stack.json")
REACH_TIMEOUT_S: Final = 5.0
_TRY_S: Final = 0.5
_IMPATIENT: Final[KafkaSettings] = {"delivery.timeout.ms": 15_000, "topic.metadata.propagation.max.ms": 5_000}

# A shell that is set up for a worker serves the command line too: each option knows both names.
KafkaOption = Annotated[
    str | None,
    typer.Option(
        "--kafka",
        metavar="HOST:PORT",
        envvar=["PINSTREAM_KAFKA", "PINSTREAM_KAFKA__SERVERS"],
        help="Bootstrap servers; default: the local stack's.",
    ),
]
ConfigOption = Annotated[
    list[str] | None,
    typer.Option("--config", "-X", metavar="KEY=VALUE", help="One of librdkafka's own keys; may be repeated."),
]
PrefixOption = Annotated[
    str,
    typer.Option(
        "--topic-prefix",
        metavar="TEXT",
        envvar=["PINSTREAM_TOPIC_PREFIX", "PINSTREAM_KAFKA__TOPIC_PREFIX"],
        help="Before topic names.",
    ),
]


class KafkaUnreachable(PinstreamError):
    """No broker answered, or it has no such topic; the message says which."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach Kafka."""

    address: str
    settings: KafkaSettings
    topic_prefix: str = ""
    origin: str = ""
    """Who named the address, if not the caller."""

    def topics(self) -> frozenset[str]:
        """The names of all topics; raises KafkaAway once all brokers refuse, or do not answer for some seconds."""
        complaints = ClientErrors()
        try:
            client = AdminClient(self.client_settings() | complaints.listening())
        except KafkaException as exc:
            raise typer.BadParameter(f"-X: {exc.args[0].str()}") from exc
        deadline_s = time.monotonic() + REACH_TIMEOUT_S
        while True:
            try:
                return frozenset(client.list_topics(timeout=_TRY_S).topics)
            except KafkaException as exc:
                client.poll(0)
                if (refused := complaints.refusal) is not None:
                    raise KafkaUnreachable(
                        f"Kafka at {self.address} does not let this client in: {refused} (-X, {CLIENT_VARIABLE})"
                    ) from exc
                down = complaints.unreachable
                if down is not None or time.monotonic() > deadline_s:
                    reason = complaints.suspicion or (down or exc.args[0]).str()
                    raise KafkaUnreachable(f"no Kafka at {self.address}{self.origin}: {reason}") from exc

    def publisher(self, lane: Lane) -> Publisher:
        """A publisher that gives up sooner than a service's would: somebody is watching."""
        try:
            return Publisher(
                self.address,
                lane=lane,
                topic_prefix=self.topic_prefix,
                source="pinstream-cli",
                kafka={**_IMPATIENT, **self.settings},
            )
        except ValueError as exc:
            raise typer.BadParameter(f"-X: {exc}") from exc

    def client_settings(self) -> dict[str, Any]:
        """What any client of the library is made with; its own log stays silent."""
        return {**self.settings, "bootstrap.servers": self.address, "logger": logging.getLogger("pinstream.librdkafka")}


@contextmanager
def reached(to: Connection) -> Iterator[None]:
    """Finds out at once, not after a delivery's deadline, that nobody is there: a sentence and exit status 1."""
    try:
        to.topics()
        yield
    except KafkaUnreachable as exc:
        complain(str(exc))
        raise typer.Exit(1) from exc


def connection(kafka: str | None, config: Sequence[str] | None, topic_prefix: str) -> Connection:
    """The connection that the options name; raises BadParameter (exit status 2) where there is none."""
    address = kafka or stack_endpoint("kafka")
    if not address:
        raise typer.BadParameter(
            f"give --kafka HOST:PORT or PINSTREAM_KAFKA, or start a stack here with `python -m deploy.local up`:"
            f" no {STACK_FILE} names one"
        )
    logging.getLogger("pinstream.librdkafka").setLevel(logging.CRITICAL)  # what fails is said by the command itself
    origin = "" if kafka else f" (as {STACK_FILE} says: is the stack up?)"
    given = dict(_setting(pair) for pair in config or ())
    return Connection(address, {**_environment(), **given}, topic_prefix, origin)


def _environment() -> dict[str, Any]:
    """A worker's settings for all its clients, in a shell that is set up for one."""
    text = os.environ.get(CLIENT_VARIABLE, "")
    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise typer.BadParameter(f"{CLIENT_VARIABLE}: expected librdkafka's keys as one JSON object")
    return found


def _setting(pair: str) -> tuple[str, str]:
    key, equals, value = pair.partition("=")
    if not key or not equals:
        raise typer.BadParameter(f"-X {pair!r}: expected KEY=VALUE, such as security.protocol=SSL")
    return key, value


def stack_endpoint(part: str) -> str:
    """Where ``part`` of the stack is that was started from this folder or one above it, or an empty text."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        try:
            stack = json.loads((folder / STACK_FILE).read_text())
            return str(stack["endpoints"][part])
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError):
            return ""
    return ""
