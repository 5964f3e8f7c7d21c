"""Calls to a Triton server: the only module that knows its protocol.

Requests are laid out by hand around tritonclient's messages: letting protobuf carry the pixels copies them
four times, which costs 1.7 ms of CPU for a pin's two calls; this way copies them once.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import grpc
import numpy as np
from tritonclient.grpc import service_pb2
from tritonclient.grpc.service_pb2_grpc import GRPCInferenceServiceStub

from inference.errors import InferenceError, ModelBusy, ModelMismatch, ModelUnavailable, OtherModels
from inference.images import Pixels
from inference.runner import NUMPY_TYPES, Outputs, Priority, checked_outputs
from inference.tensors import MODELS, ModelSpec, Tensor
from pinstream.store.collection import EMBEDDING_VERSION
from pinstream.tls import Tls, is_key_trouble, is_tls_trouble

_Reply = TypeVar("_Reply")

Metadata = Callable[[], Sequence[tuple[str, str]]]
"""Asked at each inference for what goes with it as gRPC metadata, such as a ``traceparent``."""

messages: Any = service_pb2
"""Generated at import by protobuf, so no type checker can see inside."""

DEFAULT_TIMEOUT_S: Final = 5.0
_SERVER_SHARE: Final = 0.9
"""The server gives up before the client does, or it would compute what nobody waits for."""

_MAX_MESSAGE_BYTES: Final = 64 * 1024 * 1024
_CHANNEL: Final[list[tuple[str, int]]] = [
    ("grpc.max_send_message_length", _MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
    # gRPC's own ceiling is two minutes: a server that is back would stay unseen for that long.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.keepalive_time_ms", 2**31 - 1),  # fast pings bring GOAWAY; the deadlines notice a dead peer
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
]
_INFER: Final = "/inference.GRPCInferenceService/ModelInfer"
_RAW_CONTENTS_TAG: Final = bytes([7 << 3 | 2])
"""Protobuf's mark of ``ModelInferRequest.raw_input_contents``: field 7, with its length before it."""

_BUSY: Final = frozenset({grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED})
_NEVER: Final = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
    }
)
# Triton says UNAVAILABLE for a full queue and an expired wait in it too; only the words differ.
_BUSY_WORDS: Final = ("exceeds maximum queue size", "request timeout expired")


