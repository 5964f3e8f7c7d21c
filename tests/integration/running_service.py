"""A real read service process on the test stack."""

import os
import re
import subprocess
import sys
import uuid
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.integration.running_worker import Site, eventually


class RunningService:
    """``python -m api`` as a child; asked to stop at the end of the block, and killed if it does not."""

    def __init__(self, site: Site, folder: Path, **settings: str) -> None:
        endpoints = site.endpoints
        self.log = folder / f"api-{uuid.uuid4().hex[:6]}.log"
        self._env = {
            **os.environ,
            "PINSTREAM_KAFKA__SERVERS": endpoints.kafka,
            "PINSTREAM_KAFKA__TOPIC_PREFIX": site.prefix,
            "PINSTREAM_KAFKA__GROUP": site.prefix + "g",
            "PINSTREAM_TRITON__ADDRESS": endpoints.triton_grpc,
            "PINSTREAM_MILVUS__URI": endpoints.milvus,
            "PINSTREAM_FETCH__ALLOWED_NETWORKS": '["127.0.0.0/8"]',
            "PINSTREAM_API__PORT": "0",
            **{f"PINSTREAM_{name.upper()}": value for name, value in settings.items()},
        }
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                (sys.executable, "-m", "api"), env=self._env, stdout=log, stderr=log, cwd=Path(__file__).parents[2]
            )
        eventually(lambda: bool(self.address), what="an address to listen on")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.process is not None
        self.process.terminate()
        try:
            self.process.wait(30)
        finally:
            self.process.kill()
            self.process.wait()

    @property
    def address(self) -> str:
        """Where it listens; empty before it does."""
        assert self.process is not None
        assert self.process.poll() is None, self.said()
        found = re.search(r"open (http://127\.0\.0\.1:\d+)", self.said())
        return found[1] if found else ""

    def said(self) -> str:
        """Its log."""
        return self.log.read_text()
