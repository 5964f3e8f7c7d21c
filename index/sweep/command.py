"""``python -m index sweep``: removes rows of deleted pins and vanished objects that keep no older event out."""

from dataclasses import asdict
from typing import Annotated, Final

import typer

from index.connection import SCAN_TIMEOUT_S, open_store
from index.sweep.sweep import Sweep, SweepReport, retention_s
from pinstream.cli.durations import parse_duration_s
from pinstream.cli.kafka_options import ConfigOption, KafkaOption, PrefixOption, kafka_connection
from pinstream.cli.milvus_options import EmbeddingVersionOption, MilvusOption, TokenOption
from pinstream.cli.results import JsonOption, YesOption, print_json
from pinstream.cli.screen import progress_bars
from pinstream.cli.unreachable import exit_if_unreachable
from pinstream.store.collection import EMBEDDING_VERSION

_DAY_S: Final = 24 * 3600.0


def sweep(  # noqa: PLR0913 (each is an option)
    *,
    older_than: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Remove pins deleted longer ago, such as 8d; default: a day longer than Kafka keeps deletions.",
        ),
    ] = None,
    yes: YesOption = False,
    force: Annotated[
        bool, typer.Option("--force", help="Accept an --older-than that is shorter than Kafka keeps deletions.")
    ] = False,
    as_json: JsonOption = False,
    milvus: MilvusOption = None,
    token: TokenOption = None,
    embedding_version: EmbeddingVersionOption = EMBEDDING_VERSION,
    kafka: KafkaOption = None,
    config: ConfigOption = None,
    topic_prefix: PrefixOption = "",
) -> None:
    """Remove old tombstones: of pins deleted long ago, and of objects that vanished from their pins.

    A deleted pin's row keeps older events out of the index. It stays while Kafka keeps the deletion, and while a lane
    ends with an event of the pin; then that lane gets a tombstone, and a later sweep removes the row.

    Exit status 0: done (or, without --yes, listed). 2: wrong usage. 3: Kafka or Milvus does not answer.
    """
    connection = kafka_connection(kafka, config, topic_prefix)
    given_s = None if older_than is None else parse_duration_s(older_than)
    with open_store(milvus, token, embedding_version, timeout_s=SCAN_TIMEOUT_S) as store, exit_if_unreachable():
        connection.topics()
        kept_s = retention_s(connection)
        if given_s is not None and given_s <= kept_s and not force:
            raise typer.BadParameter(
                f"--older-than {older_than}: Kafka keeps deletions for {kept_s / _DAY_S:g} days "
                "(delete.retention.ms). As long as it does, a worker that was stopped may read an older event of a "
                "deleted pin, and only the pin's row keeps that out of the index. --force sweeps all the same"
            )
        older_than_s = kept_s + _DAY_S if given_s is None else given_s
        with progress_bars("done") as start_bar:
            report = Sweep(store, connection, older_than_s=older_than_s, dry_run=not yes).run(start_bar)
    if as_json:
        print_json(asdict(report) | {"done": yes, "older_than_s": older_than_s})
    else:
        _print(report, older_than_s, done=yes)


def _print(report: SweepReport, older_than_s: float, *, done: bool) -> None:
    verb = "removed" if done else "would remove"
    typer.echo(f"{report.rows:,} rows read; deletions older than {older_than_s / _DAY_S:g} days count as old")
    typer.echo(f"{verb} {report.pins:,} deleted pins and {report.objects:,} tombstones of objects")
    if report.young:
        typer.echo(f"{report.young:,} deleted pins are too young")
    if report.held:
        gets = "got" if done else "would get"
        typer.echo(
            f"{report.held:,} deleted pins stay: a lane still ends with an event of them, and {gets} a tombstone"
        )
    if report.alive:
        typer.echo(f"{report.alive:,} rows were written again meanwhile, and stay")
    if not done and (report.pins or report.objects):
        typer.echo("nothing was done; repeat it with --yes")
