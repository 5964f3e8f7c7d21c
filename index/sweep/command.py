"""``python -m index sweep``: rows of deleted pins and vanished objects, once nothing needs them."""

from dataclasses import asdict
from typing import Annotated, Final

import typer

from index.connection import SCAN_TIMEOUT_S, open_store
from index.sweep.sweep import Sweep, SweepReport, retention_s
from pinstream.cli.durations import parse_duration_s
from pinstream.cli.kafka_options import ConfigOption, KafkaOption, PrefixOption, connection
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
        typer.Option(metavar="TIME", help="Deleted so long ago, such as 8d; default: a day more than Kafka keeps it."),
    ] = None,
    yes: YesOption = False,
    force: Annotated[bool, typer.Option("--force", help="Even if Kafka keeps deletions for longer than that.")] = False,
    as_json: JsonOption = False,
    milvus: MilvusOption = None,
    token: TokenOption = None,
    embedding_version: EmbeddingVersionOption = EMBEDDING_VERSION,
    kafka: KafkaOption = None,
    config: ConfigOption = None,
    topic_prefix: PrefixOption = "",
) -> None:
    """Remove tombstones that nothing needs any more: of pins deleted long ago, and of objects that vanished.

    A deleted pin's row keeps older events of it out, so it stays while Kafka keeps its deletion, and while a lane
    ends with an event of the pin; that lane is given a tombstone, and a later sweep removes the row.

    Exit status 0: done (or, without --yes, said). 2: wrong usage. 3: Kafka or Milvus is away.
    """
    to = connection(kafka, config, topic_prefix)
    given_s = None if older_than is None else parse_duration_s(older_than)
    with open_store(milvus, token, embedding_version, timeout_s=SCAN_TIMEOUT_S) as store, exit_if_unreachable():
        to.topics()
        kept_s = retention_s(to)
        if given_s is not None and given_s <= kept_s and not force:
            raise typer.BadParameter(
                f"--older-than {older_than}: Kafka keeps deletions for {kept_s / _DAY_S:g} days "
                "(delete.retention.ms). Until a deletion is gone from there, a worker that was away may still read an "
                "older event of its pin, and only the row in the index keeps that out. --force sweeps it all the same"
            )
        older_than_s = kept_s + _DAY_S if given_s is None else given_s
        with progress_bars("done") as steps:
            swept = Sweep(store, to, older_than_s=older_than_s, act=yes).run(steps)
    if as_json:
        print_json(asdict(swept) | {"done": yes, "older_than_s": older_than_s})
    else:
        _print(swept, older_than_s, done=yes)


def _print(swept: SweepReport, older_than_s: float, *, done: bool) -> None:
    verb = "removed" if done else "would remove"
    typer.echo(f"{swept.rows:,} rows read; deletions older than {older_than_s / _DAY_S:g} days count as old")
    typer.echo(f"{verb} {swept.pins:,} deleted pins and {swept.objects:,} dead slots of objects")
    if swept.young:
        typer.echo(f"{swept.young:,} deleted pins are too young")
    if swept.held:
        gives = "was given" if done else "would be given"
        typer.echo(
            f"{swept.held:,} deleted pins stay: a lane still ends with an event of them, and {gives} a tombstone"
        )
    if swept.alive:
        typer.echo(f"{swept.alive:,} rows were written again meanwhile, and stay")
    if not done and (swept.pins or swept.objects):
        typer.echo("nothing was done: --yes does it")
