import hashlib
import re
import shutil
from pathlib import Path
from threading import Event, Thread

import pytest

from deploy.local.cache import cache_dir, exclusive
from deploy.local.errors import Prerequisite
from deploy.local.parts.kafka_jars import COORDINATES, class_path, locked_jars


def ignore(_doing: str, _share: float | None) -> None:
    """No progress wanted."""


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache folder, and no way to any network."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    return tmp_path / "pinstream" / "maven"


def test_every_jar_is_pinned_by_a_sha256() -> None:
    jars = locked_jars()

    assert {jar.coordinate for jar in jars} >= set(COORDINATES)
    assert len(jars) == len({jar.coordinate for jar in jars})
    assert all(re.fullmatch("[0-9a-f]{64}", jar.sha256) for jar in jars)


def test_offline_and_not_cached_is_one_clear_sentence(offline: Path) -> None:
    with pytest.raises(Prerequisite, match=r"could not be downloaded .* needed once, with network access"):
        class_path(ignore)

    assert not list(offline.rglob("*.jar"))


def test_a_jar_that_is_not_the_pinned_one_is_refused(offline: Path) -> None:
    cached = Path.home() / ".cache" / "pinstream" / "maven"
    if not cached.is_dir():
        pytest.skip("Kafka's jars are not cached on this machine yet")
    shutil.copytree(cached, offline)
    jar = next(offline.rglob("kafka-clients-*.jar"))
    content = bytearray(jar.read_bytes())
    content[1000] ^= 1
    jar.write_bytes(content)

    with pytest.raises(Prerequisite, match="kafka-clients"):
        class_path(ignore)

    assert not jar.exists()
    assert hashlib.sha256(content).hexdigest() not in {pinned.sha256 for pinned in locked_jars()}


def test_the_cache_folder_follows_the_users_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    configured = cache_dir()
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")

    assert configured == Path("/somewhere/pinstream")
    assert cache_dir() == Path("/home/somebody/.cache/pinstream")


def test_one_at_a_time_fills_the_cache(tmp_path: Path) -> None:
    entered = Event()

    def second() -> None:
        with exclusive(tmp_path):
            entered.set()

    with exclusive(tmp_path):
        waiting = Thread(target=second)
        waiting.start()
        entered_early = entered.wait(0.2)
    waiting.join(10)

    assert not entered_early
    assert entered.is_set()
