from collections.abc import AsyncIterator

import grpc
import pytest
from tritonclient.grpc.service_pb2_grpc import add_GRPCInferenceServiceServicer_to_server

from tests.inference.fakes import FakeModels, FakeTriton


@pytest.fixture
def models() -> FakeModels:
    return FakeModels()


@pytest.fixture
async def triton() -> AsyncIterator[FakeTriton]:
    fake = FakeTriton()
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", 64 * 1024 * 1024)])
    add_GRPCInferenceServiceServicer_to_server(fake, server)
    fake.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    yield fake
    await server.stop(None)
