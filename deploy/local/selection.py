"""Which parts a stack has: the options, and the parts that they name."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from deploy.local.errors import BadOption
from deploy.local.parts.api import Api
from deploy.local.parts.kafka import Kafka, check_kafka
from deploy.local.parts.milvus_lite import MilvusLite, check_milvus
from deploy.local.parts.milvus_server import MilvusServer
from deploy.local.parts.part import ExternalServer, Part
from deploy.local.parts.picture_part import PicturePart
from deploy.local.parts.security import Security, security
from deploy.local.parts.triton import Triton, check_triton, model_names
from deploy.local.process import CHECKOUT

LOCAL: Final = "local"
NONE: Final = "none"
LITE: Final = "lite"
SERVER: Final = "server"


@dataclass(frozen=True, slots=True)
class StackOptions:
    """What to start, and the folder of its state."""

    root: Path = CHECKOUT / ".local"
    """State, logs and ``stack.json``."""
    kafka: str = LOCAL
    """``local``, ``none``, or the ``host:port`` of one that runs already."""
    triton: str = LOCAL
    """``local``, ``none``, or the gRPC ``host:port`` of one that runs already."""
    milvus: str = LITE
    """``lite``, ``server`` (standalone), ``none``, or the ``http://host:port`` of one that runs already."""
    models: Path = CHECKOUT / "inference" / "triton_models"
    """The model repository that a local Triton serves."""
    pictures: Path | None = None
    """A folder to serve over HTTP; None: no picture server."""
    api: str = NONE
    """``local`` (the read service and its page, over the other parts) or ``none``."""
    traces: str | None = None
    """OTLP/HTTP collector that a local Triton sends its spans to, ``http://host:port/v1/traces``; None: no spans."""
    secure: bool = False
    """Whether local servers require certificates, passwords and keys; Milvus Lite cannot."""


def choose_parts(options: StackOptions, *, stack_id: str) -> tuple[Part, ...]:
    """The parts that the options name, not yet started. Raises BadOption."""
    pictures = PicturePart(options.pictures) if options.pictures else None
    secured = security(options.root.absolute(), _secured_parts(options)) if options.secure else None
    chosen = (_kafka(options, secured), _triton(options, stack_id, secured), _milvus(options, secured), pictures)
    parts = tuple(part for part in chosen if part is not None)
    return parts + _api(options, parts, secured)


def _secured_parts(options: StackOptions) -> frozenset[str]:
    """The servers of this stack that can require credentials."""
    local = {"kafka": options.kafka == LOCAL, "triton": options.triton == LOCAL, "milvus": options.milvus == SERVER}
    return frozenset(name for name, can in local.items() if can)


def _api(options: StackOptions, others: tuple[Part, ...], secured: Security | None) -> tuple[Part, ...]:
    if options.api not in (LOCAL, NONE):
        raise BadOption(f"--api {options.api!r}: expected {LOCAL} or {NONE}")
    addresses = {name: address for part in others for name, address in part.addresses.items()}
    environment = {} if secured is None else secured.environment
    return (Api(addresses, environment),) if options.api == LOCAL else ()


def _kafka(options: StackOptions, secured: Security | None) -> Part | None:
    if options.kafka == NONE:
        return None
    if options.kafka == LOCAL:
        return Kafka(options.root.absolute() / "kafka", secured)
    address = _host_and_port("--kafka", options.kafka, others=f"{LOCAL}, {NONE}")
    return ExternalServer("kafka", {"kafka": address}, partial(check_kafka, address))


def _triton(options: StackOptions, stack_id: str, secured: Security | None) -> Part | None:
    if options.triton == NONE:
        return None
    models = options.models.absolute()
    if options.triton == LOCAL:
        return Triton(
            options.root.absolute() / "triton", models, shm_prefix=stack_id, traces=options.traces, security=secured
        )
    address = _host_and_port("--triton", options.triton, others=f"{LOCAL}, {NONE}")
    return ExternalServer("triton", {"triton_grpc": address}, partial(check_triton, address, model_names(models)))


def _milvus(options: StackOptions, secured: Security | None) -> Part | None:
    if options.milvus == NONE:
        return None
    if options.milvus == LITE:
        return MilvusLite(options.root.absolute() / "milvus-lite")
    if options.milvus == SERVER:
        return MilvusServer(options.root.absolute() / "milvus-server", secured)
    if not options.milvus.startswith(("http://", "https://")):
        raise BadOption(f"--milvus {options.milvus!r}: expected {LITE}, {SERVER}, {NONE} or http://HOST:PORT")
    return ExternalServer("milvus", {"milvus": options.milvus}, partial(check_milvus, options.milvus))


def _host_and_port(option: str, value: str, *, others: str) -> str:
    host, colon, port = value.rpartition(":")
    if not host or not colon or not port.isdecimal() or not 0 < int(port) < 65536:
        raise BadOption(f"{option} {value!r}: expected {others} or HOST:PORT")
    return value
