"""``python -m inference.training``: the commands that need torch, and ``pictures``, which needs none."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from inference.errors import InferenceError
from inference.training.errors import TrainingProblem
from inference.training.evaluate import figures
from inference.training.report.sheets import draw_sheets

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def main_help() -> None:
    """Train the two models, evaluate them, and write docs/models.md, which says in which order."""


@app.command("pictures")
def pictures(
    images: Annotated[Path, typer.Option(help="folder of pictures, such as python -m samples draws")],
    out: Annotated[Path, typer.Option(help="folder for the two pictures")],
    most: Annotated[int, typer.Option(min=2, help="pictures that are used, evenly spread over their names")] = 200,
    kept: Annotated[Path | None, typer.Option("--figures", help="JSON file to add the counts to")] = None,
) -> None:
    """Draw the served models' nearest neighbours and boxes. Needs no torch."""
    if kept is not None:
        figures.check_writable(kept)
    counted = draw_sheets(images, out, most=most)
    print(json.dumps(counted, indent=1))
    if kept is not None:
        figures.add(kept, {"pictures": counted})


def main() -> None:
    """Runs one command; on a problem prints it and exits with 2."""
    try:
        _add_torch_commands()
        app(prog_name="python -m inference.training")
    except (TrainingProblem, InferenceError) as exc:
        print(exc, file=sys.stderr)
        sys.exit(2)


def _add_torch_commands() -> None:
    """Adds the commands that need torch; raises TrainingProblem if it is not installed and one of them was called."""
    try:
        from inference.training import commands  # noqa: PLC0415 - imports torch
    except ModuleNotFoundError as exc:
        if (exc.name or "").startswith("inference"):
            raise
        if sys.argv[1:2] != ["pictures"]:
            raise TrainingProblem(
                f"no {exc.name} here, and only `pictures` works without; `make .venv-train/.synced` installs it, "
                "then `.venv-train/bin/python -m inference.training`"
            ) from exc
        return
    app.add_typer(commands.app)


if __name__ == "__main__":
    main()
