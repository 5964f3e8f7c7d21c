"""Calls to a Triton server: the only module that knows its client."""

from collections.abc import Awaitable
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from tritonclient.grpc import InferInput
from tritonclient.grpc.aio import InferenceServerClient
from tritonclient.utils import InferenceServerException

from inference.errors import InferenceError, ModelBusy, ModelMismatch, ModelUnavailable
from inference.images import Pixels
from inference.runner import Outputs, Priority, checked_outputs
from inference.tensors import MODELS, ModelSpec, Tensor
from pinstream.collection import EMBEDDING_VERSION

_Reply = TypeVar("_Reply")

DEFAULT_TIMEOUT_S: Final = 5.0
_SERVER_SHARE: Final = 0.9
"""The server gives up before the client does, or it would compute what nobody waits for."""

_MAX_MESSAGE_BYTES: Final = 64 * 1024 * 1024
# The whole list: passing any of these drops tritonclient's own defaults.
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

_BUSY: Final = ("DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED")
_AWAY: Final = ("UNAVAILABLE", "NOT_FOUND", "INTERNAL", "UNKNOWN", "CANCELLED", "ABORTED", "DATA_LOSS")
_NEVER: Final = (
    "INVALID_ARGUMENT",
    "UNIMPLEMENTED",
    "FAILED_PRECONDITION",
    "OUT_OF_RANGE",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "UNAUTHENTICATED",
)
# Triton says UNAVAILABLE for a full queue and an expired wait in it too; only the words differ.
_BUSY_WORDS: Final = ("exceeds maximum queue size", "timeout expired", "exceed")


class TritonModels:
    """The models of one Triton server, at one pinned version; ``async with`` opens and closes the connection.

    Make one per process, inside the running loop, after any fork. Nothing is repeated here: who waits, and
    for how long, is the caller's to decide. A cancelled call is cancelled on the server too.
    """

    def __init__(self, address: str, *, timeout_s: float = DEFAULT_TIMEOUT_S, version: int = EMBEDDING_VERSION) -> None:
        self.address = address
        self.version = version
        self._timeout_s = timeout_s
        self._opened: InferenceServerClient | None = None

    async def __aenter__(self) -> Self:
        self._opened = InferenceServerClient(self.address, channel_args=_CHANNEL)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._opened is not None:
            await self._opened.close()
            self._opened = None

    async def infer(self, spec: ModelSpec, images: Pixels, *, priority: Priority = Priority.LIVE) -> Outputs:
        """As `ModelRunner` says; waits at most ``timeout_s``."""
        tensor = InferInput(spec.images.name, list(images.shape), spec.images.dtype)
        tensor.set_data_from_numpy(images)
        reply = await self._answer(
            self._client.infer(
                spec.name,
                [tensor],
                model_version=str(self.version),
                priority=int(priority),
                timeout=int(self._timeout_s * _SERVER_SHARE * 1e6),
                client_timeout=self._timeout_s,
            )
        )
        # The arrays of a reply are views of its buffers.
        arrays = {tensor.name: reply.as_numpy(tensor.name) for tensor in spec.outputs}
        owned = {name: array.copy() for name, array in arrays.items() if array is not None}
        return checked_outputs(spec, owned, len(images))

    async def check(self) -> None:
        """Nothing if every model is ready at the pinned version with the declared tensors.

        Raises ModelMismatch with all that differs, or ModelUnavailable while the server cannot say.
        """
        differences = [text for spec in MODELS for text in await self._differences(spec)]
        if differences:
            raise ModelMismatch(f"Triton at {self.address}: " + "; ".join(differences))

    async def _differences(self, spec: ModelSpec) -> list[str]:
        known = await self._answer(self._client.get_model_metadata(spec.name, client_timeout=self._timeout_s))
        version = str(self.version)
        if version not in known.versions:
            return [f"{spec.name} has versions {', '.join(known.versions)}; this program needs {version}"]
        if not await self._answer(self._client.is_model_ready(spec.name, version, client_timeout=self._timeout_s)):
            raise ModelUnavailable(f"Triton at {self.address}: {spec.name} version {version} is not ready")
        metadata = await self._answer(
            self._client.get_model_metadata(spec.name, version, client_timeout=self._timeout_s)
        )
        reply = await self._answer(self._client.get_model_config(spec.name, version, client_timeout=self._timeout_s))
        batch = reply.config.max_batch_size
        return [
            *_tensor_differences(spec.name, "input", (spec.images,), metadata.inputs),
            *_tensor_differences(spec.name, "output", spec.outputs, metadata.outputs),
            *([f"{spec.name} takes batches of {batch}, needed are {spec.max_batch}"] if batch < spec.max_batch else []),
        ]

    @property
    def _client(self) -> InferenceServerClient:
        if self._opened is None:
            raise RuntimeError("not connected: use this in `async with`")
        return self._opened

    async def _answer(self, call: Awaitable[_Reply]) -> _Reply:
        try:
            return await call
        except InferenceServerException as exc:
            raise translated(exc.status() or "", exc.message() or "", self.address) from exc


def translated(status: str, message: str, address: str) -> InferenceError:
    """A gRPC status such as ``StatusCode.UNAVAILABLE``, and its words, as this room's error.

    An unknown status counts as away: waiting loses nothing.
    """
    code = status.removeprefix("StatusCode.")
    text = f"Triton at {address}: {code or 'no status'}: {message[:300]}"
    if code in _NEVER:
        return ModelMismatch(text)
    if code in _BUSY or (code == "UNAVAILABLE" and any(words in message.lower() for words in _BUSY_WORDS)):
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
