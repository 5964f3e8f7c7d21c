"""``python -m index init`` creates the collection that the worker writes to; ``audit`` compares it with the topics."""

from typing import Annotated

import typer

from index import audit_command, bootstrap, sweep_command
from pinstream.cli.milvus_options import EmbeddingVersionOption, MilvusOption, TokenOption, milvus_tls, milvus_uri
from pinstream.cli.screen import complain
from pinstream.collection import EMBEDDING_VERSION
from pinstream.errors import VectorIndexError
from pinstream.milvus import MilvusStore

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)


@app.callback()
def index() -> None:
    """Milvus from the operator's side."""


@app.command()
def init(
    *,
    milvus: MilvusOption = None,
    token: TokenOption = None,
    embedding_version: EmbeddingVersionOption = EMBEDDING_VERSION,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")] = False,
) -> None:
    """Create the collection and its alias unless they exist; safe to repeat, nothing is ever dropped.

    Exit status 0: it is there and fits. 1: it differs from what is wanted (each difference is named), or Milvus
    is away. 2: wrong usage.
    """
    store = MilvusStore(milvus_uri(milvus), token=token, embedding_version=embedding_version, tls=milvus_tls())
    try:
        report = bootstrap.init(store, dry_run=dry_run)
    except VectorIndexError as exc:
        complain(str(exc))
        raise typer.Exit(1) from exc
    finally:
        store.close()
    for note in report.notes:
        typer.echo(note)
    for difference in report.differences:
        complain(difference)
    raise typer.Exit(1 if report.differences else 0)


app.command()(audit_command.audit)
app.command()(sweep_command.sweep)


if __name__ == "__main__":
    app(prog_name="python -m index")
