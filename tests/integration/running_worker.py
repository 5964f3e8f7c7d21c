"""A real worker process on the test stack, and what it says on Kafka and over HTTP."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np
from confluent_kafka import Consumer, Message, Producer, TopicPartition

from deploy.local.parts.part import Endpoints
from pinstream.events import PinOutcome
from schemas.topics import topics
from streams.topic_setup import TopicSetup
from tests.integration.records import read_to_end

DEADLINE_S = 90.0


def eventually(condition: Callable[[], bool], *, deadline_s: float = DEADLINE_S, what: str = "condition") -> None:
    """Wait until ``condition`` holds; fails the test at the deadline."""
    end_s = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end_s, f"{what} did not hold within {deadline_s} s"
        time.sleep(0.05)


def jpeg(seed: int, *, side_px: int = 256) -> bytes:
    """A picture of its own for each seed."""
    blocks = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    encoded, content = cv2.imencode(".jpg", cv2.resize(blocks, (side_px, side_px)))
    assert encoded
    return content.tobytes()


def event(pin_id: str, seed: int, *, version: int = 1, **more: Any) -> dict[str, Any]:
    """A valid event with its picture inside."""
    inline = base64.b64encode(jpeg(seed)).decode()
    created_at = "2026-11-23T20:00:00Z"
    return {
        "pin_id": pin_id, "version": version, "image": {"inline": inline},
        "domain": "web", "created_at": created_at, **more,
    }  # fmt: skip


@dataclass
class Site:
    """Topics of one test's own on the shared stack."""

    endpoints: Endpoints
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:8]}.")
    partitions: int = 3
    client: Mapping[str, str] = field(default_factory=dict)
    """How Kafka is reached, where it asks who is there."""

    def __post_init__(self) -> None:
        self.setup = TopicSetup({"bootstrap.servers": self.endpoints.kafka, **self.client})
        self.setup.ensure(topics(partitions=self.partitions, prefix=self.prefix))
        self.producer = Producer(
            {
                "bootstrap.servers": self.endpoints.kafka,
                "partitioner": "murmur2_random",
                "message.max.bytes": 7_000_000,
                "log_level": 2,
                **self.client,
            }
        )

    def put(
        self,
        key: str | bytes | None,
        value: Mapping[str, Any] | bytes | None,
        *,
        topic: str = "pins.events",
        headers: tuple[tuple[str, bytes], ...] = (),
        partition: int = -1,
    ) -> None:
        """One record, exactly as given."""
        body = json.dumps(value).encode() if isinstance(value, Mapping) else value
        self.producer.produce(self.prefix + topic, key=key, value=body, headers=list(headers), partition=partition)

    def flush(self) -> None:
        """Everything put so far is on Kafka."""
        assert self.producer.flush(DEADLINE_S) == 0

    def read(self, topic: str) -> list[Message]:
        """Every record of a topic, to its end."""
        return read_to_end(self.endpoints.kafka, self.prefix + topic, partitions=self.partitions)

    def outcomes(self, *, probed: bool = False) -> list[PinOutcome]:
        """What became of events, one each; with ``probed``, the second outcomes that probes wrote."""
        found = [PinOutcome.decode(message.value() or b"") for message in self.read("pins.indexed")]
        return [outcome for outcome in found if (outcome.visible_at_ms is not None) == probed]

    def committed(self, group: str, topic: str = "pins.events") -> int:
        """How many records the group has committed."""
        reader = Consumer({"bootstrap.servers": self.endpoints.kafka, "group.id": group, "log_level": 2, **self.client})
        asked = [TopicPartition(self.prefix + topic, each) for each in range(self.partitions)]
        offsets = [max(each.offset, 0) for each in reader.committed(asked, timeout=DEADLINE_S)]
        reader.close()
        return sum(offsets)


class RunningWorker:
    """``python -m streams worker`` as a child; killed at the end of the block if it still runs."""

    program: tuple[str, ...] = ("-m", "streams")
    command = "worker"

    def __init__(self, site: Site, folder: Path, *, group: str = "g", **settings: str) -> None:
        self._site = site
        self.log = folder / f"{self.command}-{uuid.uuid4().hex[:6]}.log"
        endpoints = site.endpoints
        self._env = {
            **os.environ,
            "PINSTREAM_KAFKA__SERVERS": endpoints.kafka,
            "PINSTREAM_KAFKA__TOPIC_PREFIX": site.prefix,
            "PINSTREAM_KAFKA__GROUP": site.prefix + group,
            "PINSTREAM_TRITON__ADDRESS": endpoints.triton_grpc,
            "PINSTREAM_MILVUS__URI": endpoints.milvus,
            "PINSTREAM_FETCH__ALLOWED_NETWORKS": '["127.0.0.0/8"]',
            "PINSTREAM_HTTP__PORT": "0",
            **{f"PINSTREAM_{name.upper()}": value for name, value in settings.items()},
        }
        self.group = site.prefix + group
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        eventually(lambda: self.health()["partitions"] > 0, what="a partition granted")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def start(self, *arguments: str) -> None:
        """Start it, and do not wait."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                (sys.executable, *self.program, self.command, *arguments),
                env=self._env, stdout=log, stderr=log, cwd=Path(__file__).parents[2],
            )  # fmt: skip

    def wait(self, timeout_s: float = DEADLINE_S) -> int:
        """The exit status."""
        assert self.process is not None
        return self.process.wait(timeout_s)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def said(self) -> str:
        """Its log."""
        return self.log.read_text()

    def health(self) -> dict[str, Any]:
        """What ``/healthz`` says; no partitions before it listens."""
        answer = self.ask("/healthz")
        return {"partitions": 0} if answer is None else dict(json.loads(answer[1]))

    @property
    def url(self) -> str | None:
        """Its HTTP endpoint; None before it listens."""
        port = re.search(r"http=\('127.0.0.1', (\d+)\)", self.said())
        return None if port is None else f"http://127.0.0.1:{port[1]}"

    def ask(self, path: str) -> tuple[int, str] | None:
        """Status and body of its HTTP endpoint; None before it listens."""
        if self.url is None:
            assert self.process is not None
            assert self.process.poll() is None, self.said()
            return None
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=DEADLINE_S) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as exc:
            return exc.code, exc.read().decode()

    def metric(self, name: str, **labels: str) -> float:
        """The sum over all samples of a metric that carry these labels."""
        answer = self.ask("/metrics")
        assert answer is not None
        total = 0.0
        for line in answer[1].splitlines():
            sample, _, value = line.rpartition(" ")
            bare = sample.split("{")[0]
            if bare == name and all(f'{label}="{wanted}"' in sample for label, wanted in labels.items()):
                total += float(value)
        return total

    def await_outcomes(self, count: int) -> None:
        """Wait until ``count`` events have an outcome."""
        eventually(lambda: self.metric("pinstream_worker_outcomes_total") >= count, what=f"{count} outcomes")