class TritonModels:
    """The models of one Triton server, at one pinned version; ``async with`` opens and closes the connection.

    ``tls`` is None for a server in the clear; ``headers`` go with every call (lower case: gRPC's metadata).
    Make one per process, inside the running loop, after any fork. Nothing is repeated here: who waits, and
    for how long, is the caller's to decide. A cancelled call is cancelled on the server too.
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
        self._more = metadata
        self._tls = tls
        self._headers = tuple((headers or {}).items())
        self._opened: _Connection | None = None

    async def __aenter__(self) -> Self:
        channel = _channel(self.address, self._tls)
        self._opened = _Connection(
            channel,
            GRPCInferenceServiceStub(channel),
            channel.unary_unary(_INFER, response_deserializer=messages.ModelInferResponse.FromString),
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
        reply = await self._answer(self._connection.infer(request, timeout=self._timeout_s, metadata=self._metadata))
        arrays = {
            tensor.name: np.frombuffer(content, NUMPY_TYPES[tensor.datatype]).reshape(tuple(tensor.shape)).copy()
            for tensor, content in zip(reply.outputs, reply.raw_output_contents, strict=True)
            if tensor.datatype in NUMPY_TYPES
        }
        return checked_outputs(spec, arrays, len(images))

    async def check(self) -> None:
        """Nothing if every model is ready at the pinned version with the declared tensors.

        Raises OtherModels with all that differs, ModelUnavailable while the server cannot say, or ModelMismatch
        where it never will.
        """
        differences = [text for spec in MODELS for text in await self._differences(spec)]
        if differences:
            raise OtherModels(f"Triton at {self.address}: " + "; ".join(differences))

    async def _differences(self, spec: ModelSpec) -> list[str]:
        name, version, sent = spec.name, str(self.version), {"timeout": self._timeout_s, "metadata": self._metadata}
        service = self._connection.service
        known = await self._answer(service.ModelMetadata(messages.ModelMetadataRequest(name=name), **sent))
        if version not in known.versions:
            return [f"{name} has versions {', '.join(known.versions)}; this program needs {version}"]
        found = await self._answer(
            service.ModelMetadata(messages.ModelMetadataRequest(name=name, version=version), **sent)
        )
        served = await self._answer(
            service.ModelConfig(messages.ModelConfigRequest(name=name, version=version), **sent)
        )
        differences = _tensor_differences(name, "input", (spec.images,), found.inputs)
        differences += _tensor_differences(name, "output", spec.outputs, found.outputs)
        if served.config.max_batch_size < spec.max_batch:
            differences.append(f"{name} takes {served.config.max_batch_size} pictures a call, not {spec.max_batch}")
        return differences

    @property
    def _metadata(self) -> tuple[tuple[str, str], ...]:
        """What goes with a call made now."""
        return (*self._headers, *(() if self._more is None else self._more()))

    @property
    def _connection(self) -> "_Connection":
        if self._opened is None:
            raise RuntimeError("not connected: use this in `async with`")
        return self._opened

    async def _answer(self, call: Awaitable[_Reply]) -> _Reply:
        try:
            return await call
        except grpc.aio.AioRpcError as exc:
            raise translated(exc.code(), exc.details() or "", self.address) from exc


def _channel(address: str, tls: Tls | None) -> grpc.aio.Channel:
    """In the clear, or over TLS; certificates are read once, so new ones take a restart."""
    if tls is None:
        return grpc.aio.insecure_channel(address, options=_CHANNEL)
    files = (tls.ca_file, tls.key_file, tls.cert_file)
    credentials = grpc.ssl_channel_credentials(*(None if path is None else path.read_bytes() for path in files))
    name = [("grpc.ssl_target_name_override", tls.server_name)] if tls.server_name else []
    return grpc.aio.secure_channel(address, credentials, options=[*_CHANNEL, *name])


@dataclass(frozen=True, slots=True)
class _Connection:
    """One channel and the calls on it; protobuf's classes exist only at run time, hence Any."""

    channel: grpc.aio.Channel
    service: Any
    infer: Any


def request_bytes(spec: ModelSpec, images: Pixels, *, version: int, priority: int, timeout_s: float) -> bytes:
    """One ``ModelInferRequest`` on the wire: the message without its pixels, then the pixels as its last field."""
    message = messages.ModelInferRequest(model_name=spec.name, model_version=str(version))
    message.parameters["priority"].uint64_param = priority
    message.parameters["timeout"].int64_param = int(timeout_s * 1e6)
    tensor = message.inputs.add(name=spec.images.name, datatype=spec.images.dtype)
    tensor.shape.extend(images.shape)
    pixels = np.ascontiguousarray(images)
    return b"".join((message.SerializeToString(), _RAW_CONTENTS_TAG, varint(pixels.nbytes), pixels.data))


def varint(number: int) -> bytes:
    """A whole number >= 0 as protobuf writes lengths: seven bits a byte, lowest first."""
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def translated(code: grpc.StatusCode, details: str, address: str) -> InferenceError:
    """A gRPC status and its words as this room's error. What is unknown counts as away: waiting loses nothing."""
    text = f"Triton at {address}: {code.name}: {details[:300]}"
    if is_tls_trouble(details):
        text += "; look at the certificates (PINSTREAM_TRITON__CA_FILE, __SERVER_NAME, __CERT_FILE)"
    if is_key_trouble(details):
        text += "; look at PINSTREAM_TRITON__HEADERS"
    if code in _NEVER:
        return ModelMismatch(text)
    if code in _BUSY or (
        code is grpc.StatusCode.UNAVAILABLE and any(words in details.lower() for words in _BUSY_WORDS)
    ):
        return ModelBusy(text)
    return ModelUnavailable(text)


def _tensor_differences(model: str, role: str, declared: tuple[Tensor, ...], found: Any) -> list[str]:
    """What the server's tensors are not, in words; ``found`` holds Triton's tensor metadata."""
    served = {each.name: (each.datatype, tuple(each.shape)) for each in found}
    differences = []
    for tensor in declared:
        expected = (tensor.dtype, (-1, *tensor.dims))
        if served.get(tensor.name) != expected:
            differences.append(f"{model} {role} {tensor.name!r} is {served.get(tensor.name)}, expected {expected}")
    return differences
