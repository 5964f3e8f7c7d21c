"""A real read service as a child, on the test stack."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.ports import HOST, free_ports
from tests.integration.running_worker import Site, eventually


@contextmanager
def running_api(site: Site, folder: Path) -> Iterator[str]:
    """``python -m api`` at a port of its own; its address, once it answers. Ends with the block."""
    (port,) = free_ports(1)
    url, log = f"http://{HOST}:{port}", folder / "api.log"
    env = {
        **os.environ,
        "PINSTREAM_API__PORT": str(port),
        "PINSTREAM_KAFKA__SERVERS": site.endpoints.kafka,
        "PINSTREAM_KAFKA__TOPIC_PREFIX": site.prefix,
        "PINSTREAM_TRITON__ADDRESS": site.endpoints.triton_grpc,
        "PINSTREAM_MILVUS__URI": site.endpoints.milvus,
    }
    with log.open("wb") as lines:
        process = subprocess.Popen(
            (sys.executable, "-m", "api"), env=env, stdout=lines, stderr=lines, cwd=Path(__file__).parents[2]
        )

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        return status(f"{url}/healthz") == 200

    try:
        eventually(answers, what="the read service to answer")
        yield url
    finally:
        process.terminate()
        process.wait()


def status(url: str) -> int:
    """The status of an answer; 0 where there is none."""
    try:
        with urllib.request.urlopen(url, timeout=30) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as exc:
        return exc.code
    except OSError:
        return 0
