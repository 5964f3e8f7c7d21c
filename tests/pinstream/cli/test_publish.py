"""Publishing and deleting from the shell, on librdkafka's mock cluster."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pinstream.events import PinDeletion, PinEvent
from tests.pinstream.cli.commands import get, outcome, pictures, published, run, worker, write

GOOD = '{"pin_id": "a", "image": {"url": "http://x/a.jpg"}, "domain": "web", "version": 3}'


pytestmark = pytest.mark.usefixtures("elsewhere")


def test_lines_from_standard_input_are_published(mock_kafka: str, prefix: str) -> None:
    done = run("publish", "-", "--kafka", mock_kafka, "--topic-prefix", prefix, stdin=f"{GOOD}\n\n{GOOD}\n")

    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("2 delivered")
    events = published(mock_kafka, f"{prefix}pins.events", 2)
    assert [(event.pin_id, event.version) for event in events] == [("a", 3), ("a", 3)]


def test_the_first_pins_are_named_and_the_rest_counted(mock_kafka: str, prefix: str) -> None:
    lines = "".join(f'{{"pin_id": "p{number:02}", "image": {{"url": "http://x"}}}}\n' for number in range(25))

    options = ["--domain", "web", "--topic-prefix", prefix]
    done = run("publish", "-", "--kafka", mock_kafka, *options, stdin=lines)

    named = done.stdout.splitlines()[1].removeprefix("pins: ").removesuffix(" and 5 more events").split()
    assert len(named) == 20
    assert set(named) <= {f"p{number:02}" for number in range(25)}


def test_bad_lines_are_named_and_the_rest_is_published(mock_kafka: str, prefix: str, tmp_path: Path) -> None:
    file = tmp_path / "pins.jsonl"
    file.write_text(f'{GOOD}\n{{"pin_id": "b", "image": {{}}, "domain": "web"}}\noops\n{GOOD}\n')

    done = run("publish", "--jsonl", str(file), "--kafka", mock_kafka, "--topic-prefix", prefix)

    assert done.exit_code == 1
    assert "2 delivered, 2 refused" in done.stdout
    assert "line 2: $.image:" in done.stderr
    assert "line 3: $: not JSON" in done.stderr


def test_options_reach_the_events(mock_kafka: str, prefix: str) -> None:
    lines = "".join(f'{{"pin_id": "p{number}", "image": {{"url": "http://x"}}}}\n' for number in range(5))

    options = ["--domain", "catalog", "--backfill", "--count", "2", "--rate", "1000", "--topic-prefix", prefix]
    done = run("publish", "-", "--kafka", mock_kafka, *options, stdin=lines)

    assert done.exit_code == 0, done.output
    events = published(mock_kafka, f"{prefix}pins.events.backfill", 2)
    assert {(event.pin_id, getattr(event, "domain", "")) for event in events} == {("p0", "catalog"), ("p1", "catalog")}


def test_small_pictures_travel_inside_and_nothing_is_waited_for(mock_kafka: str, prefix: str, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "pins", one=10, two=20)

    done = run("publish", "--images", str(folder), "--kafka", mock_kafka, "--topic-prefix", prefix)

    assert done.exit_code == 0, done.output
    events = published(mock_kafka, f"{prefix}pins.events", 2)
    inside = {event.pin_id: event.image.inline_bytes() for event in events if isinstance(event, PinEvent)}
    assert inside == {"one": b"one" * 10, "two": b"two" * 20}


def test_larger_pictures_are_served_until_outcomes_are_known(mock_kafka: str, prefix: str, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "pins", small=1, large=30_000)

    with worker(mock_kafka, prefix) as fetched:
        done = run("publish", "--images", str(folder), "--kafka", mock_kafka, "--topic-prefix", prefix)

    assert done.exit_code == 0, done.output
    assert "serving 1 picture " in done.stderr
    assert done.stdout.splitlines()[1:] == ["pins: large small", "2 indexed"]
    said = done.stderr.index("they stay reachable until every outcome is known")
    assert said < done.stderr.index("serving 1 picture")
    assert "--no-wait" in done.stderr
    assert fetched == {"small": b"small", "large": b"large" * 30_000}


def test_dead_pins_are_named_with_their_reason(mock_kafka: str, prefix: str, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "pins", broken=1)

    with worker(mock_kafka, prefix, outcome="dead", reason="no picture [in it]"):
        done = run("publish", "--images", str(folder), "--wait", "--kafka", mock_kafka, "--topic-prefix", prefix)

    assert done.exit_code == 1
    assert "1 dead" in done.stdout
    assert "dead: broken: no picture [in it]" in done.stderr


def test_waiting_ends_without_a_worker_where_asked_to(mock_kafka: str, prefix: str) -> None:
    write(mock_kafka, f"{prefix}pins.indexed", outcome("a", version=99))
    write(mock_kafka, f"{prefix}pins.events", b"not an event")

    options = ["--wait", "--wait-at-most", "0.2", "--topic-prefix", prefix]
    done = run("publish", "-", "--kafka", mock_kafka, *options, stdin=GOOD)

    assert done.exit_code == 1
    assert "1 without an outcome so far" in done.stdout


def test_without_serving_all_pictures_travel_inside(mock_kafka: str, prefix: str, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "pins", large=30_000)

    done = run("publish", "--images", str(folder), "--no-serve", "--kafka", mock_kafka, "--topic-prefix", prefix)

    assert done.exit_code == 0, done.output
    (event,) = published(mock_kafka, f"{prefix}pins.events", 1)
    assert isinstance(event, PinEvent)
    assert event.image.inline_bytes() == b"large" * 30_000


def test_a_folder_served_elsewhere_is_only_named(mock_kafka: str, prefix: str, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "pins", one=1)

    options = ["--base-url", "https://cdn.example.org/p", "--topic-prefix", prefix]
    done = run("publish", "--images", str(folder), "--kafka", mock_kafka, *options)

    assert done.exit_code == 0, done.output
    (event,) = published(mock_kafka, f"{prefix}pins.events", 1)
    assert isinstance(event, PinEvent)
    assert event.image.url == "https://cdn.example.org/p/one.jpg"


def test_serving_on_ends_with_ctrl_c(mock_kafka: str, prefix: str, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "pins", large=30_000)
    command = [sys.executable, "-m", "pinstream", "publish", "--kafka", mock_kafka, "--topic-prefix", prefix]
    command += ["--images", str(folder), "--no-wait"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        first = next(line for line in running.stderr if "reachable" in line)
        line = next(line for line in running.stderr if line.startswith("serving"))
        (event,) = published(mock_kafka, f"{prefix}pins.events", 1)
        assert isinstance(event, PinEvent)

        assert get(event.image.url or "") == b"large" * 30_000
        running.send_signal(signal.SIGINT)

        assert running.wait(60) == 0
    assert "they stay reachable until Ctrl-C" in first
    assert "Ctrl-C to stop" in line


@pytest.mark.parametrize(
    "arguments",
    [
        ["publish"],
        ["publish", "--jsonl", "missing.jsonl"],
        ["publish", "--images", "missing"],
        ["publish", "--images", "."],
        ["publish", "+"],
        ["publish", "-", "--rate", "0"],
        ["publish", "-", "--domain", "pinboard"],
        ["publish", "-", "-X", "nonsense"],
        ["publish", "-", "-X", "no.such.key=1"],
        ["delete"],
        ["delete", "a b"],
        ["delete", "a", "--version", "0"],
        ["watch", "--limit", "0"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_status_2(mock_kafka: str, arguments: list[str]) -> None:
    assert run(*arguments, "--kafka", mock_kafka).exit_code == 2


def test_without_any_address_the_ways_to_give_one_are_named() -> None:
    done = run("delete", "a")

    assert done.exit_code == 2
    assert "PINSTREAM_KAFKA" in done.stderr


@pytest.mark.parametrize("variable", ["PINSTREAM_KAFKA", "PINSTREAM_KAFKA__SERVERS"])
def test_the_environment_and_the_local_stack_name_kafka_too(
    mock_kafka: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    (tmp_path / ".local").mkdir()
    stack = tmp_path / ".local" / "stack.json"
    stack.write_text(json.dumps({"endpoints": {"kafka": mock_kafka}}))
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")

    by_stack = run("delete", "a", "--topic-prefix", prefix)
    stack.write_text(json.dumps({"endpoints": {"kafka": "127.0.0.1:1"}}))
    monkeypatch.setenv(variable, mock_kafka)
    by_environment = run("delete", "a", "--topic-prefix", prefix)

    assert by_stack.exit_code == 0, by_stack.output
    assert by_environment.exit_code == 0, by_environment.output


def test_a_kafka_that_does_not_answer_is_reported_at_once() -> None:
    done = run("delete", "a", "--kafka", "127.0.0.1:1")

    assert done.exit_code == 1
    assert "no Kafka at 127.0.0.1:1" in done.stderr


def test_the_local_stack_that_is_down_is_suspected(tmp_path: Path) -> None:
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "stack.json").write_text('{"endpoints": {"kafka": "127.0.0.1:1"}}')

    done = run("delete", "a")

    assert done.exit_code == 1
    assert "is the stack up?" in done.stderr


def test_deleting_publishes_tombstones(mock_kafka: str, prefix: str) -> None:
    done = run("delete", "a", "b", "--version", "7", "--kafka", mock_kafka, "--topic-prefix", prefix)

    assert done.exit_code == 0, done.output
    assert "2 of 2 deletions delivered" in done.stdout
    deleted = published(mock_kafka, f"{prefix}pins.events", 2)
    assert sorted(deleted, key=lambda each: each.pin_id) == [PinDeletion("a", 7), PinDeletion("b", 7)]


def test_help_of_every_command_says_what_the_exit_status_means() -> None:
    for command in ("publish", "delete"):
        assert "Exit status 0" in " ".join(run(command, "--help").stdout.split())
