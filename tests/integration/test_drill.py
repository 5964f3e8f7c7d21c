"""The drill: a worker is stopped, the alert fires, `where` says why, the worker returns, and nothing is missing.

The rules are the deployment's; only their waiting times are shortened, from ten minutes to a second.
"""

import json
import signal
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from index.__main__ import app as index_app
from pinstream.cli import app as pinstream_app
from pinstream.store.milvus import MilvusStore
from tests.integration.drive import fields, picture
from tests.integration.real_prometheus import impatient_rules, needs_prometheus, running_prometheus
from tests.integration.running_canary import RunningCanary
from tests.integration.running_watch import RunningWatch
from tests.integration.running_worker import RunningWorker, Site, eventually

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420), needs_prometheus]

ALERT = "PinstreamOverduePins"


def canary_once(site: Site, folder: Path, *, give_up_s: str) -> tuple[int, str]:
    """The exit status of one round, and what it printed."""
    canary = RunningCanary(site, folder, canary__name="drill", canary__give_up_s=give_up_s)
    canary.start("--once")
    return canary.wait(), canary.said()


def where(site: Site, pin: str, *more: str) -> dict[str, Any]:
    result = CliRunner().invoke(
        pinstream_app,
        ["where", pin, "--json", "--kafka", site.endpoints.kafka, "--milvus", site.endpoints.milvus,
         "--topic-prefix", site.prefix, "--group", f"{site.prefix}g", *more],
    )  # fmt: skip
    assert result.exit_code in (0, 1), result.output
    return dict(json.loads(result.stdout))


def publish(site: Site, *pins: str) -> None:
    for number, pin in enumerate(pins):
        site.put(pin, fields(pin, 1, picture(number)))
    site.flush()


def test_a_stopped_worker_is_noticed_explained_and_made_good(
    stack: "LocalStack", alone: MilvusStore, tmp_path: Path
) -> None:
    site = Site(replace(stack.endpoints, milvus=alone.uri))
    pin = uuid.uuid4().hex[:8]
    early, late = [f"{pin}-{each}" for each in "ab"], [f"{pin}-{each}" for each in "cd"]
    watch = RunningWatch(site, tmp_path / "watch", objective__pin_s="2", objective__deletion_s="2")
    worker = RunningWorker(site, tmp_path, probe__ratio="1")
    targets = {"pinstream-watch": ""}
    with watch, worker:
        targets["pinstream-watch"] = f"{watch.url}/metrics"
        rule_files = impatient_rules(tmp_path, wait="1s")
        with running_prometheus(tmp_path, targets, rule_files=rule_files) as prometheus:
            publish(site, *early)
            eventually(lambda: covered(watch) == (2, 1.0), what="both early pins searchable")
            assert where(site, early[0])["stage"] == "searchable"
            assert canary_once(site, tmp_path, give_up_s="60")[0] == 0
            assert ALERT not in prometheus.firing()
            eventually(
                lambda: watch.metric("pinstream_watch_deletion_seconds_count") == 1,
                what="the canary's deletion, seen by a probe",
            )

            worker.signal(signal.SIGTERM)
            assert worker.wait() == 0
            publish(site, *late)
            eventually(lambda: ALERT in prometheus.firing(), what=f"{ALERT} firing")
            assert watch.overdue() == late
            explained(site, watch, late[0])
            status, printed = canary_once(site, tmp_path, give_up_s="5")
            assert status == 1
            assert "✗ find" in printed
            assert "pinstream where canary-drill" in printed

            with RunningWorker(site, tmp_path, probe__ratio="1"):
                eventually(lambda: watch.overdue() == [], what="nothing overdue")
                eventually(lambda: covered(watch)[1] == 1.0, what="full coverage")
                eventually(lambda: ALERT not in prometheus.firing(), what="the alert over")
                assert where(site, late[0])["stage"] == "searchable"
                audited(site)


def covered(watch: RunningWatch) -> tuple[int, float]:
    """How many pins of the last quarter of an hour are searchable, and which share of those due."""
    found = watch.get("/coverage")["windows"]["900"]
    return found["searchable"], found["ratio"]


def explained(site: Site, watch: RunningWatch, pin: str) -> None:
    """Both ways of asking name the stage and the reason."""
    for more in ((), ("--watch", watch.url)):
        status = where(site, pin, *more)
        assert status["stage"] == "queue"
        assert "no worker runs in group" in status["verdict"]
        assert status["event"]["version"] == 1
        assert (status["outcome"], status["rows"]) == (None, [])


def audited(site: Site) -> None:
    done = CliRunner().invoke(
        index_app,
        ["audit", "--grace", "0s", "--group", f"{site.prefix}g", "--kafka", site.endpoints.kafka,
         "--topic-prefix", site.prefix, "--milvus", site.endpoints.milvus],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "the index is as the topics say" in done.stdout
