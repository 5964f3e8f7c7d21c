"""``pinstream related``, ``similar`` and ``where``, on the real Milvus Lite."""

import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from pinstream.cli import app
from pinstream.cli.durations import format_age
from pinstream.store.codes import CODE_BITS, CODE_BYTES, Code
from pinstream.store.collection import Row, tombstone
from pinstream.store.collection_schema import Shape
from pinstream.store.milvus import MilvusStore

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack

VERSION = 7_000
FOR_SALE = {"price": 19.0, "currency": "EUR", "link": "https://shop.example/hat"}
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def milvus(lite_milvus: "LocalStack") -> Iterator[str]:
    """Lite with a few pins: ``q`` and what is near to it, and one that was deleted."""
    uri = lite_milvus.endpoints.milvus
    now_ms = time.time_ns() // 1_000_000
    with closing(MilvusStore(uri, embedding_version=VERSION, timeout_s=20)) as store:
        store.create(Shape())
        store.upsert(
            [
                row("q", 0, object_count=1, label="Hat", published_at_ms=now_ms),
                row("q", 0, slot=1, label="Hat", published_at_ms=now_ms),
                row("near", 4, title="[red] hat", published_at_ms=now_ms - 90_000),
                row("near", 5, slot=1, label="Hat", published_at_ms=now_ms - 90_000, **FOR_SALE),
                row("far", 100, domain="catalog", published_at_ms=now_ms - 7_200_000),
                row("far", 3, slot=2, label="Dress", published_at_ms=now_ms - 7_200_000),
                tombstone("gone", 0, 5, at_ms=now_ms),
            ]
        )
        yield uri


def row(pin_id: str, distance: int, **changes: Any) -> Row:
    fields: dict[str, Any] = {"slot": 0, "alive": True, "version": 3, "code": code(distance)} | changes
    return Row(pin_id=pin_id, **fields)


def code(distance: int) -> Code:
    return ((1 << CODE_BITS) - (1 << (CODE_BITS - distance))).to_bytes(CODE_BYTES, "big")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command, where no stack's file lies above and no address is in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PINSTREAM_MILVUS", raising=False)
    monkeypatch.delenv("PINSTREAM_KAFKA", raising=False)
    monkeypatch.setenv("COLUMNS", "160")

    def invoke(*arguments: str, version: int = VERSION) -> Result:
        return CliRunner().invoke(app, [*arguments, "--embedding-version", str(version)])

    return invoke


@pytest.mark.stack
def test_related_pins_are_a_table(run: Run, milvus: str) -> None:
    result = run("related", "q", "--milvus", milvus)

    assert result.exit_code == 0
    lines = result.stdout.splitlines()[2:]
    assert [line.split()[0] for line in lines[:2]] == ["near", "far"]
    assert "[red] hat" in lines[0]
    assert "1.5 min" in lines[0]
    assert "2 pictures; that is all there is" in result.stdout


@pytest.mark.stack
def test_related_pins_as_json_are_one_object(run: Run, milvus: str) -> None:
    result = run("related", "q", "--milvus", milvus, "--json", "--domain", "catalog", "--limit", "1")

    answer = json.loads(result.stdout)
    assert [(hit["pin_id"], hit["distance"]) for hit in answer["hits"]] == [("far", 100)]
    assert answer["exhausted"] is True


@pytest.mark.stack
@pytest.mark.parametrize(
    ("options", "found"), [((), ["near"]), (("--any-label",), ["far", "near"]), (("--label", "Dress"), ["far"])]
)
def test_similar_objects_share_the_label_unless_options_say_otherwise(
    run: Run, milvus: str, options: tuple[str, ...], found: list[str]
) -> None:
    result = run("similar", "q", "1", "--milvus", milvus, "--json", *options)

    assert [hit["pin_id"] for hit in json.loads(result.stdout)["hits"]] == found


@pytest.mark.stack
@pytest.mark.parametrize("name", ["Hut", "hat"])
@pytest.mark.parametrize("command", ["related", "similar"])
def test_an_unknown_label_is_wrong_usage_and_names_the_near_ones(
    run: Run, milvus: str, command: str, name: str
) -> None:
    result = run(command, "q", "--label", name, "--milvus", milvus)

    said = " ".join(result.stderr.replace("│", " ").split())
    assert result.exit_code == 2
    assert f"--label {name!r}: no picture" in said
    assert "near to it: Hat" in said


