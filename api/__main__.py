"""Serve searches over HTTP, and the page; or print the OpenAPI document or the configuration reference."""

import logging
from typing import Annotated

import typer
import uvloop
from pydantic import ValidationError
from pydantic_settings import SettingsError

from api.reference import reference as markdown
from api.settings import ApiSettings
from settings import reference as configuration
from settings.environment import setting_errors
from settings.logs import start_logging

log = logging.getLogger("api")

WRONG_SETTING = 2
CANNOT_LISTEN = 3

app = typer.Typer(rich_markup_mode="markdown", add_completion=False, pretty_exceptions_enable=False, help=__doc__)


@app.callback(invoke_without_command=True)
def serve(context: typer.Context) -> None:
    """Serve until SIGTERM or SIGINT; then streams end and requests in flight are finished.

    Exit codes: 0 stopped by a signal, 1 a bug, 2 a wrong setting, 3 cannot listen on host and port.
    """
    if context.invoked_subcommand is not None:
        return
    settings = _read_settings()
    start_logging(log, "read service", settings)
    from api import server  # noqa: PLC0415 (imports pandas through pymilvus: seconds that other commands need not wait)

    try:
        uvloop.run(server.run(settings))
    except server.CannotListen as exc:
        log.error("%s", exc)
        raise SystemExit(CANNOT_LISTEN) from exc


@app.command()
def reference(
    write: Annotated[bool, typer.Option("--write", help="Write it into docs/configuration.md.")] = False,
) -> None:
    """Print the read service's section of the configuration reference as Markdown."""
    if write:
        configuration.write(markdown(), "api")
    else:
        typer.echo(markdown(), nl=False)


@app.command()
def openapi(write: Annotated[bool, typer.Option("--write", help="Write it to schemas/openapi.json.")] = False) -> None:
    """Print the OpenAPI document."""
    from api.openapi import FILE, openapi_json  # noqa: PLC0415 (the same)

    if write:
        FILE.write_text(openapi_json())
    else:
        typer.echo(openapi_json(), nl=False)


def _read_settings() -> ApiSettings:
    try:
        return ApiSettings()
    except (ValidationError, SettingsError) as exc:
        for line in setting_errors(exc):
            typer.echo(line, err=True)
        raise SystemExit(WRONG_SETTING) from exc


if __name__ == "__main__":
    app(prog_name="python -m api")
