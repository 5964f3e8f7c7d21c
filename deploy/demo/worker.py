"""The worker as a child process on a running stack: how it is started, and when it is ready."""

import json
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.errors import PartFailed
from deploy.local.parts.part import Endpoints
from deploy.local.ports import HOST, free_ports
from deploy.local.process import CHECKOUT, Child, Launch, Spawner

_PARTITIONS: Final = "pinstream_worker_partitions"
_POLL_S: Final = 0.05
_READY_S: Final = 90.0


@dataclass(frozen=True, slots=True)
class DemoWorker:
    """A started worker and its HTTP address."""

    child: Child
    url: str

    def await_ready(self) -> None:
        """Block until it has searched the index, run the models and got partitions; raises PartFailed."""
        deadline = time.monotonic() + _READY_S
        while not (_get(f"{self.url}/readyz") is not None and holds_partitions(_get(f"{self.url}/metrics") or "")):
            code = self.child.exit_code()
            if code is not None:
                raise PartFailed(f"the worker ended with status {code} while starting:\n{self.child.log_tail()}")
            if time.monotonic() > deadline:
                raise PartFailed(f"the worker was not ready after {_READY_S:.0f} s:\n{self.child.log_tail()}")
            time.sleep(_POLL_S)


def start_worker(
    spawner: Spawner, endpoints: Endpoints, log: Path, *, settings: Mapping[str, str] | None = None
) -> DemoWorker:
    """Start a worker on a free port; it is not ready yet; ``settings`` are added to the addresses of the stack."""
    (port,) = free_ports(1)
    env = {**worker_settings(endpoints, port=port), **(settings or {})}
    child = spawner.spawn(Launch(argv=(sys.executable, "-m", "streams", "worker"), env=env, cwd=CHECKOUT), log)
    return DemoWorker(child, f"http://{HOST}:{port}")


def worker_settings(endpoints: Endpoints, *, port: int) -> dict[str, str]:
    """The worker's environment: where everything is, and a probe for every pin instead of a sample."""
    return {
        "PINSTREAM_KAFKA__SERVERS": endpoints.kafka,
        "PINSTREAM_TRITON__ADDRESS": endpoints.triton_grpc,
        "PINSTREAM_MILVUS__URI": endpoints.milvus,
        "PINSTREAM_FETCH__ALLOWED_HOSTS": json.dumps([HOST]),
        "PINSTREAM_PROBE__RATIO": "1",
        "PINSTREAM_PROBE__MAX_OPEN": "64",
        # A person's folder may hold nothing but broken files, one after the other; that is no reason to stop.
        "PINSTREAM_BREAKER__MAX_IN_A_ROW": "1000000",
        "PINSTREAM_BREAKER__MAX_RATIO": "1000000",
        "PINSTREAM_HTTP__PORT": str(port),
        "PINSTREAM_NAME": "demo",
    }


def holds_partitions(metrics: str) -> bool:
    """Whether the worker's metrics say that Kafka has given it partitions; before that, pins wait."""
    found = re.search(rf"^{_PARTITIONS} (\S+)$", metrics, flags=re.MULTILINE)
    return found is not None and float(found[1]) > 0


def _get(url: str) -> str | None:
    """The body of a successful answer, else None."""
    try:
        with urllib.request.urlopen(url, timeout=5.0) as answer:  # noqa: S310 (our own http URL)
            return str(answer.read().decode())
    except urllib.error.HTTPError as exc:
        exc.close()
        return None
    except OSError:
        return None
