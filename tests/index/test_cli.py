"""``python -m index init``."""

import socket
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from index.__main__ import app
from index.bootstrap import WANTED
from pinstream.store.milvus import MilvusStore

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack

FRESH, OTHER = 8_100, 8_101


def init(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["init", *map(str, arguments)])


@pytest.mark.stack
def test_the_collection_is_created_once(lite_milvus: "LocalStack") -> None:
    where = ("--milvus", lite_milvus.endpoints.milvus, "--embedding-version", FRESH)

    planned, created, repeated = init(*where, "--dry-run"), init(*where), init(*where)

    assert [one.exit_code for one in (planned, created, repeated)] == [0, 0, 0]
    assert "pins_v8100 is missing and would be created" in planned.stdout
    assert "pins_v8100 created" in created.stdout
    assert "pins_v8100 exists" in repeated.stdout
    assert "this server has no aliases" in repeated.stdout
    assert ["creating collection" in one.stderr for one in (planned, created, repeated)] == [False, True, False]
    assert "looking for collection pins_v8100 at " in repeated.stderr


@pytest.mark.stack
def test_differences_are_named_and_exit_status_1(lite_milvus: "LocalStack") -> None:
    uri = lite_milvus.endpoints.milvus
    with closing(MilvusStore(uri, embedding_version=OTHER, timeout_s=20)) as store:
        store.create(replace(WANTED, columns=WANTED.columns[:-1]))

    result = init("--milvus", uri, "--embedding-version", OTHER)

    assert result.exit_code == 1
    assert "pins_v8101 exists and does not fit" in result.stdout
    assert "field shown is missing" in result.stderr


def test_a_server_that_does_not_answer_is_a_sentence_and_exit_status_1() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

    result = init("--milvus", f"http://127.0.0.1:{port}")

    assert result.exit_code == 1
    assert f"looking for collection pins_v1 at http://127.0.0.1:{port}" in result.stderr
    assert f"Milvus (pins_v1 at http://127.0.0.1:{port})" in result.stderr


def test_no_address_is_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PINSTREAM_MILVUS", raising=False)

    assert init().exit_code == 2


def test_an_audit_of_no_pins_is_wrong_usage() -> None:
    refused = CliRunner().invoke(
        app, ["audit", "--sample", "0", "--milvus", "http://127.0.0.1:1", "--kafka", "127.0.0.1:1"]
    )

    assert refused.exit_code == 2
    assert "--sample 0" in refused.output
