"""What tests of this room borrow from the package's."""

from tests.pinstream.conftest import mock_kafka, prefix

__all__ = ["mock_kafka", "prefix"]
