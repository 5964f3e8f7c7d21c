"""What tests of this room borrow from the package's, and the cluster."""

from collections.abc import Iterator

import pytest

from index.audit.ledger import AuditLedger
from pinstream.kafka.connection import Connection
from tests.index.cluster import Cluster
from tests.pinstream.conftest import elsewhere, mock_kafka, prefix

__all__ = ["elsewhere", "mock_kafka", "prefix"]


@pytest.fixture
def cluster(mock_kafka: str, prefix: str) -> Iterator[Cluster]:
    with AuditLedger(None) as ledger:
        yield Cluster(Connection(mock_kafka, {"log_level": 0}, prefix), ledger=ledger)
