from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.local import state
from deploy.local.cli import app
from deploy.local.parts.part import Endpoints
from deploy.local.state import PartRecord, StackRecord


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, " ".join(result.output.split())


def test_a_bad_option_is_named_and_exits_2(tmp_path: Path) -> None:
    status, output = run("up", "--milvus", "embedded", "--root", str(tmp_path))

    assert status == 2
    assert "--milvus 'embedded': expected lite, server, none or http://HOST:PORT" in output


def test_up_without_any_part_is_refused(tmp_path: Path) -> None:
    nothing = [f"--{part}=none" for part in ("milvus", "kafka", "triton", "api")]
    status, output = run("up", *nothing, "--root", str(tmp_path))

    assert (status, "nothing to start" in output) == (2, True)


def test_status_of_a_folder_without_a_stack_is_1(tmp_path: Path) -> None:
    status, output = run("status", "--root", str(tmp_path))

    assert (status, output) == (1, f"no stack was ever started from {tmp_path}")


def test_status_shows_a_dead_part_and_where_its_log_is(tmp_path: Path) -> None:
    gone = PartRecord("kafka", "ready", pid=2**22 + 1, created_at_s=1.0, argv=("java",))
    endpoints = Endpoints(kafka="127.0.0.1:1234")
    state.write(tmp_path, StackRecord("pinstream-x", state.this_process(), endpoints, (gone,)))

    status, output = run("status", "--root", str(tmp_path))

    assert status == 1
    assert "kafka dead 127.0.0.1:1234" in output
    assert "python -m deploy.local logs kafka" in output


def test_down_is_idempotent(tmp_path: Path) -> None:
    first, second = run("down", "--root", str(tmp_path)), run("down", "--root", str(tmp_path))

    assert first == second == (0, f"nothing ran from {tmp_path}")


def test_logs_are_printed_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "kafka.log").write_text("one\n[bold]two[/]\n")

    assert run("logs", "kafka", "-n", "1", "--root", str(tmp_path)) == (0, "[bold]two[/]")


def test_a_log_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "kafka.log").touch()

    status, output = run("logs", "zookeeper", "--root", str(tmp_path))

    assert status == 2
    assert output.endswith("there are: kafka")


@pytest.mark.parametrize("arguments", [("pictures", "absent"), ("pictures", ".", "--port", "0")])
def test_pictures_refuses_what_it_cannot_serve(arguments: tuple[str, ...]) -> None:
    status, _output = run(*arguments)

    assert status == 2
