"""The read service and its page as a part of the stack."""

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Final

from deploy.local.cache import Progress
from deploy.local.errors import NotReady
from deploy.local.parts.part import Part
from deploy.local.ports import HOST, free_ports
from deploy.local.process import CHECKOUT, Launch

_SETTINGS: Final = {"kafka": "KAFKA__SERVERS", "triton_grpc": "TRITON__ADDRESS", "milvus": "MILVUS__URI"}


class Api(Part):
    """``python -m api`` at a random free port of loopback.

    ``addresses`` are those of the other parts, ``environment`` holds further settings.
    It starts without them: requests that need a missing server get an error that names it.
    """

    name = "api"
    ready_timeout_s = 60.0
    stop_grace_s = 5.0

    def __init__(self, addresses: Mapping[str, str], environment: Mapping[str, str] | None = None) -> None:
        self._others = addresses
        self._environment = environment or {}
        self._port = free_ports(1)[0]

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._port}"

    @property
    def addresses(self) -> Mapping[str, str]:
        return {"api": self.url}

    def prepare(self, progress: Progress) -> Launch:
        progress("starting", None)
        found = {_SETTINGS[name]: address for name, address in self._others.items() if name in _SETTINGS and address}
        own = {"API__PORT": str(self._port), "FETCH__ALLOWED_HOSTS": json.dumps([HOST])}
        env = {**self._environment, **{f"PINSTREAM_{name}": value for name, value in (found | own).items()}}
        return Launch(argv=(sys.executable, "-m", "api"), env=env, cwd=CHECKOUT)

    def check(self) -> None:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2.0):  # noqa: S310 (our own http URL)
                return
        except OSError as exc:
            raise NotReady(f"the read service at {self.url}: {exc}") from exc
