"""The worker as a process, on the real Kafka, Triton and Milvus Lite."""

import os
import random
import signal
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, Producer

from deploy.local.stack import LocalStack, StackOptions
from index import bootstrap
from pinstream.events import STAGES
from pinstream.kafka.stored_record import record_fields
from pinstream.store.collection import row_key
from pinstream.store.collection_schema import COLUMNS, Shape
from pinstream.store.milvus import MilvusStore
from streams.worker.finish.dead_letters import LEFT_OUT
from tests.integration.running_worker import RunningWorker, Site, event, eventually

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def store(stack: LocalStack) -> Iterator[MilvusStore]:
    opened = MilvusStore(stack.endpoints.milvus)
    bootstrap.init(opened)
    yield opened
    opened.close()


@pytest.fixture
def site(stack: LocalStack, store: MilvusStore) -> Site:
    return Site(stack.endpoints)


@pytest.fixture
def pin() -> str:
    return f"w{uuid.uuid4().hex[:8]}"


def test_published_pins_are_indexed_and_found_and_every_event_is_accounted_for(
    site: Site, store: MilvusStore, pin: str, tmp_path: Path
) -> None:
    for each in range(5):
        site.put(f"{pin}-{each}", event(f"{pin}-{each}", each))
    site.put(f"{pin}-0", None, headers=(("version", b"2"),))
    site.flush()

    with RunningWorker(site, tmp_path, probe__ratio="1.0") as worker:
        worker.await_outcomes(6)
        eventually(lambda: len(site.outcomes(probed=True)) >= 5, what="probes")
        outcomes = site.outcomes()
        accounted = (
            worker.metric("pinstream_worker_outcomes_total")
            + worker.metric("pinstream_worker_abandoned_total")
            + worker.metric("pinstream_worker_held_records")
        )
        consumed = worker.metric("pinstream_worker_records_total")

    assert consumed == accounted == 6
    results = Counter(outcome.outcome for outcome in outcomes)
    assert results["deleted"] == 1
    assert results["indexed"] + results["superseded"] == 5
    whole = store.get([row_key(f"{pin}-{each}", 0) for each in range(5)])
    assert [whole[row_key(f"{pin}-{each}", 0)].alive for each in range(5)] == [False, True, True, True, True]
    probed = next(outcome for outcome in site.outcomes(probed=True) if outcome.outcome == "indexed")
    assert set(probed.stages_ms) == set(STAGES)
    assert probed.freshness_ms is not None


def put_packed(site: Site, key: str) -> int:
    """An event so large that only zstd brings it below its topic's limit; returns its size.

    It repeats itself after 256 kB: within the reach of zstd, and out of that of gzip (32 kB) and lz4 (64 kB).
    """
    value = random.Random(1).randbytes(128_000).hex().encode() * 60
    keys = {"bootstrap.servers": site.endpoints.kafka, "compression.type": "zstd", "message.max.bytes": 20_000_000}
    producer = Producer({**keys, "log_level": 2})
    ends: list[KafkaError | None] = []
    topic = f"{site.prefix}pins.events"
    producer.produce(topic, value, key, partition=0, on_delivery=lambda error, _: ends.append(error))
    assert producer.flush(60) == 0
    assert ends == [None]
    return len(value)


def test_poison_goes_to_the_dead_letters_byte_identical_and_good_pins_pass(
    site: Site, store: MilvusStore, pin: str, tmp_path: Path
) -> None:
    poison: list[bytes] = [b"", b"\xff\xfe not json", b'{"pin_id": 7}', b'{"pin_id": "x"}' + b" " * 6_000_000]
    site.put(pin, event(pin, 1), partition=0)
    for each, value in enumerate(poison):
        site.put(f"{pin}-{each}", value, headers=(("traceparent", b"00-x"), ("traceparent", b"twice")), partition=0)
    site.put("not a pin id!", event(pin, 1), partition=0)
    site.put(f"{pin}-url", {**event(f"{pin}-url", 1), "image": {"url": "http://169.254.169.254/latest"}}, partition=0)
    site.put(f"{pin}-bytes", {**event(f"{pin}-bytes", 1), "image": {"inline": "aGVsbG8="}}, partition=0)
    site.flush()
    packed = put_packed(site, f"{pin}-packed")
    site.put(f"{pin}-after", event(f"{pin}-after", 2), partition=0)
    site.flush()

    with RunningWorker(site, tmp_path) as worker:
        worker.await_outcomes(len(poison) + 6)
        eventually(lambda: site.committed(worker.group) == len(poison) + 6, what="all committed")

    dead = {message.key(): message for message in site.read("pins.dead")}
    assert Counter(outcome.outcome for outcome in site.outcomes()) == {"indexed": 2, "dead": len(poison) + 4}
    without_event = dead[f"{pin}-packed".encode()]
    assert without_event.value() == b""
    assert dict(record_fields(without_event)["headers"])[LEFT_OUT] == str(packed).encode()
    for each, value in enumerate(poison):
        message = dead[f"{pin}-{each}".encode()]
        headers = record_fields(message)["headers"]
        assert (message.value() or b"") == value
        assert headers[:2] == [("traceparent", b"00-x"), ("traceparent", b"twice")]
        assert dict(headers)["__connect.errors.topic"] == (site.prefix + "pins.events").encode()
    stages = {
        message.key(): dict(record_fields(message)["headers"])["__connect.errors.stage"] for message in dead.values()
    }
    assert stages[f"{pin}-url".encode()] == b"fetch"
    assert stages[f"{pin}-bytes".encode()] == b"decode"


