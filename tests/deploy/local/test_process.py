import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local.errors import PartFailed
from deploy.local.process import STACK_VARIABLE, Child, Launch, Spawner, run_to_end

CHECKOUT = Path(__file__).parents[3]
PARENT_WITH_CHILD = "sleep 60 & echo $!; wait"


@pytest.fixture
def spawner() -> Iterator[Spawner]:
    made = Spawner("pinstream-test")
    yield made
    made.close()


@pytest.fixture
def spawn(spawner: Spawner, tmp_path: Path) -> Iterator[Callable[..., Child]]:
    children: list[Child] = []

    def start(*argv: str, env: dict[str, str] | None = None) -> Child:
        children.append(spawner.spawn(Launch(argv, env or {}, tmp_path), tmp_path / "part.log"))
        return children[-1]

    yield start
    for child in children:
        child.kill()


def wait_until(met: Callable[[], object], *, timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not met():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_output_and_status_of_a_child_are_kept(spawn: Callable[..., Child]) -> None:
    child = spawn("sh", "-c", "echo last line; exit 3")

    wait_until(lambda: child.exit_code() is not None)

    assert child.exit_code() == 3
    assert child.log_tail() == "last line"


def test_settings_reach_the_program_and_not_the_leash(spawn: Callable[..., Child], tmp_path: Path) -> None:
    child = spawn("sh", "-c", f"echo $LD_LIBRARY_PATH $A ${STACK_VARIABLE}", env={"LD_LIBRARY_PATH": "/x", "A": "b=c"})

    wait_until(lambda: child.exit_code() is not None)

    assert child.log_tail() == "/x b=c pinstream-test"


def test_killing_a_child_ends_what_it_started(spawn: Callable[..., Child]) -> None:
    child = spawn("sh", "-c", PARENT_WITH_CHILD)
    wait_until(child.log_tail)
    grandchild = int(child.log_tail())

    child.kill()

    assert child.exit_code() == -9
    wait_until(lambda: is_gone(grandchild))


def test_a_child_that_ignores_sigterm_is_ended_after_its_grace(spawn: Callable[..., Child]) -> None:
    child = spawn("sh", "-c", "trap '' TERM; echo ready; while true; do sleep 0.05; done")
    wait_until(child.log_tail)

    child.stop(grace_s=0.1)

    assert child.exit_code() == -9


def test_a_child_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    starter = (
        "import sys, pathlib; from deploy.local.process import Launch, Spawner; "
        "here = pathlib.Path(sys.argv[1]); "
        "print(Spawner('x').spawn(Launch(('sleep', '60'), {}, here), here / 'log').pid, flush=True); "
        "sys.stdin.read()"
    )
    launcher = subprocess.Popen(
        (sys.executable, "-c", starter, str(tmp_path)), cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert launcher.stdout is not None
    child = int(launcher.stdout.readline())

    launcher.kill()
    launcher.communicate()

    wait_until(lambda: is_gone(child))


def test_a_tool_that_fails_is_quoted() -> None:
    with pytest.raises(PartFailed, match=r"(?s)formatting failed with status 1.*no such folder"):
        run_to_end(("sh", "-c", "echo no such folder >&2; exit 1"), what="formatting")


def test_a_child_leads_a_group_of_its_own(spawn: Callable[..., Child]) -> None:
    child = spawn("sleep", "60")

    wait_until(lambda: psutil.Process(child.pid).cmdline() == ["sleep", "60"])

    assert os.getpgid(child.pid) == child.pid
    assert child.exit_code() is None
