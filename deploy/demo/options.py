"""The command line of the demo."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

LITE: Final = "lite"
SERVER: Final = "server"
OUT: Final = Path(__file__).parents[2] / ".local" / "demo"
DEFAULT_PINS: Final = 120
MAX_RATE: Final = 1000.0
_EPILOG: Final = "Exit status: 0 if every pin was accounted for, 1 if not, 2 for a wrong option, 130 after Ctrl-C."


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for."""

    images: Path | None
    pins: int | None
    """How many; None: 120, or the whole folder where it holds fewer."""
    rate: float
    exit: bool
    json: Path | None
    seed: int
    out: Path
    milvus: str
    keep: bool


def command(run: Callable[[Options], int]) -> typer.Typer:
    """The program: reads the options and ends with the status that ``run`` returns; 2 if an option cannot work."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

    @app.command(epilog=_EPILOG)
    def demo(  # noqa: PLR0913, PLR0917 (one parameter is one option of the command)
        images: Annotated[
            Path | None,
            typer.Option(
                parser=_path, metavar="DIR", help="Publish the pictures below DIR (default: drawn sample pins)."
            ),
        ] = None,
        pins: Annotated[
            int | None,
            typer.Option(min=1, metavar="N", help=f"How many pins (default: {DEFAULT_PINS}, or all of a smaller DIR)."),
        ] = None,
        rate: Annotated[float, typer.Option(parser=_rate, metavar="R", help="Pins a second.")] = 5.0,
        exit: Annotated[bool, typer.Option("--exit", help="End after the result instead of staying up.")] = False,
        json: Annotated[
            Path | None, typer.Option(parser=_new_file, metavar="FILE", help="Write the figures to FILE.")
        ] = None,
        seed: Annotated[
            int, typer.Option(min=0, max=9_999, metavar="S", help="Other sample pins, or another order of DIR.")
        ] = 0,
        out: Annotated[Path, typer.Option(parser=_path, metavar="DIR", help="Where the page goes.")] = OUT,
        milvus: Annotated[
            str, typer.Option(parser=_milvus, metavar="WHICH", help=f"{LITE}, {SERVER}, or the URI of one that runs.")
        ] = LITE,
        keep: Annotated[bool, typer.Option("--keep", help="Keep the servers' data and logs afterwards.")] = False,
    ) -> None:
        """Boot Kafka, Triton, Milvus and a worker; publish pictures; watch them become searchable."""
        raise typer.Exit(run(Options(images, pins, rate, exit, json, seed, out, milvus, keep)))

    return app


def _path(text: str | Path) -> Path:
    """With ``~`` expanded: a shell does not do it in ``--images=~/Pictures``."""
    return Path(text).expanduser()


def _new_file(text: str) -> Path:
    file = _path(text)
    folder = file.absolute().parent
    if file.is_dir():
        raise typer.BadParameter(f"{file}: is a folder; give a file")
    if not folder.is_dir():
        raise typer.BadParameter(f"{file}: there is no folder {folder}")
    if not os.access(file if file.exists() else folder, os.W_OK):
        raise typer.BadParameter(f"{file}: may not be written")
    return file


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= MAX_RATE:
        raise typer.BadParameter(f"{text!r}: expected pins a second, more than 0, at most {MAX_RATE:g}")
    return rate


def _milvus(text: str) -> str:
    if text not in (LITE, SERVER) and not text.startswith(("http://", "https://")):
        raise typer.BadParameter(f"{text!r}: expected {LITE}, {SERVER}, or http://HOST:PORT of one that runs")
    return text
