from pathlib import Path

import pytest

from deploy.local.errors import BadOption
from deploy.local.parts.kafka import MAX_MESSAGE_BYTES
from deploy.local.selection import StackOptions, choose_parts
from pinstream.events import MAX_EVENT_BYTES
from schemas.topics import DEAD_LETTER_ROOM_BYTES


def choose(
    tmp_path: Path, *, kafka: str = "local", triton: str = "local", milvus: str = "lite", api: str = "none"
) -> dict[str, dict[str, str]]:
    options = StackOptions(root=tmp_path, kafka=kafka, triton=triton, milvus=milvus, api=api)
    parts = choose_parts(options, stack_id="x")
    return {part.name: dict(part.addresses) for part in parts}


def test_by_default_everything_is_local(tmp_path: Path) -> None:
    chosen = choose(tmp_path)

    assert set(chosen) == {"kafka", "triton", "milvus"}
    ports = [address.rstrip("/metrics").rpartition(":")[2] for part in chosen.values() for address in part.values()]
    assert len(ports) == len(set(ports)) == 5


def test_two_stacks_share_no_port(tmp_path: Path) -> None:
    first, second = choose(tmp_path / "1"), choose(tmp_path / "2", milvus="server")

    assert not {a for part in first.values() for a in part.values()} & {
        a for part in second.values() for a in part.values()
    }


def test_an_external_server_is_taken_by_its_address(tmp_path: Path) -> None:
    chosen = choose(tmp_path, kafka="broker:9092", triton="none", milvus="http://vectors:19530")

    assert chosen == {"kafka": {"kafka": "broker:9092"}, "milvus": {"milvus": "http://vectors:19530"}}


def test_the_read_service_gets_the_addresses_of_the_other_parts(tmp_path: Path) -> None:
    parts = choose_parts(StackOptions(root=tmp_path, triton="none", api="local"), stack_id="x")
    addresses = {part.name: dict(part.addresses) for part in parts}

    api = parts[-1].prepare(lambda _doing, _share: None)

    assert api is not None
    assert api.env["PINSTREAM_MILVUS__URI"] == addresses["milvus"]["milvus"]
    assert api.env["PINSTREAM_KAFKA__SERVERS"] == addresses["kafka"]["kafka"]
    assert "PINSTREAM_TRITON__ADDRESS" not in api.env
    assert addresses["api"]["api"].endswith(":" + api.env["PINSTREAM_API__PORT"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"api": "8080"}, "local or none"),
        ({"kafka": "broker"}, "--kafka 'broker': expected local, none or HOST:PORT"),
        ({"kafka": "broker:0"}, "--kafka 'broker:0'"),
        ({"triton": "remote:http"}, "--triton 'remote:http': expected local, none or HOST:PORT"),
        ({"milvus": "embedded"}, "--milvus 'embedded': expected lite, server, none or http://HOST:PORT"),
    ],
)
def test_a_bad_option_is_named_with_the_choices(tmp_path: Path, options: dict[str, str], message: str) -> None:
    with pytest.raises(BadOption, match=message):
        choose(tmp_path, **options)


def test_a_model_folder_without_models_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match=f"--models {tmp_path}: no model there"):
        choose_parts(StackOptions(root=tmp_path, models=tmp_path), stack_id="x")


def test_a_picture_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match=r"--pictures .*absent: not a folder"):
        choose_parts(StackOptions(root=tmp_path, pictures=tmp_path / "absent"), stack_id="x")


def test_the_broker_takes_the_largest_dead_letter() -> None:
    assert MAX_MESSAGE_BYTES > MAX_EVENT_BYTES + DEAD_LETTER_ROOM_BYTES
