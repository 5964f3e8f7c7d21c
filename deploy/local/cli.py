"""The commands of ``python -m deploy.local``."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import nullcontext, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console
from rich.live import Live
from rich.markup import escape

from deploy.local import state, view
from deploy.local.errors import Aborted, BadOption, PartFailed, StackError
from deploy.local.ports import HOST, free_ports, is_free
from deploy.local.process import CHECKOUT, tail
from deploy.local.selection import LOCAL, StackOptions
from deploy.local.stack import LocalStack
from deploy.local.state import LAUNCHER, PartRecord, StackRecord

_DEFAULT: Final = StackOptions()
_REFRESH_S: Final = 0.5

app = typer.Typer(
    rich_markup_mode="markdown",
    help=__doc__,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Root = Annotated[Path, typer.Option(help="The folder of state, logs and stack.json.")]


@app.command()
def up(  # noqa: PLR0913, PLR0917 (one parameter is one option of the command)
    detach: Annotated[bool, typer.Option("--detach", help="Leave it running; end it with `down`.")] = False,
    milvus: Annotated[str, typer.Option(help="lite, server, none, or the URI of one that runs.")] = _DEFAULT.milvus,
    kafka: Annotated[str, typer.Option(help="local, none, or HOST:PORT of one that runs.")] = _DEFAULT.kafka,
    triton: Annotated[str, typer.Option(help="local, none, or gRPC HOST:PORT of one that runs.")] = _DEFAULT.triton,
    models: Annotated[Path, typer.Option(help="The model repository to serve.")] = _DEFAULT.models,
    pictures: Annotated[Path | None, typer.Option(help="Also serve this folder over HTTP.")] = None,
    api: Annotated[str, typer.Option(help="The read service and its page: local or none.")] = LOCAL,
    traces: Annotated[
        str | None, typer.Option(metavar="URL", help="OTLP/HTTP collector of Triton's spans, .../v1/traces.")
    ] = None,
    secure: Annotated[
        bool, typer.Option("--secure", help="Require certificates, passwords and keys; ROOT/secure.env has them.")
    ] = False,
    root: Root = _DEFAULT.root,
) -> None:
    """Start Kafka, Triton, Milvus and the read service; Ctrl-C ends all of them."""
    options = StackOptions(root, kafka, triton, milvus, models, pictures, api, traces, secure)
    try:
        if detach:
            _up_detached(options)
        else:
            _up_here(options)
    except StackError as exc:
        _fail(exc)


@app.command()
def down(root: Root = _DEFAULT.root) -> None:
    """End the stack of this folder, and what an earlier one left."""
    ended = state.end_stack(root)
    out.print(f"ended: {', '.join(ended)}" if ended else f"nothing ran from {root}")


@app.command()
def status(
    root: Root = _DEFAULT.root,
    as_json: Annotated[bool, typer.Option("--json", help="The record instead of a table.")] = False,
) -> None:
    """Show what runs and where; exit status 1 unless everything is ready."""
    record = state.read(root)
    if record is None:
        err.print(f"no stack was ever started from {root}")
        raise typer.Exit(1)
    parts = tuple(state.with_current_state(part) for part in record.parts)
    if as_json:
        seen = StackRecord(record.stack_id, record.launcher, record.endpoints, parts)
        out.print_json(json.dumps(asdict(seen)))
    else:
        out.print(view.table(record, parts))
        for part in parts:
            if part.state == "dead":
                out.print(f"{part.name} is dead; see: python -m deploy.local logs {part.name}")
    if not all(part.state in ("ready", "external") for part in parts):
        raise typer.Exit(1)


@app.command()
def logs(
    name: str,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Keep printing new lines.")] = False,
    lines: Annotated[int, typer.Option("-n", help="How many lines from the end.")] = 50,
    root: Root = _DEFAULT.root,
) -> None:
    """Print a part's log."""
    path = root / "logs" / f"{name}.log"
    if not path.is_file():
        known = sorted(log.stem for log in (root / "logs").glob("*.log"))
        _fail(BadOption(f"{name!r} has no log in {root / 'logs'}; there are: {', '.join(known) or 'none'}"))
    print(tail(path, lines=lines), flush=True)  # noqa: T201 (without rich's markup)
    if follow:
        _follow(path)


