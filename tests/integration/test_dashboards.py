"""Every panel and every alert asks a real Prometheus that watches the real parts, and gets an answer."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from deploy.grafana.boards import BOARDS
from deploy.local.stack import LocalStack
from deploy.prometheus import rules
from index import bootstrap
from pinstream.store.collection import Row, Where
from pinstream.store.milvus import MilvusStore
from tests.integration.drive import fields, picture
from tests.integration.real_prometheus import Prometheus, needs_prometheus, running_prometheus
from tests.integration.running_canary import RunningCanary
from tests.integration.running_service import RunningService
from tests.integration.running_watch import RunningWatch
from tests.integration.running_worker import RunningWorker, Site, eventually

pytestmark = [pytest.mark.stack, pytest.mark.standalone, needs_prometheus]

NOT_RUNNING = {
    "nv_gpu_utilization", "nv_gpu_memory_used_bytes", "pinstream_audit_findings", "pinstream_audit_timestamp_seconds",
}  # fmt: skip
"""What only a part exports that this test does not start: a GPU, and the nightly audit, which leaves a file."""


@pytest.fixture(scope="module")
def milvus(standalone_milvus: LocalStack) -> Iterator[MilvusStore]:
    """The collection on the standalone server, which exports metrics."""
    store = MilvusStore(standalone_milvus.endpoints.milvus)
    bootstrap.init(store)
    yield store
    store.close()


@pytest.fixture(scope="module")
def prometheus(
    stack: LocalStack, standalone_milvus: LocalStack, store: MilvusStore, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[tuple[Prometheus, Life]]":
    """One that watches a worker at work, Triton, and the standalone Milvus."""
    folder, site = tmp_path_factory.mktemp("prometheus"), Site(stack.endpoints)
    with (
        RunningWorker(site, folder, probe__ratio="1", model_check_every_s="1") as worker,
        RunningWatch(site, folder / "watch") as watch,
        RunningCanary(site, folder, canary__every_s="1") as canary,
        RunningService(site, folder) as service,
    ):
        targets = {
            "pinstream-watch": f"{watch.url}/metrics",
            "pinstream-canary": f"{canary.url}/metrics",
            "pinstream-api": f"{service.address}/metrics",
            "pinstream-worker": f"{worker.url}/metrics",
            "triton": stack.endpoints.triton_metrics,
            "milvus": standalone_milvus.endpoints.milvus_metrics,
        }
        with running_prometheus(folder, targets) as running:
            yield running, Life(site, service.address)


@dataclass(frozen=True, slots=True)
class Life:
    """Something of everything that dashboards show: pins, deletions, dead letters, rows, searches."""

    site: Site
    api: str

    def goes_on(self, milvus: MilvusStore) -> None:
        """A little of each."""
        pin = uuid.uuid4().hex
        for number in range(3):
            self.site.put(f"{pin}-{number}", fields(f"{pin}-{number}", 1, picture(number)))
        self.site.put(f"{pin}-0", None, headers=(("version", b"2"),))
        self.site.put(f"{pin}-bad", b"{")
        self.site.flush()
        for path in (f"pins/{pin}-1", f"pins/{pin}-1/thumbnail?width_px=160", "fresh?limit=1"):
            httpx.get(f"{self.api}/v1/{path}", timeout=30)  # whatever it answers, it is counted
        milvus.upsert([Row(pin_id=pin, slot=0, alive=True, code=bytes(range(32)), version=1)])
        milvus.get([f"{pin}#0"], consistency="Bounded")
        milvus.nearest([bytes(range(32))], where=Where(), at_least=1)


def test_every_query_of_every_dashboard_is_answered(prometheus: tuple[Prometheus, Life], milvus: MilvusStore) -> None:
    server, life = prometheus
    silent = {
        (board.name, panel.title, query.expression)
        for board in BOARDS
        for panel in board.panels
        for query in panel.queries
        if not any(name in query.expression for name in NOT_RUNNING)
    }
    assert len(silent) > 60

    def answered() -> bool:
        life.goes_on(milvus)
        for asked in list(silent):
            if server.query(asked[2].replace("$__rate_interval", "1m").replace("$instance", ".*")):
                silent.remove(asked)
        return not silent

    try:
        eventually(answered, what="an answer to every query")
    except AssertionError as exc:
        raise AssertionError(f"no answer to {sorted(silent)}") from exc


def test_every_metric_of_every_alert_is_there(prometheus: tuple[Prometheus, Life], milvus: MilvusStore) -> None:
    server, life = prometheus
    silent = {
        name
        for expression in [*(alert.expression for alert in rules.alerts()), *rules.recording_rules().values()]
        for name in rules.own_names(expression)
        if name not in NOT_RUNNING
    }
    assert len(silent) > 10

    def there() -> bool:
        life.goes_on(milvus)
        silent.difference_update({name for name in silent if server.query(f"count({name})")})
        return not silent

    try:
        eventually(there, what="every metric")
    except AssertionError as exc:
        raise AssertionError(f"no series of {sorted(silent)}") from exc
    for alert in rules.alerts():
        server.query(alert.expression)
    assert "PinstreamNoWorker" not in server.firing()
