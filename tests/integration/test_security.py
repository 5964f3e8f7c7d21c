"""A stack that asks who is there: everything works with the right answers, and wrong ones name their setting."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from deploy.local.parts import certificates
from deploy.local.parts.certificates import SERVER_NAME
from deploy.local.parts.security import Security, security
from index import bootstrap
from index.__main__ import app as index_app
from inference.errors import InferenceError
from pinstream import Publisher, VisualIndex
from pinstream.cli import app as pinstream_app
from pinstream.errors import IndexMismatch
from pinstream.kafka.errors import KafkaSettingInvalid
from pinstream.store.milvus import MilvusStore
from pinstream.tls import Tls
from streams.__main__ import app as streams_app
from streams.errors import StartRefused
from streams.worker.backends import open_backends
from streams.worker.checks.startup import check
from streams.worker.metrics import WorkerMetrics
from streams.worker.settings import WorkerSettings
from tests.integration.drive import QUIET, fields, picture, worker_ends
from tests.integration.running_watch import RunningWatch
from tests.integration.running_worker import RunningWorker, Site, eventually

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack

pytestmark = [pytest.mark.stack, pytest.mark.standalone, pytest.mark.timeout(300)]


@dataclass(frozen=True, slots=True)
class Fortress:
    """The secured stack, and the right answers."""

    stack: "LocalStack"
    security: Security

    @property
    def tls(self) -> Tls:
        """To Milvus and Triton, from a client that shows who it is."""
        files = self.security.certificates
        return Tls(ca_file=files.ca, cert_file=files.client_cert, key_file=files.client_key, server_name=SERVER_NAME)

    def environment(self, prefix: str) -> dict[str, str]:
        """The environment of a shell on this stack."""
        return {
            **self.security.environment,
            "PINSTREAM_KAFKA__SERVERS": self.stack.endpoints.kafka,
            "PINSTREAM_KAFKA__TOPIC_PREFIX": prefix,
            "PINSTREAM_MILVUS__URI": self.stack.endpoints.milvus,
            "PINSTREAM_TRITON__ADDRESS": self.stack.endpoints.triton_grpc,
        }


@pytest.fixture(scope="module")
def fortress(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fortress]:
    """SCRAM over TLS to Kafka, mutual TLS and a key to Triton, mutual TLS and a token to Milvus."""
    from deploy.local.stack import LocalStack, StackOptions

    root = tmp_path_factory.mktemp("fortress")
    with LocalStack(StackOptions(root=root, milvus="server", secure=True)) as stack:
        found = Fortress(stack, security(root))
        with closing(MilvusStore(stack.endpoints.milvus, token="root:Milvus", tls=found.tls, timeout_s=30)) as store:
            bootstrap.init(store)
        yield found


@pytest.fixture
def site(fortress: Fortress) -> Site:
    return Site(fortress.stack.endpoints, client=fortress.security.kafka_client)


@pytest.fixture
def shell(fortress: Fortress, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands of this test run in a shell that is set up as a worker's is."""
    for name, value in fortress.environment(site.prefix).items():
        monkeypatch.setenv(name, value)


def run(app: Any, *arguments: str) -> Result:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return done


@pytest.mark.usefixtures("shell")
def test_pins_travel_from_publisher_to_search_and_operators_commands_work(
    fortress: Fortress, site: Site, tmp_path: Path
) -> None:
    assert "exists" in run(index_app, "init").stdout
    kafka, client = fortress.stack.endpoints.kafka, fortress.security.kafka_client
    events = tmp_path / "events.jsonl"
    events.write_text(json.dumps(fields("from-shell", 1, picture(1))) + "\n")
    variables = fortress.security.environment
    environment = {name.removeprefix("PINSTREAM_").lower(): value for name, value in variables.items()}
    watch = RunningWatch(site, tmp_path, **environment)
    with worker_ends(watch), RunningWorker(site, tmp_path, **QUIET, **environment) as worker:
        watch.start()
        with Publisher(kafka, topic_prefix=site.prefix, kafka=client) as publisher:
            publisher.publish(fields("from-python", 1, picture(0))).result()
        site.put("poison", b"{}")
        site.flush()
        published = run(pinstream_app, "publish", "--jsonl", str(events), "--wait")
        worker.await_outcomes(3)
        canary = subprocess.run(
            (sys.executable, "-m", "streams", "canary", "--once"), capture_output=True, text=True, check=False
        )
        assert canary.returncode == 0, canary.stdout + canary.stderr
        eventually(lambda: watch.asked("/readyz"), what="the watch to have read everything")
        assert watch.standing("from-shell") == "searchable"

    assert "1 indexed" in published.stdout
    with VisualIndex(
        fortress.stack.endpoints.milvus,
        token="root:Milvus",
        tls=fortress.tls,
        consistency="Strong",
    ) as index:
        assert [hit.pin_id for hit in index.related("from-python", limit=1)] == ["from-shell"]
    assert "from-python" in run(pinstream_app, "related", "from-shell", "--json").stdout
    assert "poison" in run(streams_app, "dead-letters", "ls").stdout
    audited = run(index_app, "audit", "--json", "--grace", "0s", "--group", worker.group)
    assert json.loads(audited.stdout)["living"] == 2
    for secret in (fortress.security.kafka_password, fortress.security.triton_key, "root:Milvus"):
        assert secret not in worker.said()


