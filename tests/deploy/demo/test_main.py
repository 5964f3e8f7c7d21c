import os
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.settings import ApiSettings
from deploy.demo.__main__ import main
from deploy.demo.options import command
from deploy.demo.run_folder import run_folder
from deploy.demo.worker import holds_partitions, worker_settings
from deploy.local.parts.api import Api
from deploy.local.parts.part import Endpoints
from settings.environment import ProcessSettings
from streams.worker.settings import WorkerSettings


def run_demo(*arguments: str) -> Result:
    return CliRunner().invoke(command(main), ["--exit", *arguments])


@pytest.mark.parametrize("folder", ["missing", "empty"])
def test_folder_without_pictures_ends_with_status_2_and_a_sentence(tmp_path: Path, folder: str) -> None:
    given = tmp_path / folder
    (tmp_path / "empty").mkdir()

    ended = run_demo("--images", str(given), "--out", str(tmp_path / "out"))

    assert ended.exit_code == 2
    assert f"--images {given}: no " in ended.stderr
    assert not (tmp_path / "out").exists()


def test_worker_understands_every_setting_that_the_demo_gives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    endpoints = Endpoints(kafka="127.0.0.1:1", triton_grpc="127.0.0.1:2", milvus="http://127.0.0.1:3")
    for name, value in worker_settings(endpoints, port=4).items():
        monkeypatch.setenv(name, value)

    settings = WorkerSettings()

    assert settings.kafka.servers == "127.0.0.1:1"
    assert settings.triton.address == "127.0.0.1:2"
    assert settings.milvus.uri == "http://127.0.0.1:3"
    assert settings.fetch.allowed_hosts == ("127.0.0.1",)
    assert settings.probe.ratio == 1
    assert settings.http.port == 4
    unknown = [name for name in worker_settings(endpoints, port=4) if not _is_known(name, WorkerSettings)]
    assert unknown == []


def test_read_service_understands_every_setting_that_the_stack_gives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Api({"kafka": "127.0.0.1:1", "triton_grpc": "127.0.0.1:2", "milvus": "http://127.0.0.1:3", "pictures": "x"})
    given = page.prepare(lambda _doing, _share: None).env
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    settings = ApiSettings()

    assert settings.kafka.servers == "127.0.0.1:1"
    assert settings.triton.address == "127.0.0.1:2"
    assert settings.milvus.uri == "http://127.0.0.1:3"
    assert settings.fetch.allowed_hosts == ("127.0.0.1",)
    assert page.url == f"http://127.0.0.1:{settings.api.port}"
    assert [name for name in given if not _is_known(name, ApiSettings)] == []


def _is_known(name: str, settings: type[ProcessSettings]) -> bool:
    group, _, field = name.removeprefix("PINSTREAM_").lower().partition("__")
    inside = settings.model_fields[group].annotation if field else settings
    return (field or group) in getattr(inside, "model_fields", {})


@pytest.mark.parametrize(
    ("metrics", "holds"),
    [
        ("", False),
        ("# HELP pinstream_worker_partitions partitions held\npinstream_worker_partitions 0.0\n", False),
        ("pinstream_worker_paused_partitions 3.0\npinstream_worker_partitions 0.0", False),
        ("x 1\npinstream_worker_partitions 12.0\ny 2\n", True),
    ],
)
def test_worker_that_holds_partitions_says_so_in_its_metrics(metrics: str, holds: bool) -> None:
    assert holds_partitions(metrics) is holds


def test_folder_for_the_page_that_cannot_be_made_ends_with_status_2(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    ended = run_demo("--pins", "1", "--out", str(tmp_path / "file" / "demo"))

    assert ended.exit_code == 2
    assert "choose a folder that can be written" in ended.stderr


def test_folder_of_a_killed_run_is_removed_and_that_of_a_new_one_left(tmp_path: Path) -> None:
    killed, new = tmp_path / "run-killed", tmp_path / "run-new"
    for folder in (killed, new):
        folder.mkdir()
    hour_ago = time.time() - 3600
    os.utime(killed, (hour_ago, hour_ago))

    with run_folder(tmp_path, keep=False) as mine:
        inside = sorted(folder.name for folder in tmp_path.iterdir())

    assert inside == sorted([mine.name, "run-new"])
    assert [folder.name for folder in tmp_path.iterdir()] == ["run-new"]


def test_logs_outlive_the_run_and_data_only_if_it_is_to_be_kept(tmp_path: Path) -> None:
    for keep in (False, True):
        with run_folder(tmp_path, keep=keep) as mine:
            (mine / "logs").mkdir()
            (mine / "logs" / "worker.log").write_text(f"kept: {keep}")

        kept = [folder for folder in tmp_path.iterdir() if folder.name.startswith("kept-")]
        assert (tmp_path / "logs" / "worker.log").read_text() == f"kept: {keep}"
        assert len(kept) == keep
