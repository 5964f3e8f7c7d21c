"""The options of all commands that connect to Kafka."""

import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from pinstream.cli.local_stack import STACK_FILE, stack_endpoint
from pinstream.cli.unreachable import exit_if_unreachable
from pinstream.kafka.connection import CLIENT_VARIABLE, Connection

# The second variable is a worker's setting, so the commands also work in a shell that is set up for a worker.
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
        help="Put before the names of all topics.",
    ),
]


@contextmanager
def require_kafka(connection: Connection) -> Iterator[None]:
    """Check at once that a broker answers, instead of after a delivery's timeout; exits with status 1 if none does."""
    with exit_if_unreachable(status=1):
        connection.topics()
        yield


def kafka_connection(kafka: str | None, config: Sequence[str] | None, topic_prefix: str) -> Connection:
    """The connection that the options name; raises BadParameter (exit status 2) where there is none, or a wrong key."""
    address = kafka or stack_endpoint("kafka")
    if not address:
        raise typer.BadParameter(
            f"give --kafka HOST:PORT or PINSTREAM_KAFKA, or start a stack here with `python -m deploy.local up`:"
            f" no {STACK_FILE} names one"
        )
    logging.getLogger("pinstream.librdkafka").setLevel(logging.CRITICAL)  # the command itself reports what fails
    origin = "" if kafka else f" (as {STACK_FILE} says: is the stack up?)"
    given = dict(_setting(pair) for pair in config or ())
    connection = Connection(address, {**_environment(), **given}, topic_prefix, origin)
    with exit_if_unreachable():
        connection.admin()
    return connection


def _environment() -> dict[str, Any]:
    """The client settings of a worker, if the shell has them in its environment."""
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
