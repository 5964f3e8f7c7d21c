"""A part of the stack: a server with an address, a real check, and usually a process."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from deploy.local.cache import Progress
from deploy.local.process import Launch


class Part(ABC):
    """One server.

    Ports and folders are chosen when it is made and kept for its life, so that a killed part comes back at the same
    address with the same data.
    """

    name: str
    """``kafka``, ``triton``, ``milvus``, ``pictures`` or ``api``."""
    ready_timeout_s: ClassVar[float]
    """How long after its start the check may fail."""
    stop_grace_s: ClassVar[float]
    """How long it may take to end after SIGTERM."""

    @property
    @abstractmethod
    def addresses(self) -> Mapping[str, str]:
        """What this part adds to the stack's Endpoints, by field name."""

    @abstractmethod
    def prepare(self, progress: Progress) -> Launch | None:
        """Download, unpack and configure what it needs, and return the program to run; None for an external server.

        Blocks; safe to repeat, and keeps existing data. Raises Prerequisite.
        """

    @abstractmethod
    def check(self) -> None:
        """Do what a user of this part does. Blocks at most some seconds; raises NotReady."""

    def clean_up(self) -> None:  # noqa: B027 (most parts leave nothing)
        """Remove what its process leaves outside the state folder. Called once the process has ended."""


class ExternalServer(Part):
    """A server that runs already and belongs to somebody else: checked, never started or stopped."""

    ready_timeout_s = 5.0
    stop_grace_s = 0.0

    def __init__(self, name: str, addresses: Mapping[str, str], check: Callable[[], None]) -> None:
        self.name = name
        self._addresses = addresses
        self._check = check

    @property
    def addresses(self) -> Mapping[str, str]:
        return self._addresses

    def prepare(self, progress: Progress) -> None:
        progress("checking", None)

    def check(self) -> None:
        self._check()


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where everything is; empty for parts that the stack leaves out."""

    kafka: str = ""
    """``host:port``, for ``bootstrap.servers``."""
    triton_grpc: str = ""
    """``host:port``."""
    triton_http: str = ""
    """``http://host:port``."""
    triton_metrics: str = ""
    """``http://host:port/metrics``."""
    milvus: str = ""
    """``http://host:port``, the URI that pymilvus takes."""
    milvus_metrics: str = ""
    """``http://host:port/metrics``; Milvus Lite has none."""
    pictures: str = ""
    """``http://host:port``: the folder's files are directly below."""
    api: str = ""
    """``http://host:port``: the read service and its page."""

    def of(self, part: str) -> str:
        """The address that users of a part need."""
        return str(getattr(self, {"triton": "triton_grpc"}.get(part, part)))
