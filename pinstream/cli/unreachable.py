"""Ends a command if Kafka or Milvus does not answer: with one line on standard error and exit status 3."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer

from pinstream.cli.screen import print_error
from pinstream.errors import VectorIndexError
from pinstream.kafka.errors import KafkaSettingInvalid, KafkaUnreachable

UNREACHABLE: Final = 3


@contextmanager
def exit_if_unreachable(*, status: int = UNREACHABLE, advice: str = "") -> Iterator[None]:
    """Prints what failed, and ``advice``, and exits with ``status``; with 2 where a ``-X KEY=VALUE`` is wrong."""
    try:
        yield
    except KafkaSettingInvalid as exc:
        raise typer.BadParameter(f"-X: {exc}") from exc
    except (KafkaUnreachable, VectorIndexError) as exc:
        print_error(f"{exc}{advice}")
        raise typer.Exit(status) from exc