def test_a_replay_of_the_topic_changes_nothing(site: Site, store: MilvusStore, pin: str, tmp_path: Path) -> None:
    site.put(pin, event(pin, 1, version=5))
    site.put(f"{pin}-gone", event(f"{pin}-gone", 2, version=5))
    site.flush()
    with RunningWorker(site, tmp_path) as worker:
        worker.await_outcomes(2)
        site.put(f"{pin}-gone", None, headers=(("version", b"6"),))
        site.put(pin, event(pin, 3, version=4))
        site.flush()
        worker.await_outcomes(4)
    before = store.get([row_key(pin, 0), row_key(f"{pin}-gone", 0)])
    first = Counter(outcome.outcome for outcome in site.outcomes())

    with RunningWorker(site, tmp_path, group="again") as worker:
        worker.await_outcomes(4)

    assert store.get([row_key(pin, 0), row_key(f"{pin}-gone", 0)]) == before
    assert before[row_key(pin, 0)].version == 5
    assert not before[row_key(f"{pin}-gone", 0)].alive
    replayed = Counter(outcome.outcome for outcome in site.outcomes()) - first
    assert replayed["indexed"] == replayed["deleted"] == replayed["dead"] == 0


def test_both_lanes_of_a_pin_end_with_the_newest_version(
    site: Site, store: MilvusStore, pin: str, tmp_path: Path
) -> None:
    for each in range(4):
        site.put(f"{pin}-{each}", event(f"{pin}-{each}", each, version=2, title="new"))
        site.put(f"{pin}-{each}", event(f"{pin}-{each}", 9, version=1, title="old"), topic="pins.events.backfill")
    site.put(f"{pin}-only", event(f"{pin}-only", 9), topic="pins.events.backfill")
    site.flush()

    with RunningWorker(site, tmp_path) as worker:
        worker.await_outcomes(9)
        eventually(lambda: site.committed(worker.group + ".backfill", "pins.events.backfill") == 5, what="commits")

    rows = store.get([row_key(f"{pin}-{each}", 0) for each in range(4)])
    assert {(row.version, row.title) for row in rows.values()} == {(2, "new")}
    assert store.get([row_key(f"{pin}-only", 0)])


def test_sigterm_drains_commits_and_exits_cleanly(site: Site, store: MilvusStore, pin: str, tmp_path: Path) -> None:
    with RunningWorker(site, tmp_path) as worker:
        for each in range(40):
            site.put(f"{pin}-{each}", event(f"{pin}-{each}", each))
        site.flush()
        worker.await_outcomes(5)

        worker.signal(signal.SIGTERM)

        assert worker.wait() == 0, worker.said()
    outcomes = site.outcomes()
    assert site.committed(worker.group) <= len(outcomes) == len({outcome.pin_id for outcome in outcomes})
    assert "ERROR" not in worker.said()


def test_health_readiness_and_metrics_answer(site: Site, store: MilvusStore, tmp_path: Path) -> None:
    with RunningWorker(site, tmp_path) as worker:
        health, ready = worker.ask("/healthz"), worker.ask("/readyz")

        assert health is not None
        assert ready is not None
        assert (health[0], ready[0]) == (200, 200), ready
        assert worker.metric("pinstream_worker_credits_records") == 256


def test_exit_when_idle_ends_after_the_last_pin(site: Site, store: MilvusStore, pin: str, tmp_path: Path) -> None:
    site.put(pin, event(pin, 1))
    site.flush()
    worker = RunningWorker(site, tmp_path)

    worker.start("--exit-when-idle", "0.5")

    assert worker.wait() == 0, worker.said()
    assert site.committed(worker.group) == 1


