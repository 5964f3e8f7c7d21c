"""``python -m index audit``: compares the topics with the index, and repairs what is wrong."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer

from index.audit import metrics, view
from index.audit.audit import Audit, AuditReport, InProgressRule
from index.audit.compare import PinComparison
from index.audit.index_scan import IndexScan
from index.audit.ledger import AuditLedger, LedgerMismatch
from index.audit.repair import REPAIRED, Repair, TooManyOrphans, refuse_too_many_orphans
from index.audit.sample import Sample
from index.audit.topic_scan import TopicScan
from index.connection import SCAN_TIMEOUT_S, open_store
from pinstream.cli.durations import parse_duration_s
from pinstream.cli.kafka_options import ConfigOption, KafkaOption, PrefixOption, kafka_connection
from pinstream.cli.milvus_options import EmbeddingVersionOption, MilvusOption, TokenOption
from pinstream.cli.results import JsonOption, print_json
from pinstream.cli.screen import StartBar, print_error, progress_bars
from pinstream.cli.unreachable import exit_if_unreachable
from pinstream.store.collection import EMBEDDING_VERSION

FINDINGS: Final = 1


def audit(  # noqa: PLR0913 (each is an option)
    *,
    repair: Annotated[
        bool, typer.Option("--repair", help="Publish the events of wrong pins again, on the backfill lane.")
    ] = False,
    sample: Annotated[
        float, typer.Option(min=0.0, max=1.0, metavar="SHARE", help="Audit this share of the pins, such as 0.01.")
    ] = 1.0,
    grace: Annotated[str, typer.Option(metavar="TIME", help="Younger pins are in progress, and no findings.")] = "60s",
    group: Annotated[
        str,
        typer.Option(
            envvar="PINSTREAM_KAFKA__GROUP",
            help="The workers' consumer group: pins that it has not committed are in progress.",
        ),
    ] = "pinstream",
    state: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False, metavar="FILE", help="Keep the state here, so that an interrupted audit can continue."
        ),
    ] = None,
    metrics_file: Annotated[
        Path | None,
        typer.Option("--metrics", dir_okay=False, metavar="FILE", help="Write metrics for a textfile collector."),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, metavar="N", help="List at most N findings.")] = 20,
    as_json: JsonOption = False,
    force: Annotated[bool, typer.Option("--force", help="Repair however many orphaned pins that deletes.")] = False,
    milvus: MilvusOption = None,
    token: TokenOption = None,
    embedding_version: EmbeddingVersionOption = EMBEDDING_VERSION,
    kafka: KafkaOption = None,
    config: ConfigOption = None,
    topic_prefix: PrefixOption = "",
) -> None:
    """Compare the topics with the index, pin by pin: missing, orphaned, stale, undeleted, half, doubled, and more.

    What it reads is kept in a file, so memory stays small. Dead and superseded pins are accounted for by their
    outcomes. Every finding is checked again at the end, so that a pin in progress is not reported as missing.

    Exit status 0: the index is as the topics say. 1: there are findings, repaired or not. 2: wrong usage. 3: Kafka or
    Milvus does not answer.
    """
    if sample == 0:
        raise typer.BadParameter("--sample 0 would audit no pin; give more than 0, up to 1")
    started_s = time.monotonic()
    connection = kafka_connection(kafka, config, topic_prefix)
    in_progress = InProgressRule(group=group, grace_s=parse_duration_s(grace))
    advice = f"; the same command continues from {state}" if state else ""
    try:
        with (
            open_store(milvus, token, embedding_version, timeout_s=SCAN_TIMEOUT_S) as store,
            exit_if_unreachable(advice=advice),
            AuditLedger(state) as ledger,
        ):
            ledger.require_same_audit({"index": f"{store.collection} at {store.uri}", "kafka": connection.address,
                                       "topics": topic_prefix, "sample": str(sample)})  # fmt: skip
            comparison = PinComparison(store.embedding_version)
            topics = TopicScan(connection, ledger, Sample(sample))
            index = IndexScan(store, ledger, Sample(sample), comparison)
            with progress_bars("done") as start_bar:
                report = Audit(topics, index, ledger, comparison, in_progress=in_progress).run(start_bar)
                if repair and report.findings:
                    report = _repair(report, Repair(connection, topics, index.rows, ledger), start_bar, force=force)
            listed = ledger.findings(limit=limit)
    except LedgerMismatch as exc:
        raise typer.BadParameter(f"--state {state}: {exc}") from exc
    report = replace(report, listed=listed, seconds=time.monotonic() - started_s, sample=sample)
    if state is not None:
        state.unlink(missing_ok=True)
    if metrics_file is not None:
        metrics.write(report, metrics_file)
    if as_json:
        print_json(view.as_json(report))
    else:
        view.print_report(report)
    raise typer.Exit(FINDINGS if report.findings else 0)


def _repair(report: AuditReport, repair: Repair, start_bar: StartBar, *, force: bool) -> AuditReport:
    try:
        if not force:
            refuse_too_many_orphans(report.found["orphaned"], report.living)
    except TooManyOrphans as exc:
        print_error(f"nothing was repaired: {exc}")
        return report
    results = repair.run(start_bar)
    return replace(
        report,
        repaired={str(result): count for result, count in results.items()},
        published=sum(results[each] for each in REPAIRED),
    )
