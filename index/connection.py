"""Milvus as an operator's options name it, and what a command says where it, or Kafka, is away."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer

from pinstream.cli.milvus_options import milvus_tls, milvus_uri
from pinstream.cli.screen import print_error
from pinstream.errors import VectorIndexError
from pinstream.kafka.connection import KafkaUnreachable
from pinstream.store.milvus import TIMEOUT_S, MilvusStore

AWAY: Final = 3
PATIENT_S: Final = 60.0
"""For one call of a command that reads the whole index, beside the live load."""


@contextmanager
def open_store(
    milvus: str | None, token: str | None, embedding_version: int, *, timeout_s: float = TIMEOUT_S
) -> Iterator[MilvusStore]:
    """The collection that the options name, closed afterwards; raises BadParameter where none is named."""
    store = MilvusStore(
        milvus_uri(milvus), token=token, embedding_version=embedding_version, timeout_s=timeout_s, tls=milvus_tls()
    )
    try:
        yield store
    finally:
        store.close()


@contextmanager
def exit_if_unreachable(*, status: int = AWAY, advice: str = "") -> Iterator[None]:
    """A server that is away, or fails, becomes a sentence with ``advice`` and an exit status."""
    try:
        yield
    except (KafkaUnreachable, VectorIndexError) as exc:
        print_error(f"{exc}{advice}")
        raise typer.Exit(status) from exc
