"""``python -m api`` serves the products over HTTP, and the page; its commands print its contract and its settings."""

import logging
from typing import Annotated

import typer
import uvloop
from pydantic import ValidationError
from pydantic_settings import SettingsError

from api.reference import reference as markdown
from api.settings import ApiSettings
from settings import reference as configuration
from settings.environment import effective, setting_errors
from settings.logs import configure

log = logging.getLogger("api")

WRONG_SETTING = 2
REFUSED = 3

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)


@app.callback(invoke_without_command=True)
def serve(context: typer.Context) -> None:
    """Serve until told to stop (SIGTERM, SIGINT): streams end, what is in flight is finished.

    Exit codes: 0 stopped as asked, 1 a bug, 2 a wrong setting, 3 refused at start.
    """
    if context.invoked_subcommand is not None:
        return
    settings = _settings()
    configure(settings.log_format, settings.log_level)
    log.info("settings", extra={"settings": effective(settings)})
    from api import service  # noqa: PLC0415 (brings pandas, through pymilvus: seconds that the commands need not wait)

    try:
        uvloop.run(service.run(settings))
    except service.CannotListen as exc:
        log.error("%s", exc)
        raise SystemExit(REFUSED) from exc


@app.command()
def reference(write: Annotated[bool, typer.Option("--write", help="into docs/configuration.md")] = False) -> None:
    """Print the service's part of the configuration reference as Markdown."""
    if write:
        configuration.write(markdown(), "api")
    else:
        typer.echo(markdown(), nl=False)


@app.command()
def openapi(write: Annotated[bool, typer.Option("--write", help="into schemas/openapi.json")] = False) -> None:
    """Print the HTTP contract."""
    from api import contract  # noqa: PLC0415 (the same)

    if write:
        contract.FILE.write_text(contract.rendered())
    else:
        typer.echo(contract.rendered(), nl=False)


def _settings() -> ApiSettings:
    try:
        return ApiSettings()
    except (ValidationError, SettingsError) as exc:
        for line in setting_errors(exc):
            typer.echo(line, err=True)
        raise SystemExit(WRONG_SETTING) from exc


if __name__ == "__main__":
    app(prog_name="python -m api")
