"""Triton's gRPC messages: how a request is laid out, what a status means, what a server says of its models.

Requests are laid out by hand around tritonclient's messages: letting protobuf carry the pixels copies them
four times, which costs 1.7 ms of CPU for a pin's two calls; this way copies them once.
"""

from typing import Any, Final

import grpc
import numpy as np
from tritonclient.grpc import service_pb2

from inference.errors import InferenceError, ModelBusy, ModelMismatch, ModelUnavailable
from inference.images import Pixels
from inference.tensors import ModelSpec, Tensor
from pinstream.tls import is_api_key_error, is_tls_error

messages: Any = service_pb2
"""Generated at import by protobuf, so no type checker can see inside."""

INFER: Final = "/inference.GRPCInferenceService/ModelInfer"
_RAW_CONTENTS_TAG: Final = bytes([7 << 3 | 2])
"""Protobuf's mark of ``ModelInferRequest.raw_input_contents``: field 7, with its length before it."""

_BUSY: Final = frozenset({grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED})
_FATAL: Final = frozenset(
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
# Triton answers UNAVAILABLE for a full queue and for a request that expired in it too; only the text differs.
_BUSY_TEXTS: Final = ("exceeds maximum queue size", "request timeout expired")


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
    """A number >= 0 as protobuf writes lengths: seven bits per byte, lowest first."""
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def to_inference_error(code: grpc.StatusCode, details: str, address: str) -> InferenceError:
    """A gRPC status as this room's error. An unknown one counts as unavailable: waiting loses nothing."""
    text = f"Triton at {address}: {code.name}: {details[:300]}"
    if is_tls_error(details):
        text += "; look at the certificates (PINSTREAM_TRITON__CA_FILE, __SERVER_NAME, __CERT_FILE)"
    if is_api_key_error(details):
        text += "; look at PINSTREAM_TRITON__HEADERS"
    if code in _FATAL:
        return ModelMismatch(text)
    if code in _BUSY or (code is grpc.StatusCode.UNAVAILABLE and any(each in details.lower() for each in _BUSY_TEXTS)):
        return ModelBusy(text)
    return ModelUnavailable(text)


def tensor_differences(model: str, role: str, declared: tuple[Tensor, ...], found: Any) -> list[str]:
    """How the server's tensors differ from the declared ones; ``found`` holds Triton's tensor metadata."""
    served = {each.name: (each.datatype, tuple(each.shape)) for each in found}
    differences = []
    for tensor in declared:
        expected = (tensor.dtype, (-1, *tensor.dims))
        if served.get(tensor.name) != expected:
            differences.append(f"{model} {role} {tensor.name!r} is {served.get(tensor.name)}, expected {expected}")
    return differences
