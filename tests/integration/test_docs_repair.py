"""Every command that the page on repair shows is run as it stands, on the real Kafka and Milvus."""

import re
import shlex
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from index import bootstrap
from index.__main__ import app as index_app
from pinstream.store.milvus import MilvusStore
from streams.__main__ import app as streams_app
from tests.integration.running_worker import Site
from tests.streams.dead_letters.records import dead_letter_headers, event_value

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

PAGE = Path(__file__).parents[2] / "docs" / "operations" / "repair.md"
APPS: dict[str, Any] = {"streams": streams_app, "index": index_app}


def shown() -> list[list[str]]:
    """The commands of the page, without their comments."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    return [shlex.split(line, comments=True) for block in blocks for line in block.splitlines() if line.strip()]


@pytest.fixture
def site(stack: "LocalStack", lite_milvus: "LocalStack", monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Dead letters of pins named as in the page, and a shell that is set up as a worker's is."""
    site = Site(stack.endpoints)
    for pin_id in ("PIN", "other"):
        event = event_value(pin_id, 3)
        headers = dead_letter_headers(event, pin_id=pin_id, topic=f"{site.prefix}pins.events")
        site.put(pin_id, event, topic="pins.dead", headers=tuple(headers))  # type: ignore[arg-type]
    site.flush()
    with closing(MilvusStore(lite_milvus.endpoints.milvus, timeout_s=20)) as store:
        bootstrap.init(store)
    for name, text in {
        "KAFKA__SERVERS": site.endpoints.kafka,
        "KAFKA__TOPIC_PREFIX": site.prefix,
        "KAFKA__GROUP": f"{site.prefix}workers",
        "MILVUS__URI": lite_milvus.endpoints.milvus,
    }.items():
        monkeypatch.setenv(f"PINSTREAM_{name}", text)
    yield site


def test_every_command_of_the_page_runs(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    commands = shown()
    assert {(command[2], command[3]) for command in commands} == {
        ("streams", "dead-letters"), ("index", "audit"), ("index", "sweep")
    }  # fmt: skip

    for python, _m, room, *arguments in commands:
        done = CliRunner().invoke(APPS[room], arguments)

        assert python == "python"
        assert done.exit_code in (0, 1), f"{arguments}: {done.output}"
        assert done.exception is None or isinstance(done.exception, SystemExit), f"{arguments}: {done.exception!r}"
        assert done.exit_code == 0 or arguments[0] == "audit", f"{arguments}: {done.output}"

    assert (tmp_path / "audit.prom").exists()
