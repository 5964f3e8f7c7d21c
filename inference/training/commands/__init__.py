"""The commands that need torch: everything but ``pictures``."""

import typer

from inference.training.commands import evaluate, prepare, train

app = typer.Typer(no_args_is_help=True)
for part in (prepare.app, train.app, evaluate.app):
    app.add_typer(part)
