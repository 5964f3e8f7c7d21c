"""Calls to a Triton server over gRPC."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import grpc
import numpy as np
from tritonclient.grpc.service_pb2_grpc import GRPCInferenceServiceStub

from inference.defaults import DEFAULT_TIMEOUT_S
from inference.errors import OtherModels
from inference.images import Pixels
from inference.runner import NUMPY_TYPES, Outputs, Priority, check_outputs
from inference.tensors import MODELS, ModelSpec
from inference.triton_protocol import INFER, messages, request_bytes, tensor_differences, to_inference_error
from pinstream.store.collection import EMBEDDING_VERSION
from pinstream.tls import Tls

_Response = TypeVar("_Response")

Metadata = Callable[[], Sequence[tuple[str, str]]]
"""Called before each request: gRPC metadata to send with it, such as a ``traceparent``."""

_SERVER_SHARE: Final = 0.9
"""Share of the client's deadline after which the server drops a request: later, the client would not wait for it."""

_MAX_MESSAGE_BYTES: Final = 64 * 1024 * 1024
_CHANNEL: Final[list[tuple[str, int]]] = [
    ("grpc.max_send_message_length", _MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
    # gRPC's default maximum is two minutes: it would take that long to notice that the server is back.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.keepalive_time_ms", 2**31 - 1),  # a server answers fast pings with GOAWAY; deadlines notice a dead peer
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
]


class TritonModels:
    """The models of one Triton server, at one pinned version; ``async with`` opens and closes the connection.

    ``tls`` is None for a plaintext server; ``headers`` go with every call (lower case: gRPC's metadata).
    Make one per process, inside the running loop, after any fork. Nothing is retried here: callers decide
    who waits and for how long. A cancelled call is cancelled on the server too.
    """

    def __init__(
        self,
        address: str,
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        version: int = EMBEDDING_VERSION,
        metadata: Metadata | None = None,
        tls: Tls | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.address = address
        self.version = version
        self._timeout_s = timeout_s
        self._call_metadata = metadata
        self._tls = tls
        self._headers = tuple((headers or {}).items())
        self._opened: _Connection | None = None

    async def __aenter__(self) -> Self:
        channel = _open_channel(self.address, self._tls)
        self._opened = _Connection(
            channel,
            GRPCInferenceServiceStub(channel),
            channel.unary_unary(INFER, response_deserializer=messages.ModelInferResponse.FromString),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._opened is not None:
            await self._opened.channel.close()
            self._opened = None

    async def infer(self, spec: ModelSpec, images: Pixels, *, priority: Priority = Priority.LIVE) -> Outputs:
        """As `ModelRunner` says; waits at most ``timeout_s``."""
        request = request_bytes(
            spec, images, version=self.version, priority=priority, timeout_s=self._timeout_s * _SERVER_SHARE
        )
        call = self._connection.infer(request, timeout=self._timeout_s, metadata=self._metadata())
        response = await self._response_of(call)
        arrays = {
            tensor.name: np.frombuffer(content, NUMPY_TYPES[tensor.datatype]).reshape(tuple(tensor.shape)).copy()
            for tensor, content in zip(response.outputs, response.raw_output_contents, strict=True)
            if tensor.datatype in NUMPY_TYPES
        }
        return check_outputs(spec, arrays, len(images))

    async def check(self) -> None:
        """Returns if every model is ready at the pinned version with the declared tensors.

        Raises OtherModels with all that differs, ModelUnavailable while the server does not answer, or ModelMismatch
        where it never will.
        """
        differences = [text for spec in MODELS for text in await self._differences(spec)]
        if differences:
            raise OtherModels(f"Triton at {self.address}: " + "; ".join(differences))

    async def _differences(self, spec: ModelSpec) -> list[str]:
        name, version = spec.name, str(self.version)
        options = {"timeout": self._timeout_s, "metadata": self._metadata()}
        service = self._connection.service
        # Asked without a version first: for a missing version Triton answers NOT_FOUND, which counts as retryable.
        known = await self._response_of(service.ModelMetadata(messages.ModelMetadataRequest(name=name), **options))
        if version not in known.versions:
            return [f"{name} has versions {', '.join(known.versions)}; this program needs {version}"]
        metadata_request = messages.ModelMetadataRequest(name=name, version=version)
        config_request = messages.ModelConfigRequest(name=name, version=version)
        found = await self._response_of(service.ModelMetadata(metadata_request, **options))
        config = (await self._response_of(service.ModelConfig(config_request, **options))).config
        differences = tensor_differences(name, "input", (spec.images,), found.inputs)
        differences += tensor_differences(name, "output", spec.outputs, found.outputs)
        if config.max_batch_size < spec.max_batch:
            differences.append(f"{name} takes {config.max_batch_size} pictures a call, not {spec.max_batch}")
        return differences

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return (*self._headers, *(() if self._call_metadata is None else self._call_metadata()))

    @property
    def _connection(self) -> "_Connection":
        if self._opened is None:
            raise RuntimeError("not connected: use this in `async with`")
        return self._opened

    async def _response_of(self, call: Awaitable[_Response]) -> _Response:
        try:
            return await call
        except grpc.aio.AioRpcError as exc:
            raise to_inference_error(exc.code(), exc.details() or "", self.address) from exc


@dataclass(frozen=True, slots=True)
class _Connection:
    """One channel and the calls on it; protobuf's classes exist only at run time, hence Any."""

    channel: grpc.aio.Channel
    service: Any
    infer: Any


def _open_channel(address: str, tls: Tls | None) -> grpc.aio.Channel:
    """Certificates are read once, so new ones take a restart."""
    if tls is None:
        return grpc.aio.insecure_channel(address, options=_CHANNEL)
    files = (tls.ca_file, tls.key_file, tls.cert_file)
    credentials = grpc.ssl_channel_credentials(*(None if path is None else path.read_bytes() for path in files))
    name = [("grpc.ssl_target_name_override", tls.server_name)] if tls.server_name else []
    return grpc.aio.secure_channel(address, credentials, options=[*_CHANNEL, *name])
