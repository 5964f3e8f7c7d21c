"""``python -m index``: create the collection, compare it with the topics, remove old tombstones."""

from typing import Annotated

import typer

from index import bootstrap
from index.audit.command import audit
from index.connection import open_store
from index.sweep.command import sweep
from pinstream.cli.milvus_options import EmbeddingVersionOption, MilvusOption, TokenOption
from pinstream.cli.screen import print_error
from pinstream.cli.unreachable import exit_if_unreachable
from pinstream.store.collection import EMBEDDING_VERSION

app = typer.Typer(
    rich_markup_mode="markdown", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


@app.callback()
def index() -> None:
    """Create the collection, compare it with the topics, remove old tombstones."""


@app.command()
def init(
    *,
    milvus: MilvusOption = None,
    token: TokenOption = None,
    embedding_version: EmbeddingVersionOption = EMBEDDING_VERSION,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
) -> None:
    """Create the collection and its alias unless they exist; safe to repeat, and nothing is ever dropped.

    Exit status 0: the collection exists and fits. 1: it differs (each difference is listed), or Milvus does not
    answer. 2: wrong usage.
    """
    with open_store(milvus, token, embedding_version) as store, exit_if_unreachable(status=1):
        report = bootstrap.init(store, dry_run=dry_run, on_step=lambda step: typer.echo(step, err=True))
    for note in report.notes:
        typer.echo(note)
    for difference in report.differences:
        print_error(difference)
    raise typer.Exit(1 if report.differences else 0)


app.command()(audit)
app.command()(sweep)


if __name__ == "__main__":
    app(prog_name="python -m index")
