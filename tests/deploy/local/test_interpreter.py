"""Which Python the project is installed on, and what is said where none will do."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from deploy.local import interpreter

ROOT = Path(__file__).resolve().parents[3]


def _fake_python(path: Path, version: str) -> Path:
    """A program that answers the question as a Python of that version would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)
    return path


def test_a_supported_python_is_taken_as_it_is_and_nothing_is_said(tmp_path: Path) -> None:
    mine = _fake_python(tmp_path / "python3", "3.11")

    assert interpreter.choose((3, 11), str(mine), {"PATH": ""}) == (str(mine), None)


@pytest.mark.parametrize("running", [(3, 10), (3, 13), (3, 14)])
def test_another_python_gives_way_to_the_newest_supported_one(running: tuple[int, int], tmp_path: Path) -> None:
    _fake_python(tmp_path / "bin/python3.11", "3.11")
    expected = _fake_python(tmp_path / "bin/python3.12", "3.12")

    choice, notice = interpreter.choose(running, "/usr/bin/python3", {"PATH": str(tmp_path / "bin")})

    assert choice == str(expected)
    assert notice is not None and str(expected) in notice and "{}.{}".format(*running) in notice


@pytest.mark.parametrize(
    ("variable", "place"),
    [
        ("PYENV_ROOT", "versions/3.12.1/bin/python3"),
        ("UV_PYTHON_INSTALL_DIR", "cpython-3.12.16-linux-x86_64-gnu/bin/python3"),
    ],
)
def test_a_python_of_pyenv_or_uv_is_found(variable: str, place: str, tmp_path: Path) -> None:
    expected = _fake_python(tmp_path / place, "3.12")

    assert interpreter.find_supported({"PATH": "", variable: str(tmp_path)}) == str(expected)


def test_a_program_that_only_has_the_name_is_passed_over(tmp_path: Path) -> None:
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\necho 'python3.12: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    _fake_python(tmp_path / "python3.11", "3.13")

    assert interpreter.find_supported({"PATH": str(tmp_path)}) is None


def test_where_there_is_none_uv_fetches_one_and_the_line_says_how_to_name_another() -> None:
    choice, notice = interpreter.choose((3, 13), "/usr/bin/python3", {"PATH": ""})

    assert choice == "3.12"
    assert notice is not None and "3.13" in notice and "make PYTHON=" in notice


@pytest.mark.parametrize(
    ("system", "machine", "libc", "named"),
    [
        ("Darwin", "arm64", ("", ""), "Darwin on arm64"),
        ("Linux", "aarch64", ("glibc", "2.39"), "aarch64"),
        ("Linux", "x86_64", ("", ""), "another C library"),
        ("Linux", "x86_64", ("glibc", "2.31"), "2.31"),
    ],
)
def test_a_machine_that_cannot_run_the_stack_learns_why_and_what_to_do(
    system: str, machine: str, libc: tuple[str, str], named: str
) -> None:
    problem = interpreter.unsuitable_machine(system, machine, libc)

    assert problem is not None and named in problem and "pip install ." in problem


def test_a_machine_of_the_documented_kind_is_suitable() -> None:
    assert interpreter.unsuitable_machine("Linux", "x86_64", ("glibc", "2.35")) is None


def test_the_file_runs_alone_and_prints_a_python_that_has_all_wheels() -> None:
    program = [sys.executable, "-I", "deploy/local/interpreter.py"]

    answer = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True, env={**os.environ})

    assert answer.stdout.strip() == os.path.realpath(sys.executable)


def test_make_installs_with_source_builds_forbidden() -> None:
    answer = subprocess.run(
        ["make", "--no-print-directory", "-f", "-", "show"],
        input="include Makefile\nshow:\n\t@echo $$UV_NO_BUILD\n",
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert answer.stdout.strip() == "1"


def test_the_lock_covers_the_supported_pythons_and_no_other() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (environment,) = project["tool"]["uv"]["environments"]
    newest, oldest = max(interpreter.SUPPORTED), min(interpreter.SUPPORTED)

    assert environment == f"sys_platform == 'linux' and python_full_version < '{newest[0]}.{newest[1] + 1}'"
    assert project["project"]["requires-python"] == f">={oldest[0]}.{oldest[1]}"
