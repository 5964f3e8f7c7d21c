"""What tests of this room borrow from the package's."""

from tests.pinstream.conftest import elsewhere, mock_kafka, prefix

__all__ = ["elsewhere", "mock_kafka", "prefix"]
