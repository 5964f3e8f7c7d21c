"""``python -m index audit``: the topics against the index, and what is wrong put right."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer

from index.audit import metrics, view
from index.audit.audit import Audit, AuditReport, UnderWay
from index.audit.compare import IndexScan
from index.audit.findings import PinComparison
from index.audit.ledger import AuditLedger, LedgerMismatch
from index.audit.repair import MENDED, Repair, TooManyOrphans, suspect_orphans
from index.audit.sample import Sample
from index.audit.topics import TopicScan
from index.connection import SCAN_TIMEOUT_S, open_store
from pinstream.cli.durations import parse_duration_s
from pinstream.cli.kafka_options import ConfigOption, KafkaOption, PrefixOption, connection
from pinstream.cli.milvus_options import EmbeddingVersionOption, MilvusOption, TokenOption
from pinstream.cli.results import JsonOption
from pinstream.cli.screen import print_error, progress_bars
from pinstream.cli.unreachable import exit_if_unreachable
from pinstream.kafka.connection import Connection
from pinstream.store.collection import EMBEDDING_VERSION
from pinstream.store.milvus import MilvusStore

FINDINGS: Final = 1


def audit(  # noqa: PLR0913 (each is an option)
    *,
    repair: Annotated[
        bool, typer.Option("--repair", help="Publish what is wrong again, on the backfill lane.")
    ] = False,
    sample: Annotated[
        float, typer.Option(min=0.0, max=1.0, metavar="SHARE", help="Look at so many of the pins, such as 0.01.")
    ] = 1.0,
    grace: Annotated[
        str, typer.Option(metavar="TIME", help="A pin published since, such as 60s, is on its way and no finding.")
    ] = "60s",
    group: Annotated[
        str,
        typer.Option(
            envvar="PINSTREAM_KAFKA__GROUP", help="The workers' group: what it has not committed is on its way."
        ),
    ] = "pinstream",
    state: Annotated[
        Path | None,
        typer.Option(dir_okay=False, metavar="FILE", help="Keep what is known here: an audit cut off goes on from it."),
    ] = None,
    metrics_file: Annotated[
        Path | None,
        typer.Option("--metrics", dir_okay=False, metavar="FILE", help="Write metrics for a textfile collector."),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, metavar="N", help="List so many findings.")] = 20,
    as_json: JsonOption = False,
    force: Annotated[bool, typer.Option("--force", help="Delete orphans however many there are.")] = False,
    milvus: MilvusOption = None,
    token: TokenOption = None,
    embedding_version: EmbeddingVersionOption = EMBEDDING_VERSION,
    kafka: KafkaOption = None,
    config: ConfigOption = None,
    topic_prefix: PrefixOption = "",
) -> None:
    """Compare the topics with the index, pin by pin: missing, orphaned, stale, undeleted, half, doubled, and more.

    Memory stays small: what is known lies in a file. Dead and superseded pins are accounted for by their outcomes,
    and pins on their way are looked at once more before they are called missing.

    Exit status 0: all is well. 1: there are findings, repaired or not. 2: wrong usage. 3: Kafka or Milvus is away.
    """
    if sample == 0:
        raise typer.BadParameter("--sample 0 would look at no pin and find all well; give more than 0, up to 1")
    begun_s = time.monotonic()
    to = connection(kafka, config, topic_prefix)
    patience = UnderWay(group=group, grace_s=parse_duration_s(grace))
    advice = f"; the same command goes on from {state}" if state else ""
    try:
        with (
            open_store(milvus, token, embedding_version, timeout_s=SCAN_TIMEOUT_S) as store,
            exit_if_unreachable(advice=advice),
            AuditLedger(state) as ledger,
        ):
            ledger.belongs_to({"index": f"{store.collection} at {store.uri}", "kafka": to.address,
                               "topics": topic_prefix, "sample": str(sample)})  # fmt: skip
            report = _audited(to, store, ledger, Sample(sample), patience, repair=repair, force=force)
            listed = ledger.findings(limit=limit)
    except LedgerMismatch as exc:
        raise typer.BadParameter(f"--state {state}: {exc}") from exc
    report = replace(report, listed=listed, seconds=time.monotonic() - begun_s, sample=sample)
    if state is not None:
        state.unlink(missing_ok=True)  # what it knows is told
    if metrics_file is not None:
        metrics.write(report, metrics_file)
    (view.print_json if as_json else view.print_report)(report)
    raise typer.Exit(FINDINGS if report.findings else 0)


def _audited(  # noqa: PLR0913 (what one audit is made of)
    to: Connection,
    store: MilvusStore,
    ledger: AuditLedger,
    sample: Sample,
    patience: UnderWay,
    *,
    repair: bool,
    force: bool,
) -> AuditReport:
    judge = PinComparison(store.embedding_version)
    hearing = TopicScan(to, ledger, sample)
    comparison = IndexScan(store, ledger, sample, judge)
    with progress_bars("done") as steps:
        report = Audit(hearing, comparison, ledger, judge, patience=patience).run(steps)
        if not repair or not report.findings:
            return report
        try:
            if not force:
                suspect_orphans(report.found["orphaned"], report.living)
        except TooManyOrphans as exc:
            print_error(f"nothing was repaired: {exc}")
            return report
        mended = Repair(to, hearing, comparison, ledger).mend(steps)
    return replace(
        report,
        mended={str(each): count for each, count in mended.items()},
        published=sum(mended[each] for each in MENDED),
    )
