"""``pinstream``: publish, watch and search from the shell."""

import typer

from pinstream.cli.delete import delete
from pinstream.cli.publish.command import publish
from pinstream.cli.search import related, similar
from pinstream.cli.watch.command import watch
from pinstream.cli.where.command import where

app = typer.Typer(
    name="pinstream",
    rich_markup_mode="markdown",
    help="Publish pins to Kafka, watch them become searchable, and search the index.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
for command in (publish, delete, watch, related, similar, where):
    app.command()(command)
