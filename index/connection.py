"""The collection that a command's options name."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pinstream.cli.milvus_options import milvus_tls, milvus_uri
from pinstream.store.milvus import TIMEOUT_S, MilvusStore

SCAN_TIMEOUT_S: Final = 60.0
"""Of one call, for commands that read the whole index while workers write to it."""


@contextmanager
def open_store(
    milvus: str | None, token: str | None, embedding_version: int, *, timeout_s: float = TIMEOUT_S
) -> Iterator[MilvusStore]:
    """Raises BadParameter where no Milvus is named."""
    store = MilvusStore(
        milvus_uri(milvus), token=token, embedding_version=embedding_version, timeout_s=timeout_s, tls=milvus_tls()
    )
    try:
        yield store
    finally:
        store.close()
