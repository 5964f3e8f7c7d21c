"""The write path's processes: worker indexes pins, watch reports which are late, canary tests it from the outside.

init creates the topics; dead-letters shows what could not be indexed, and replays it.
"""

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Annotated, TypeVar

import typer
import uvloop
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console

from inference.errors import ModelMismatch
from pinstream.errors import IndexMismatch
from pinstream.kafka.errors import KafkaSettingInvalid, KafkaUnreachable
from schemas.topics import DEFAULT_PARTITIONS, topics
from settings import reference as configuration
from settings.environment import ProcessSettings, setting_errors
from settings.logs import configure, start_logging
from streams.dead_letters import commands
from streams.errors import WorkerStopped
from streams.reference import PARTS
from streams.topic_setup import TopicSetup
from streams.worker.settings import WorkerSettings

log = logging.getLogger("streams")

S = TypeVar("S", bound=ProcessSettings)

WRONG_SETTING = 2
REFUSED = 3

app = typer.Typer(
    rich_markup_mode="markdown",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=__doc__,
)
app.add_typer(commands.app, name="dead-letters")


@app.command()
def worker(
    exit_when_idle: Annotated[
        float | None, typer.Option(metavar="S", help="Drain and exit once there was nothing to do for S seconds.")
    ] = None,
) -> None:
    """Index pins until SIGTERM or SIGINT; then drain, commit and leave the consumer group.

    Exit codes: 0 stopped as asked, 1 a bug, 2 a wrong setting, 3 refused at start, 4 the breaker tripped, 5 Kafka's
    client failed.
    """
    settings = _read_settings(WorkerSettings)
    start_logging(log, "worker", settings)
    with _exit_if_stopped():
        uvloop.run(_worker(settings, exit_when_idle))


@app.command()
def watch() -> None:
    """Watch the write path until SIGTERM or SIGINT: overdue pins, coverage, freshness, the last state of every pin.

    Serves a status page, its data as JSON, and metrics, on one port. Shares no code or state with the worker.

    Exit codes: 0 stopped as asked, 1 a bug, 2 a wrong setting, 3 refused at start, 5 Kafka's client failed, 6 stuck.
    """
    from streams.watch import service as watching  # noqa: PLC0415 (Faust takes a second to import: not for the others)
    from streams.watch.settings import WatchSettings  # noqa: PLC0415

    settings = _read_settings(WatchSettings)
    start_logging(log, "watch", settings)
    with _exit_if_stopped():
        asyncio.run(_until_stopped(lambda stop: watching.run(settings, stop=stop)))


@app.command()
def canary(
    once: Annotated[
        bool, typer.Option("--once", help="Run one round, print one line for each step, and exit: a smoke test.")
    ] = False,
) -> None:
    """Publish a test pin, search until it is found, delete it, search until it is gone; repeat, with metrics.

    With --once, exit status 0: every step worked. 1: a step failed, and its line says what to check. 2: a wrong
    setting. 3: the index does not fit.
    """
    from streams.canary import command  # noqa: PLC0415 (imports pandas, through pymilvus)
    from streams.canary.settings import CanarySettings  # noqa: PLC0415

    settings = _read_settings(CanarySettings)
    with _exit_if_stopped():
        if once:
            configure(settings.log_format, "error")
            raise SystemExit(command.run_once(settings, Console(highlight=False)))
        start_logging(log, "canary", settings)
        stop = threading.Event()
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda *_: stop.set())
        command.run_forever(settings, stop)


@app.command()
def init(
    partitions: Annotated[
        int, typer.Option(min=1, help="Partitions of both lanes' topics and of the outcomes' topic.")
    ] = DEFAULT_PARTITIONS,
    replication_factor: Annotated[int, typer.Option(help="Copies of each partition; -1 leaves it to the broker.")] = -1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")] = False,
) -> None:
    """Create the topics that are missing. Safe to repeat.

    Existing topics are not changed. Exit status 0: none of them differs from what is needed. 1: one does; the output
    says how. 2: a wrong setting. 3: Kafka does not answer or refuses.
    """
    kafka = _read_settings(WorkerSettings).kafka
    wanted = topics(partitions=partitions, prefix=kafka.topic_prefix)
    typer.echo(f"asking Kafka at {kafka.servers} (PINSTREAM_KAFKA__SERVERS)", err=True)
    try:
        setup = TopicSetup(kafka.client_config)
        reports = setup.ensure(wanted, replication_factor=replication_factor, dry_run=dry_run)
    except KafkaSettingInvalid as exc:
        typer.echo(str(exc), err=True)
        raise SystemExit(WRONG_SETTING) from exc
    except (KafkaUnreachable, WorkerStopped) as exc:
        typer.echo(str(exc), err=True)
        raise SystemExit(REFUSED) from exc
    for report in reports:
        typer.echo(f"{report.name}: {report.note}")
        for difference in report.differences:
            typer.echo(f"  differs: {difference}")
    if any(report.differences for report in reports):
        raise SystemExit(1)


@app.command()
def reference(
    write: Annotated[bool, typer.Option("--write", help="Write them into docs/configuration.md instead.")] = False,
) -> None:
    """Print the settings of these processes as Markdown."""
    for process, part in PARTS.items():
        if write:
            configuration.write(part(), process)
        else:
            typer.echo(part(), nl=False)


@contextmanager
def _exit_if_stopped() -> Iterator[None]:
    """For every expected error: one log line and its exit status instead of a traceback."""
    try:
        yield
    except KafkaSettingInvalid as exc:
        log.error("wrong setting: %s", exc)
        raise SystemExit(WRONG_SETTING) from exc
    except WorkerStopped as exc:
        log.error("%s: %s", type(exc).__name__, exc)
        raise SystemExit(exc.exit_code) from exc
    except (ModelMismatch, IndexMismatch) as exc:
        log.error("refused: %s", exc)
        raise SystemExit(REFUSED) from exc


async def _worker(settings: WorkerSettings, exit_when_idle_s: float | None) -> None:
    from streams.worker import service  # noqa: PLC0415 (imports pandas, through pymilvus: seconds, which init need not take)

    await _until_stopped(lambda stop: service.run(settings, stop=stop, exit_when_idle_s=exit_when_idle_s))


async def _until_stopped(run: Callable[[asyncio.Event], Coroutine[None, None, None]]) -> None:
    """Await ``run``, with an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    await run(stop)


def _read_settings(kind: type[S]) -> S:
    try:
        return kind()
    except (ValidationError, SettingsError) as exc:
        for line in setting_errors(exc):
            typer.echo(line, err=True)
        raise SystemExit(WRONG_SETTING) from exc


if __name__ == "__main__":
    app(prog_name="python -m streams")
