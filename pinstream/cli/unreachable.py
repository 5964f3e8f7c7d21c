"""How a command ends where Kafka or Milvus does not answer: one sentence, and an exit status of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer

from pinstream.cli.screen import print_error
from pinstream.errors import VectorIndexError
from pinstream.kafka.errors import KafkaUnreachable

UNREACHABLE: Final = 3


@contextmanager
def exit_if_unreachable(*, status: int = UNREACHABLE, advice: str = "") -> Iterator[None]:
    """Prints what failed, and ``advice``, and exits with ``status``."""
    try:
        yield
    except (KafkaUnreachable, VectorIndexError) as exc:
        print_error(f"{exc}{advice}")
        raise typer.Exit(status) from exc