def refused(fortress: Fortress, **groups: Mapping[str, Any]) -> str:
    """Why a worker would not start, with some settings changed."""
    endpoints, given = fortress.stack.endpoints, fortress.security.environment
    files = {f"{name}_file": given[f"PINSTREAM_MILVUS__{name.upper()}_FILE"] for name in ("ca", "cert", "key")}
    right: dict[str, dict[str, Any]] = {
        "kafka": {"servers": endpoints.kafka, "client": fortress.security.kafka_client},
        "triton": {
            "address": endpoints.triton_grpc,
            "headers": fortress.security.triton_headers,
            "server_name": SERVER_NAME,
            **files,
        },
        "milvus": {"uri": endpoints.milvus, "token": "root:Milvus", **files},
    }
    settings = WorkerSettings.model_validate({name: {**right[name], **groups.get(name, {})} for name in right})

    async def start() -> None:
        async with open_backends(settings, WorkerMetrics()) as to:
            await check(settings, to)

    with pytest.raises((StartRefused, KafkaSettingInvalid, IndexMismatch, InferenceError)) as caught:
        asyncio.run(start())
    return str(caught.value)


def test_wrong_answers_stop_a_worker_at_once_and_name_their_setting(
    fortress: Fortress, site: Site, tmp_path: Path
) -> None:
    """``check`` asks Kafka, then Milvus, then Triton: whatever comes before the wrong one is right."""
    site.setup.ensure([])
    stranger = certificates.make(tmp_path / "stranger").ca
    client = fortress.security.kafka_client
    prefix = {"topic_prefix": site.prefix}

    password = refused(fortress, kafka={"client": {**client, "sasl.password": "wrong"}})
    authority = refused(fortress, kafka={"client": {**client, "ssl.ca.location": str(stranger)}})
    no_file = refused(fortress, kafka={"client": {**client, "ssl.ca.location": "/no/such/file"}})
    clear = CliRunner().invoke(pinstream_app, ["delete", "a", "--kafka", fortress.stack.endpoints.kafka])
    shown = CliRunner().invoke(
        pinstream_app,
        ["delete", "a", "--kafka", fortress.stack.endpoints.kafka, *_options({**client, "sasl.password": "x"})],
    )
    token = refused(fortress, kafka=prefix, milvus={"token": "root:wrong"})
    milvus = refused(fortress, kafka=prefix, milvus={"ca_file": stranger})
    triton = refused(fortress, kafka=prefix, triton={"ca_file": stranger})
    key = refused(fortress, kafka=prefix, triton={"headers": {}})
    name = refused(fortress, kafka=prefix, triton={"server_name": "elsewhere.example"})

    assert "sasl.password" in password
    assert "ssl.ca.location" in authority
    assert "PINSTREAM_KAFKA__CLIENT" in no_file
    assert "ssl.ca.location failed" in no_file
    assert clear.exit_code == shown.exit_code == 1
    assert "look at security.protocol" in clear.stderr
    assert "look at sasl.mechanism, sasl.username, sasl.password (-X, PINSTREAM_KAFKA__CLIENT)" in shown.stderr
    assert "PINSTREAM_MILVUS__TOKEN" in token
    assert "PINSTREAM_MILVUS__CA_FILE" in milvus
    assert "PINSTREAM_TRITON__CA_FILE" in triton
    assert "__SERVER_NAME" in name
    assert "PINSTREAM_TRITON__HEADERS" in key


def _options(client: Mapping[str, str]) -> list[str]:
    return [option for name, value in client.items() for option in ("-X", f"{name}={value}")]