@pytest.mark.stack
def test_pages_go_on_where_the_last_one_ended(run: Run, milvus: str) -> None:
    first = run("related", "q", "--milvus", milvus, "--limit", "1")
    (cursor,) = re.findall(r"more: --cursor (\S+)", first.stdout)
    second = json.loads(run("related", "q", "--milvus", milvus, "--limit", "1", "--cursor", cursor, "--json").stdout)

    assert "near" in first.stdout
    assert [hit["pin_id"] for hit in second["hits"]] == ["far"]
    assert (second["exhausted"], second["cursor"]) == (True, None)
    assert run("related", "far", "--milvus", milvus, "--cursor", cursor).exit_code == 2


@pytest.mark.stack
def test_a_half_life_boosts_newer_pins(run: Run, milvus: str) -> None:
    result = run("similar", "q", "1", "--any-label", "--half-life", "600", "--milvus", milvus, "--json")

    hits = json.loads(result.stdout)["hits"]
    assert [hit["pin_id"] for hit in hits] == ["near", "far"]  # far is nearer by two bits, and hours older
    assert hits[0]["relevance"] > hits[0]["similarity"]


@pytest.mark.stack
def test_prices_and_links_are_shown_where_there_are_any(run: Run, milvus: str) -> None:
    without, having = run("related", "q", "--milvus", milvus), run("similar", "q", "--milvus", milvus)

    assert "price" not in without.stdout
    assert "19.00 EUR" in having.stdout
    assert "near-duplicate" in without.stdout
    assert "same product" in having.stdout
    assert "https://shop.example/hat" in having.stdout


@pytest.mark.stack
def test_an_empty_result_is_no_failure(run: Run, milvus: str) -> None:
    result = run("related", "q", "--milvus", milvus, "--domain", "camera")

    assert result.exit_code == 0
    assert "nothing like q" in result.stdout


@pytest.mark.stack
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("related", "nobody"), "pin 'nobody' is not in the index"),
        (("related", "gone"), "pin 'gone' was deleted (version 5)"),
        (("similar", "q", "9"), "pin 'q' has no object 9: there are 1"),
    ],
)
def test_pins_that_are_not_there_are_exit_status_1(
    run: Run, milvus: str, arguments: tuple[str, ...], message: str
) -> None:
    result = run(*arguments, "--milvus", milvus)

    assert result.exit_code == 1
    assert message in result.stderr


@pytest.mark.stack
def test_an_empty_index_and_a_missing_one_are_errors(run: Run, milvus: str) -> None:
    missing = run("related", "q", "--milvus", milvus, version=VERSION + 1)
    with closing(MilvusStore(milvus, embedding_version=VERSION + 2, timeout_s=20)) as store:
        store.create(Shape())
    empty = run("related", "q", "--milvus", milvus, version=VERSION + 2)

    assert (missing.exit_code, empty.exit_code) == (1, 1)
    assert "`python -m index init` creates it" in missing.stderr
    assert "the index holds no pins at all" in empty.stderr


@pytest.mark.stack
@pytest.mark.parametrize(
    "arguments",
    [("related", "q", "--limit", "0"), ("related", "a b"), ("similar", "q", "0"), ("similar", "q", "1", "--any-label")],
)
def test_wrong_usage_is_exit_status_2(run: Run, milvus: str, arguments: tuple[str, ...]) -> None:
    extra = ("--label", "Hat") if "--any-label" in arguments else ()

    assert run(*arguments, *extra, "--milvus", milvus).exit_code == 2


def test_milvus_that_does_not_answer_is_one_sentence(run: Run) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

    result = run("related", "q", "--milvus", f"http://127.0.0.1:{port}")

    assert result.exit_code == 1
    assert f"127.0.0.1:{port}" in result.stderr
    assert "Traceback" not in result.output


def test_no_address_is_wrong_usage(run: Run) -> None:
    assert run("related", "q").exit_code == 2


@pytest.mark.stack
def test_the_stack_that_runs_here_is_asked_by_default(run: Run, milvus: str) -> None:
    Path(".local").mkdir()
    Path(".local/stack.json").write_text(json.dumps({"endpoints": {"milvus": milvus, "kafka": ""}}))

    assert run("related", "q").exit_code == 0


@pytest.mark.stack
def test_where_distinguishes_living_deleted_and_unknown_pins(run: Run, milvus: str) -> None:
    living, deleted, unknown = (run("where", pin, "--milvus", milvus) for pin in ("q", "gone", "nobody"))

    assert [one.exit_code for one in (living, deleted, unknown)] == [0, 1, 1]
    assert "a search finds it now" in living.stdout
    assert "deleted, up to version 5" in deleted.stdout
    assert "never published, not indexed yet, or dead" in unknown.stdout


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.063, "63 ms"), (41, "41.0 s"), (90, "1.5 min"), (7_200, "2.0 h"), (200_000, "2.3 days")]
)
def test_ages_are_in_the_largest_fitting_unit(seconds: float, text: str) -> None:
    assert format_age(seconds) == text
