"""Dead letters of a real worker are listed, replayed and dropped on the real Kafka."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from pinstream.events import REPLAYS_HEADER
from pinstream.store.milvus import MilvusStore
from streams.__main__ import app
from tests.integration.drive import QUIET, Deck, fields, picture
from tests.integration.running_worker import RunningWorker, Site, eventually

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[str]:
    """A host that serves what lies in ``tmp_path / "web"`` by then."""
    (tmp_path / "web").mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "web")))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_dead_letters_are_replayed_once_their_cause_is_gone_and_marked(
    stack: "LocalStack", store: MilvusStore, host: str, tmp_path: Path
) -> None:
    site = Site(stack.endpoints)
    deck = Deck(site)
    late, bad = f"{deck.pin}-late", f"{deck.pin}-bad"

    def dead_letters(*arguments: str) -> Result:
        where = ("--kafka", site.endpoints.kafka, "--topic-prefix", site.prefix)
        return CliRunner().invoke(app, ["dead-letters", *arguments, *where])

    def listed(*arguments: str) -> dict[str, int]:
        done = dead_letters("ls", "--json", *arguments)
        assert done.exit_code == 0, done.output
        return {each["pin"]: each["replays"] for each in json.loads(done.stdout)["dead_letters"]}

    def outcomes(pin_id: str) -> list[str]:
        return [each.outcome for each in site.outcomes() if each.pin_id == pin_id]

    event = {**fields(late, 7, b"", title="late"), "image": {"url": f"{host}/late.jpg"}}
    with RunningWorker(site, tmp_path, **QUIET, fetch__allowed_hosts='["127.0.0.1"]'):
        site.put(late, event, headers=(("traceparent", b"00-x"), ("traceparent", b"twice")))
        site.put(bad, b"{}")
        site.flush()
        eventually(lambda: outcomes(late) == outcomes(bad) == ["dead"], what="both pins dead")
        assert listed("--since", "1h") == {late: 0, bad: 0}
        assert listed("--until", "1h") == listed("--reason", "embed") == {}
        assert "404" in dead_letters("show", late).stdout

        (tmp_path / "web" / "late.jpg").write_bytes(picture(0))
        planned = dead_letters("replay")
        assert "would replay 2 dead letters" in planned.stdout
        assert dead_letters("replay", "--yes").exit_code == 0

        eventually(lambda: outcomes(late) == ["dead", "indexed"], what="the replayed pin indexed")
        eventually(lambda: outcomes(bad) == ["dead", "dead"], what="the bad one dead again")
        assert listed() == {bad: 1}
        assert dead_letters("drop", "--pin", bad, "--yes").exit_code == 0
        assert listed() == {}
        assert set(listed("--all")) == {late, bad}

    first, again = [message for message in site.read("pins.events") if message.key() == late.encode()]
    assert again.value() == first.value()
    assert again.headers() == [*(first.headers() or []), (REPLAYS_HEADER, b"1")]
    assert again.timestamp() == first.timestamp()
    (row,) = store.get([f"{late}#0"]).values()
    assert (row.version, row.published_at_ms) == (7, first.timestamp()[1])
