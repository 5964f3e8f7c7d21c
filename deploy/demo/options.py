"""The command line of the demo."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LITE: Final = "lite"
SERVER: Final = "server"
OUT: Final = Path(__file__).parents[2] / ".local" / "demo"
DEFAULT_PINS: Final = 120
DEFAULT_RATE: Final = 5.0
MAX_RATE: Final = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
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


def parse(arguments: Sequence[str] | None = None) -> Options:
    """The options; leaves with status 2 and a sentence on standard error where one cannot work."""
    return Options(**vars(_parser().parse_args(arguments)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.demo",
        description="Boot Kafka, Triton, Milvus and a worker; publish pictures; watch them become searchable.",
        epilog="Exit status: 0 if every pin was accounted for, 1 if not, 2 for a wrong option, 130 after Ctrl-C.",
    )
    add = parser.add_argument
    add("--images", type=_path, metavar="DIR", help="publish the pictures below DIR (default: drawn sample pins)")
    add("--pins", type=_count, metavar="N", help=f"how many pins (default: {DEFAULT_PINS}, or all of a smaller DIR)")
    add("--rate", type=_rate, metavar="R", default=DEFAULT_RATE, help="pins a second (default: %(default)g)")
    add("--exit", action="store_true", help="end after the result instead of staying up")
    add("--json", type=_new_file, metavar="FILE", help="write the figures to FILE")
    add("--seed", type=_seed, metavar="S", default=0, help="other sample pins, or another order of DIR")
    add("--out", type=_path, metavar="DIR", default=OUT, help="where the page goes")
    add("--milvus", type=_milvus, metavar="WHICH", default=LITE, help=f"{LITE}, {SERVER}, or the URI of one that runs")
    add("--keep", action="store_true", help="keep the servers' data and logs afterwards")
    return parser


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number of pins, 1 or more")
    return int(text)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= MAX_RATE:
        raise argparse.ArgumentTypeError(f"{text!r}: expected pins a second, more than 0, at most {MAX_RATE:g}")
    return rate


def _seed(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > 9_999:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number from 0 to 9999")
    return int(text)


def _milvus(text: str) -> str:
    if text not in (LITE, SERVER) and not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{text!r}: expected {LITE}, {SERVER}, or http://HOST:PORT of one that runs")
    return text


def _path(text: str) -> Path:
    return Path(text).expanduser()


def _new_file(text: str) -> Path:
    file = _path(text)
    folder = file.absolute().parent
    if file.is_dir():
        raise argparse.ArgumentTypeError(f"{file}: is a folder; give a file")
    if not folder.is_dir():
        raise argparse.ArgumentTypeError(f"{file}: there is no folder {folder}")
    if not os.access(file if file.exists() else folder, os.W_OK):
        raise argparse.ArgumentTypeError(f"{file}: may not be written")
    return file
