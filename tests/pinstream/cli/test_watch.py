"""Watching from the shell, on librdkafka's mock cluster."""

import json
import signal
import subprocess
import sys

import pytest

from tests.pinstream.cli.commands import outcome, run, write

pytestmark = pytest.mark.usefixtures("elsewhere")


def test_watching_prints_lines_and_percentiles(mock_kafka: str, prefix: str) -> None:
    topic = f"{prefix}pins.indexed"
    dead = outcome("b[red]", offset=1, outcome="dead", reason="host says [404]", visible_at_ms=None)
    write(mock_kafka, topic, outcome("a", visible_at_ms=None), outcome("a"), None, b"no outcome", dead)

    done = run("watch", "--from-start", "--limit", "2", "--kafka", mock_kafka, "--topic-prefix", prefix)

    assert done.exit_code == 0, done.output
    _, first, second, *table = done.stdout.splitlines()
    assert "indexed" in first
    assert "found after 65 ms" in first
    assert "queue 3.0 · embed 20.5" in first
    assert "b[red]" in second
    assert "host says [404]" in second
    assert any("freshness" in row and "65.0" in row for row in table)
    assert any("2 pins, 1 dead, 1 unreadable" in row for row in table)


def test_watching_as_json_is_one_object_per_line(mock_kafka: str, prefix: str) -> None:
    write(mock_kafka, f"{prefix}pins.indexed", *(outcome(f"p{number}") for number in range(3)))

    done = run("watch", "--from-start", "--json", "--limit", "2", "--kafka", mock_kafka, "--topic-prefix", prefix)

    assert done.exit_code == 0, done.output
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["pin_id"], second["pin_id"]) == ("p0", "p1")
    assert first["freshness_ms"] == 65


def test_watching_without_outcomes_says_what_it_waits_for(mock_kafka: str, prefix: str) -> None:
    write(mock_kafka, f"{prefix}pins.indexed", outcome("old"))
    command = [sys.executable, "-m", "pinstream", "watch", "--kafka", mock_kafka, "--topic-prefix", prefix]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        first_line = running.stdout.readline()
        running.send_signal(signal.SIGINT)

        assert running.wait(60) == 0
    assert "no outcome yet" in first_line


def test_a_missing_topic_is_reported_at_once(mock_kafka: str) -> None:
    done = run("watch", "--kafka", mock_kafka, "--topic-prefix", "never-made.")

    assert done.exit_code == 1
    assert "no topic never-made.pins.indexed" in done.stderr
