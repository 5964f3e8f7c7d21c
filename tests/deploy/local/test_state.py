import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local import state
from deploy.local.parts.part import Endpoints
from deploy.local.process import STACK_VARIABLE
from deploy.local.state import PartRecord, StackRecord

STACK_ID = "pinstream-0123456789ab"
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def run(*argv: str, stack_id: str = STACK_ID) -> "subprocess.Popen[bytes]":
        env = {**os.environ, STACK_VARIABLE: stack_id}
        started.append(subprocess.Popen(argv, env=env, start_new_session=True, stdout=subprocess.PIPE))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def part_of(process: "subprocess.Popen[bytes]", *argv: str) -> PartRecord:
    created_at_s = psutil.Process(process.pid).create_time()
    return PartRecord("kafka", "ready", pid=process.pid, created_at_s=created_at_s, argv=argv)


def record_of(*parts: PartRecord) -> StackRecord:
    return StackRecord(STACK_ID, state.this_process(), Endpoints(kafka="127.0.0.1:1"), parts)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    record = record_of(PartRecord("kafka", "starting", doing="formatting", done_share=0.5, argv=("a", "b")))

    state.write(tmp_path, record)

    assert state.read(tmp_path) == record
    assert [path.name for path in tmp_path.iterdir()] == [state.FILE]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"stack_id": "x"}', '{"stack_id":1,"launcher":{},"parts":[]}'])
def test_a_record_that_cannot_be_read_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / state.FILE).write_text(content)

    assert state.read(tmp_path) is None


def test_no_record_is_none(tmp_path: Path) -> None:
    assert state.read(tmp_path) is None


def test_a_part_that_ended_is_dead_and_one_that_runs_is_not(start: Start) -> None:
    process = start("sleep", "60")
    part = part_of(process, "sleep", "60")

    before = state.with_current_state(part)
    process.kill()
    process.wait()

    assert before.state == "ready"
    assert state.with_current_state(part).state == "dead"


def test_finishing_ends_a_part_and_its_orphans(start: Start) -> None:
    process = start("sh", "-c", "sleep 60 & echo $!; wait")
    assert process.stdout is not None
    orphan = psutil.Process(int(process.stdout.readline()))
    part = part_of(process, "sh", "-c", "sleep 60 & echo $!; wait")
    process.kill()
    process.wait()

    ran = state.end_processes(record_of(part), grace_s=1.0)

    assert ran == []
    assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE


def test_finishing_spares_a_stranger_that_has_the_number(start: Start) -> None:
    stranger = start("sleep", "60", stack_id="another")
    part = part_of(stranger, "sleep", "60")

    state.end_processes(record_of(part), grace_s=0.1)

    assert stranger.poll() is None


def test_a_process_with_another_command_line_or_start_is_not_ours(start: Start) -> None:
    process = start("sleep", "60")
    ours = part_of(process, "sleep", "60")
    other_command = part_of(process, "java", "kafka.Kafka")
    earlier = PartRecord("kafka", "ready", pid=process.pid, created_at_s=time.time() - 1000, argv=("sleep", "60"))

    assert state.is_running(ours)
    assert not state.is_running(other_command)
    assert not state.is_running(earlier)


def test_a_process_is_recognised_during_execve(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    process = start("sleep", "60")
    shown = iter([[], [], ["sleep", "60"], [], ["sleep", "60"]])
    monkeypatch.setattr(psutil.Process, "cmdline", lambda _: next(shown))

    assert state.is_running(part_of(process, "sleep", "60"))
    assert not state.is_running(part_of(process, "java", "kafka.Kafka"))


def test_shared_memory_of_the_stack_is_removed_and_no_other() -> None:
    ours = state.SHARED_MEMORY / f"{STACK_ID}-test-{os.getpid()}"
    theirs = state.SHARED_MEMORY / f"pinstream-test-{os.getpid()}"
    ours.touch()
    theirs.touch()
    try:
        state.remove_shared_memory(STACK_ID)

        assert not ours.exists()
        assert theirs.exists()
    finally:
        theirs.unlink()


def test_ending_a_folder_without_a_stack_ends_nothing(tmp_path: Path) -> None:
    assert state.end_stack(tmp_path) == []
