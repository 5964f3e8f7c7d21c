"""An index that was damaged in every way is found out, and repaired by the worker that wrote it, while it runs."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pymilvus import MilvusClient
from typer.testing import CliRunner, Result

from index.__main__ import app
from index.audit.ledger import AuditLedger
from pinstream.kafka.connection import Connection
from pinstream.store.collection import Row, tombstone
from pinstream.store.collection_schema import to_columns
from pinstream.store.milvus import MilvusStore
from tests.index.cluster import Cluster
from tests.integration.drive import QUIET, Change, Deck, Palette, await_all
from tests.integration.running_worker import RunningWorker, Site, eventually

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]


def write_twice(store: MilvusStore, row: Row) -> None:
    client = MilvusClient(store.uri, dedicated=True, grpc_options={"grpc.keepalive_time_ms": 2**31 - 1})
    client.insert(store.collection, [to_columns(row)])
    client.close()


def spoil(store: MilvusStore, deck: Deck) -> dict[str, list[str]]:
    """Damage to pins that the worker remembers well; what an audit must find."""
    rows = deck.rows(store)
    names = {
        name: f"{deck.pin}-{each}"
        for each, name in enumerate(("missing", "stale", "half", "doubled", "code", "undeleted"))
    }
    store.delete([key for key, row in rows.items() if row.pin_id == names["missing"]])
    whole = {name: rows[f"{pin_id}#0"] for name, pin_id in names.items()}
    stray = replace(whole["half"], slot=40, object_count=0)
    store.upsert(
        [
            replace(whole["stale"], version=0),
            stray,
            replace(whole["code"], code=bytes(32)),
            replace(whole["undeleted"], alive=True),
            replace(whole["half"], pin_id=f"{deck.pin}-orphan", version=9, object_count=0),
        ]
    )
    write_twice(store, whole["doubled"])
    return {**{name: [pin_id] for name, pin_id in names.items()}, "orphaned": [f"{deck.pin}-orphan"]}


def test_damage_of_every_kind_is_found_and_repaired_while_the_worker_runs(
    stack: "LocalStack", alone: MilvusStore, palette: Palette, tmp_path: Path
) -> None:
    site = Site(stack.endpoints)
    deck, metrics = Deck(site), tmp_path / "audit.prom"
    deck.put([*deck.new(8, version=5), Change(f"{deck.pin}-5", 6, None)])

    def audit(*arguments: str) -> Result:
        where = ("--kafka", site.endpoints.kafka, "--topic-prefix", site.prefix, "--milvus", alone.uri)
        return CliRunner().invoke(app, ["audit", "--grace", "0s", "--group", f"{site.prefix}g", *where, *arguments])

    def report_of(done: Result) -> dict[str, Any]:
        assert done.exit_code in (0, 1), done.output
        return dict(json.loads(done.stdout))

    settings = {**QUIET, **palette.settings, "milvus__uri": alone.uri}
    with RunningWorker(site, tmp_path, **settings) as worker:
        await_all(site, worker)
        eventually(lambda: site.committed(worker.group) == len(deck.changes), what="all committed")
        clean = audit()
        assert clean.exit_code == 0, clean.output
        assert "the index is as the topics say" in clean.stdout

        damage = spoil(alone, deck)
        found = audit("--json", "--metrics", str(metrics))
        listed: dict[str, list[str]] = {}
        for each in report_of(found)["listed"]:
            listed.setdefault(each["kind"], []).append(each["pin"])
        assert listed == damage
        assert found.exit_code == 1
        assert 'pinstream_audit_findings{kind="stale"} 1.0' in metrics.read_text()

        repaired = audit("--repair", "--state", str(tmp_path / "state"))
        assert "6 published again" in repaired.stdout, repaired.output
        assert "1 given a tombstone" in repaired.stdout
        await_all(site, worker)
        backfill = len(site.read("pins.events.backfill"))
        eventually(
            lambda: site.committed(f"{worker.group}.backfill", "pins.events.backfill") == backfill, what="repairs done"
        )
        assert report_of(audit("--json"))["findings"] == dict.fromkeys(report_of(found)["findings"], 0)

    assert not (tmp_path / "state").exists()
    alone.delete([row.key for row in alone.rows() if row.pin_id.endswith("-orphan")])
    deck.assert_stands(alone, palette)
    published = {message.key(): message.timestamp()[1] for message in site.read("pins.events")}
    times = {row.pin_id: row.published_at_ms for row in alone.rows() if row.alive}
    assert times == {pin_id: published[pin_id.encode()] for pin_id in times}, "a repair changed a pin's age"


def test_a_repair_never_replaces_what_was_published_meanwhile(stack: "LocalStack") -> None:
    """The lane is compacted: an older event behind a newer one would be all that a replay ever reads again."""
    site = Site(stack.endpoints)
    with AuditLedger(None) as ledger:
        cluster = Cluster(Connection(site.endpoints.kafka, {}, site.prefix), ledger=ledger)
        for pin in ("replaced", "deleted", "missing"):
            cluster.publish(pin, 1)
        cluster.index("orphan", 1)
        assert cluster.audit().findings == 4
        for pin in ("replaced", "orphan"):
            cluster.publish(pin, 2, lane="pins.events.backfill")
        cluster.write("pins.events.backfill", b"deleted", None, headers=[("version", b"2")])

        done = cluster.repair()

    last = {message.key(): message for message in site.read("pins.events.backfill")}
    assert done == {"published": 1, "gone": 3}
    assert {pin: json.loads(last[pin].value() or b"{}").get("version") for pin in last if pin != b"not a pin"} == {
        b"replaced": 2, b"orphan": 2, b"deleted": None, b"missing": 1
    }  # fmt: skip
    assert last[b"deleted"].headers() == [("version", b"2")]


def test_servers_that_are_away_are_a_sentence_and_a_status_of_their_own(alone: MilvusStore) -> None:
    away = CliRunner().invoke(app, ["audit", "--kafka", "127.0.0.1:1", "--milvus", alone.uri])
    wrong = CliRunner().invoke(app, ["audit", "--kafka", "127.0.0.1:1", "--milvus", alone.uri, "--grace", "soon"])

    assert (away.exit_code, wrong.exit_code) == (3, 2)
    assert "no Kafka at 127.0.0.1:1" in away.stderr


def test_a_sweep_removes_what_kafka_no_longer_keeps_and_refuses_to_be_hasty(
    stack: "LocalStack", alone: MilvusStore
) -> None:
    site, day_ms = Site(stack.endpoints), 24 * 3600 * 1000
    now_ms = int(time.time() * 1000)
    alone.upsert([tombstone(name, 0, 5, at_ms=now_ms - days * day_ms) for name, days in (("old", 9), ("young", 6))])
    alone.upsert([tombstone("old", 1, 5, at_ms=now_ms - 9 * day_ms)])

    def sweep(*arguments: str) -> Result:
        where = ("--kafka", site.endpoints.kafka, "--topic-prefix", site.prefix, "--milvus", alone.uri)
        return CliRunner().invoke(app, ["sweep", *where, *arguments])

    hasty, planned = sweep("--older-than", "5d"), sweep()
    before = {row.key for row in alone.rows()}
    done = sweep("--yes")
    forced = sweep("--older-than", "5d", "--force", "--yes", "--json")

    assert hasty.exit_code == 2
    assert "keeps deletions for 7 days" in " ".join(hasty.stderr.replace("│", " ").split())
    assert "would remove 1 deleted pins and 1 tombstones of objects" in planned.stdout, planned.output
    assert len(before) == 3
    assert "removed 1 deleted pins and 1 tombstones of objects" in done.stdout
    assert "1 deleted pins are too young" in done.stdout
    assert json.loads(forced.stdout)["pins"] == 1
    assert list(alone.rows()) == []
