"""What a part of the stack is: something with an address, a real check, and usually a process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from deploy.local.cache import Progress
from deploy.local.process import Launch


class Part(Protocol):
    """One server. Ports and folders are chosen when it is made and kept for its life, so that a
    killed part comes back at the same address with the same data."""

    @property
    def name(self) -> str:
        """``kafka``, ``triton``, ``milvus``, ``pictures`` or ``api``."""

    @property
    def addresses(self) -> Mapping[str, str]:
        """What this part adds to the stack's Endpoints, by field name."""

    @property
    def ready_timeout_s(self) -> float:
        """How long after its start the check may fail."""

    @property
    def stop_grace_s(self) -> float:
        """How long it may take to end when asked to."""

    def prepare(self, progress: Progress) -> Launch | None:
        """Download, unpack and configure what it needs, and say what to run; None if it runs elsewhere.

        Blocks; safe to repeat, and keeps existing data. Raises Prerequisite.
        """

    def check(self) -> None:
        """Do what a user of this part does. Blocks at most some seconds; raises NotReady."""

    def clean_up(self) -> None:
        """Remove what its process leaves behind outside the state folder. Called once it is gone."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A server that runs already and belongs to somebody else: checked, never started or stopped."""

    name: str
    addresses: Mapping[str, str]
    checked_by: Callable[[], None]
    ready_timeout_s: float = 5.0
    stop_grace_s: float = 0.0

    def prepare(self, progress: Progress) -> None:
        """Nothing to run."""
        progress("runs elsewhere", None)

    def check(self) -> None:
        """Do what a user of this part does."""
        self.checked_by()

    def clean_up(self) -> None:
        """Nothing of ours."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where everything is; empty for parts that the stack was told to leave out."""

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
    """``http://host:port``: the folder's files lie directly below."""
    api: str = ""
    """``http://host:port``: the read service and its page."""
