"""Fixtures that several rooms share: the real servers, started once, when the first test asks for them."""

import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack

# Milvus Lite answers pymilvus' keepalive with harmless GOAWAY lines; gRPC reads this when it is imported.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

# No test asserts a time, not even of one example.
hypothesis.settings.register_profile("timeless", deadline=None)
hypothesis.settings.load_profile("timeless")


def pytest_configure() -> None:
    """Children can be interrupted, also where the run itself was started with Ctrl-C ignored (`make test &`)."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What stays in one process when `make test` runs two: a file, and all that needs the standalone Milvus server."""
    for item in items:
        group = "standalone" if item.get_closest_marker("standalone") else item.path.stem
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[LocalStack]":
    """Real Kafka, Triton, Milvus Lite and picture server at random ports, for the whole session."""
    from deploy.local.stack import LocalStack, StackOptions

    root, pictures = tmp_path_factory.mktemp("stack"), tmp_path_factory.mktemp("pictures")
    with LocalStack(StackOptions(root=root, pictures=pictures)) as running:
        yield running


@pytest.fixture(scope="session")
def standalone_milvus(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[LocalStack]":
    """A stack that is only the standalone Milvus server, so that a test can kill and restart it."""
    from deploy.local.stack import LocalStack, StackOptions

    options = StackOptions(root=tmp_path_factory.mktemp("standalone"), kafka="none", triton="none", milvus="server")
    with LocalStack(options) as running:
        yield running


@pytest.fixture(scope="session")
def lite_milvus(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[LocalStack]":
    """A stack that is only Milvus Lite: ready in a second."""
    from deploy.local.stack import LocalStack, StackOptions

    options = StackOptions(root=tmp_path_factory.mktemp("lite"), kafka="none", triton="none", milvus="lite")
    with LocalStack(options) as running:
        yield running
