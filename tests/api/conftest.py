"""One service on stand-ins for each test."""

import pytest

from tests.api.fakes import Bench


@pytest.fixture
def bench() -> Bench:
    """Nothing in it yet."""
    return Bench()