@app.command()
def pictures(
    folder: Path,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="A free one by default.")] = None,
) -> None:
    """Serve a folder over HTTP on loopback until Ctrl-C, so that its pictures can be published by URL."""
    if not folder.is_dir():
        _fail(BadOption(f"{folder}: not a folder"))
    if port is not None and not is_free(port):
        _fail(BadOption(f"--port {port}: something listens there already"))
    from deploy.local.parts import picture_server  # noqa: PLC0415 (aiohttp takes half a second to import)

    chosen = port or free_ports(1)[0]
    print(f"http://{HOST}:{chosen}", flush=True)  # noqa: T201 (for scripts to read)
    asyncio.run(picture_server.serve(folder.absolute(), chosen))


def _up_here(options: StackOptions) -> None:
    """Run the stack in this process until SIGINT, SIGTERM or SIGHUP."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    stack = LocalStack(options)
    with ThreadPoolExecutor(1, thread_name_prefix="up") as thread:
        starting = thread.submit(stack.up)
        try:
            _watch(options.root, os.getpid(), until=lambda _record: starting.done() and bool(starting.exception()))
        except KeyboardInterrupt:
            err.print("ending")
        finally:
            stack.abort()
            wait([starting])
            stack.down()
    with suppress(Aborted):
        starting.result()


def _up_detached(options: StackOptions) -> None:
    """Start a launcher in a session of its own, and wait until its parts are ready."""
    log = options.root.absolute() / "logs" / f"{LAUNCHER}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    argv = (sys.executable, "-m", "deploy.local", "up", *_as_arguments(options))
    with log.open("wb") as output:
        launcher = subprocess.Popen(
            argv, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        _watch(
            options.root,
            launcher.pid,
            until=lambda record: launcher.poll() is not None or (record is not None and _is_ready(record)),
        )
    except KeyboardInterrupt:
        launcher.terminate()
        launcher.wait()
        raise
    if launcher.poll() is not None:
        raise PartFailed(f"the stack did not start:\n{tail(log, lines=30)}")
    out.print("it keeps running; end it with: python -m deploy.local down")


def _as_arguments(options: StackOptions) -> Iterator[str]:
    """The command-line options of ``up``; paths are absolute, since the launcher runs in another folder."""
    for name, value in asdict(options).items():
        if isinstance(value, bool):
            yield from (f"--{name}",) if value else ()
        elif value is not None:
            yield f"--{name}={value.absolute() if isinstance(value, Path) else value}"


def _watch(root: Path, launcher_pid: int, *, until: Callable[[StackRecord | None], bool]) -> None:
    """Show the launcher's parts as they change: a live table, or one line per change if the output is no terminal."""
    printed: dict[str, str] = {}
    with Live(console=out, auto_refresh=False, transient=False) if out.is_terminal else nullcontext() as live:
        while True:
            record = state.read(root)
            if record is not None and record.launcher.pid != launcher_pid:
                record = None  # of an earlier run
            over = until(record)
            if record is not None:
                parts = tuple(state.with_current_state(part) for part in record.parts)
                if live is not None:
                    live.update(view.table(record, parts), refresh=True)
                else:
                    _print_changes(record, parts, printed)
            if over:
                return
            time.sleep(_REFRESH_S)


def _print_changes(record: StackRecord, parts: tuple[PartRecord, ...], printed: dict[str, str]) -> None:
    for part in parts:
        text = view.line(part, record.endpoints)
        if printed.get(part.name) != text:
            out.print(text)
            printed[part.name] = text


def _is_ready(record: StackRecord) -> bool:
    return bool(record.parts) and all(part.state in ("ready", "external") for part in record.parts)


def _follow(path: Path) -> None:
    with path.open("rb") as file, suppress(KeyboardInterrupt):
        file.seek(0, os.SEEK_END)
        while True:
            sys.stdout.write(file.read().decode(errors="replace"))
            sys.stdout.flush()
            time.sleep(_REFRESH_S)


def _fail(error: StackError) -> NoReturn:
    err.print(f"[red]error:[/] {escape(str(error))}", soft_wrap=True)
    raise typer.Exit(2 if isinstance(error, BadOption) else 1)