def test_kip_848_is_a_setting_and_says_what_the_broker_makes_of_it(
    site: Site, store: MilvusStore, pin: str, tmp_path: Path
) -> None:
    site.put(pin, event(pin, 1))
    site.flush()

    with RunningWorker(site, tmp_path, kafka__protocol="consumer") as worker:
        worker.await_outcomes(1)

        assert "a killed worker's partitions move after" in worker.said()


def test_missing_topics_are_refused_with_what_to_run(site: Site, tmp_path: Path) -> None:
    worker = RunningWorker(site, tmp_path, kafka__topic_prefix="nowhere.")

    worker.start()

    assert worker.wait() == 3
    assert "python -m streams init" in worker.said()


def test_an_index_that_does_not_fit_is_refused_with_what_to_do(stack: LocalStack, tmp_path: Path) -> None:
    options = StackOptions(root=tmp_path / "empty", kafka="none", triton="none")
    with LocalStack(options) as empty, closing(MilvusStore(empty.endpoints.milvus)) as there:
        site = Site(replace(stack.endpoints, milvus=empty.endpoints.milvus))
        missing, unfit = RunningWorker(site, tmp_path), RunningWorker(site, tmp_path)

        missing.start()
        assert missing.wait() == 3
        there.create(Shape(columns=tuple(replace(each, bits=each.bits and 2 * each.bits) for each in COLUMNS)))
        unfit.start()
        assert unfit.wait() == 3

    assert "run `python -m index init` first" in missing.said()
    assert "field code: bits is 512, not 256" in unfit.said()


def test_a_wrong_setting_names_itself_and_exits_2(tmp_path: Path) -> None:
    env = {**os.environ, "PINSTREAM_KAFKA__PROTOCOL": "eager"}

    done = subprocess.run(
        (sys.executable, "-m", "streams", "worker"), env=env, capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "PINSTREAM_KAFKA__PROTOCOL='eager'" in done.stderr
    assert "'classic'" in done.stderr


def test_init_is_idempotent_and_reports_differences(stack: LocalStack) -> None:
    prefix = f"i{uuid.uuid4().hex[:6]}."
    env = {
        **os.environ,
        "PINSTREAM_KAFKA__SERVERS": stack.endpoints.kafka,
        "PINSTREAM_KAFKA__TOPIC_PREFIX": prefix,
    }

    def init(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = (sys.executable, "-m", "streams", "init", *arguments)
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    planned, created, again, different = (
        init("--partitions", "2", "--dry-run"),
        init("--partitions", "2"),
        init("--partitions", "2"),
        init("--partitions", "3"),
    )

    assert "would be created" in planned.stdout
    assert "created with 2 partitions" in created.stdout
    assert (created.returncode, again.returncode) == (0, 0), again.stdout
    assert again.stdout.count("exists") == 4
    assert different.returncode == 1
    assert "2 partitions, wanted 3" in different.stdout


def test_too_many_dead_letters_in_a_row_stop_the_worker(
    site: Site, store: MilvusStore, pin: str, tmp_path: Path
) -> None:
    for each in range(6):
        site.put(f"{pin}-{each}", b"{", partition=0)
    site.flush()
    worker = RunningWorker(site, tmp_path, breaker__max_in_a_row="4", http__hold_s="600")

    worker.start()
    eventually(lambda: worker.ask("/metrics") is not None, what="metrics")
    eventually(lambda: worker.metric("pinstream_worker_breaker_open") == 1, what="the breaker to be seen open")
    assert worker.metric("pinstream_worker_stopped") == 1
    eventually(lambda: "stays for 600 s" in worker.said(), what="the group to be left")
    worker.signal(signal.SIGTERM)

    assert worker.wait() == 4, worker.said()
    assert "the limit is 4" in worker.said()
    assert len(site.read("pins.dead")) == 4
    assert site.committed(worker.group) <= 4


def test_a_worker_that_waits_can_be_stopped(site: Site, store: MilvusStore, tmp_path: Path) -> None:
    worker = RunningWorker(site, tmp_path, triton__address="127.0.0.1:1")
    worker.start()
    eventually(lambda: "waiting for Triton" in worker.said(), what="a line that says what is missing")

    worker.signal(signal.SIGTERM)

    assert worker.wait() == 0
    assert "PINSTREAM_TRITON__ADDRESS" in worker.said()
