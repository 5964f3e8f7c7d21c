"""The local stack on real servers: what a killed launcher leaves, what a killed part keeps."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # not in __all__
from pymilvus import DataType, MilvusClient
from typer.testing import CliRunner

from deploy.local import state
from deploy.local.cli import app
from deploy.local.errors import AlreadyRunning, BadOption, PartFailed
from deploy.local.parts.triton import check_triton
from deploy.local.ports import accepts, free_ports, is_free
from deploy.local.stack import LocalStack, StackOptions
from deploy.local.state import SHARED_MEMORY, StackRecord
from tests.integration.records import read_to_end

pytestmark = pytest.mark.stack

CHECKOUT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "deploy.local")


def wait_until(met: Callable[[], object], *, timeout_s: float = 120.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not met():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.05)


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def run(*arguments: str, root: Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*arguments, "--root", str(root)])
    return result.exit_code, result.stdout


def ready_record(root: Path) -> StackRecord | None:
    record = state.read(root)
    return record if record and record.parts and all(part.state == "ready" for part in record.parts) else None


def descendants(record: StackRecord) -> list[int]:
    leaders = [psutil.Process(part.pid) for part in record.parts]
    return [process.pid for leader in leaders for process in (leader, *leader.children(recursive=True))]


def ports(record: StackRecord) -> list[int]:
    addresses = [address.removesuffix("/metrics") for address in astuple(record.endpoints) if address]
    return [int(address.rpartition(":")[2]) for address in addresses]


@pytest.fixture
def launcher(stack: LocalStack, tmp_path: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """`up` in the foreground with everything, ready, beside the stack that runs already."""
    with (tmp_path / "output").open("wb") as output:
        argv = (*COMMAND, "up", "--root", str(tmp_path))
        process = subprocess.Popen(argv, cwd=CHECKOUT, stdout=output, stderr=output)
    try:
        wait_until(lambda: ready_record(tmp_path) or process.poll() is not None)
        assert process.poll() is None, (tmp_path / "output").read_text()
        yield process
    finally:
        process.kill()
        process.wait()
        state.end_stack(tmp_path)


def test_a_killed_launcher_leaves_nothing_and_spares_the_stack_beside_it(
    stack: LocalStack, launcher: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    record = ready_record(tmp_path)
    assert record is not None
    create_topic(stack, "beside")
    topics = AdminClient({"bootstrap.servers": record.endpoints.kafka}).list_topics(timeout=10).topics
    processes = descendants(record)
    segments = list(SHARED_MEMORY.glob(f"{record.stack_id}*"))

    launcher.send_signal(signal.SIGKILL)
    launcher.wait()

    assert "beside" not in topics
    assert not set(astuple(stack.endpoints)) & set(astuple(record.endpoints)) - {""}
    assert len(processes) > len(record.parts), "Triton's stubs are processes of their own"
    assert segments, "Triton's stubs share memory"
    wait_until(lambda: all(is_gone(pid) for pid in processes))
    wait_until(lambda: all(is_free(port) for port in ports(record)))
    wait_until(lambda: not list(SHARED_MEMORY.glob(f"{record.stack_id}*")))
    assert all(part.state == "ready" for part in stack.records)


def test_a_detached_stack_shows_a_dead_part_and_ends_once(tmp_path: Path) -> None:
    argv = (*COMMAND, "up", "--detach", "--kafka=none", "--triton=none", "--root", str(tmp_path))
    subprocess.run(argv, cwd=CHECKOUT, check=True, timeout=120)
    record = ready_record(tmp_path)
    assert record is not None
    healthy = run("status", "--json", root=tmp_path)
    outlives_the_command = state.is_running(record.launcher)

    os.kill(record.parts[0].pid, signal.SIGKILL)
    wait_until(lambda: is_gone(record.parts[0].pid))
    hurt = run("status", root=tmp_path)
    first, second = run("down", root=tmp_path), run("down", root=tmp_path)

    assert outlives_the_command
    assert (healthy[0], json.loads(healthy[1])["parts"][0]["state"]) == (0, "ready")
    assert (hurt[0], "milvus is dead" in hurt[1]) == (1, True)
    assert (first[0], second[0]) == (0, 0)
    assert is_gone(record.launcher.pid)
    assert not accepts(record.endpoints.milvus.removeprefix("http://"))


def test_a_folder_is_used_again_after_its_launcher_and_reaper_were_killed(tmp_path: Path) -> None:
    argv = (*COMMAND, "up", "--kafka=none", "--triton=none", "--root", str(tmp_path))
    launcher = subprocess.Popen(argv, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: ready_record(tmp_path))
    stale = ready_record(tmp_path)
    assert stale is not None
    children = psutil.Process(launcher.pid).children()
    [reaper] = [process for process in children if "deploy.local.reaper" in process.cmdline()]

    reaper.kill()
    launcher.kill()
    launcher.wait()
    wait_until(lambda: is_gone(stale.parts[0].pid))
    left = state.read(tmp_path)
    with LocalStack(StackOptions(root=tmp_path, kafka="none", triton="none")) as again:
        states = [part.state for part in again.records]

    assert left is not None
    assert left.parts[0].state == "ready", "nobody was left to write that it ended"
    assert states == ["ready"]


def test_external_servers_are_checked_and_left_alone(stack: LocalStack, tmp_path: Path) -> None:
    there = stack.endpoints
    options = StackOptions(root=tmp_path, kafka=there.kafka, triton=there.triton_grpc, milvus=there.milvus)

    with LocalStack(options) as borrowed:
        states = {part.state for part in borrowed.records}
        endpoints = borrowed.endpoints
        with pytest.raises(BadOption, match="kafka was not started by this stack"):
            borrowed.kill("kafka")

    assert states == {"external"}
    assert (endpoints.kafka, endpoints.triton_grpc, endpoints.milvus) == (there.kafka, there.triton_grpc, there.milvus)
    assert all(part.state == "ready" for part in stack.records)


def test_an_external_server_that_does_not_answer_is_named(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    options = StackOptions(root=tmp_path, kafka=f"127.0.0.1:{port}", triton="none", milvus="none")

    with pytest.raises(PartFailed, match=f"kafka was not ready after .* nothing listens at 127.0.0.1:{port}"):
        LocalStack(options).up()


def test_a_second_stack_in_the_same_folder_is_refused(stack: LocalStack) -> None:
    with pytest.raises(AlreadyRunning, match="choose another folder with --root"):
        LocalStack(StackOptions(root=stack.root)).up()

    assert all(part.state == "ready" for part in stack.records)


def test_a_part_that_exits_while_starting_is_reported_with_its_last_words(tmp_path: Path) -> None:
    broken = tmp_path / "models" / "broken"
    (broken / "configs").mkdir(parents=True)
    (broken / "1").mkdir()
    for config in (broken / "config.pbtxt", broken / "configs" / "cpu.pbtxt"):
        config.write_text('backend: "no-such-backend"')
    options = StackOptions(root=tmp_path / "state", kafka="none", milvus="none", models=tmp_path / "models")

    with pytest.raises(PartFailed, match=r"(?s)triton ended with status 1 while starting:.*no-such-backend"):
        LocalStack(options).up()

    record = state.read(tmp_path / "state")
    assert record is not None
    assert all(is_gone(part.pid) for part in record.parts)


def test_kafka_keeps_its_topics_when_it_is_killed(stack: LocalStack) -> None:
    address = stack.endpoints.kafka
    create_topic(stack, "kept")
    producer = Producer({"bootstrap.servers": address, "acks": "all"})
    producer.produce("kept", key="pin", value=b"before")
    assert producer.flush(90) == 0

    stack.kill("kafka")
    was_listening = accepts(address)
    stack.start("kafka")

    assert not was_listening
    assert stack.endpoints.kafka == address
    assert [message.value() for message in read_to_end(address, "kept", partitions=1)] == [b"before"]


def test_triton_infers_again_after_it_was_killed(stack: LocalStack) -> None:
    address = stack.endpoints.triton_grpc
    stack.kill("triton")
    segments = [path.name for path in SHARED_MEMORY.glob(f"{stack.stack_id}*")]

    stack.start("triton")

    assert segments == []
    assert stack.endpoints.triton_grpc == address
    check_triton(address, ("detect", "embed"))


def test_lite_keeps_acknowledged_rows_when_it_is_stopped(stack: LocalStack) -> None:
    write_rows(stack.endpoints.milvus, "kept_by_lite")

    stack.stop("milvus")
    stack.start("milvus")

    assert count_rows(stack.endpoints.milvus, "kept_by_lite") == 100


def test_a_part_that_does_not_exist_is_named_with_those_that_do(stack: LocalStack) -> None:
    with pytest.raises(BadOption, match=r"'zookeeper'; this stack has kafka, triton, milvus, pictures"):
        stack.kill("zookeeper")


def create_topic(stack: LocalStack, name: str) -> None:
    admin = AdminClient({"bootstrap.servers": stack.endpoints.kafka})
    admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])[name].result(90)


def write_rows(uri: str, collection: str) -> None:
    client = MilvusClient(uri, timeout=30, dedicated=True)
    schema = client.create_schema(auto_id=False)
    schema.add_field("key", DataType.INT64, is_primary=True)
    schema.add_field("code", DataType.BINARY_VECTOR, dim=64)
    index = client.prepare_index_params()
    index.add_index("code", index_type="BIN_FLAT", metric_type="HAMMING")
    client.create_collection(collection, schema=schema, index_params=index, timeout=30)
    client.upsert(collection, [{"key": key, "code": key.to_bytes(8)} for key in range(100)], timeout=30)
    client.close()


def count_rows(uri: str, collection: str) -> int:
    client = MilvusClient(uri, timeout=30, dedicated=True)
    client.load_collection(collection, timeout=60)
    [row] = client.query(collection, filter="", output_fields=["count(*)"], consistency_level="Strong", timeout=60)
    client.drop_collection(collection, timeout=30)
    client.close()
    return int(row["count(*)"])
