"""``python -m deploy.demo``: see ``--help``."""

import time

STARTED_AT_S = time.monotonic()  # before anything is loaded: that is part of the time to the first pin

import io  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
from types import FrameType  # noqa: E402

from rich.console import Console  # noqa: E402

from deploy.demo.options import Options, command  # noqa: E402

_LOG_WIDTH = 140
_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(options: Options) -> int:
    """Run the demo; returns its exit status."""
    before = {number: signal.signal(number, _interrupt_once) for number in _ENDING_SIGNALS}
    try:
        return _run(options, Console(stderr=True, highlight=False))
    except KeyboardInterrupt:
        print("ended early; nothing is left running", file=sys.stderr)
        return 130
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(options: Options, errors: Console) -> int:
    # Loading these takes seconds, and Ctrl-C must end the program during them too.
    from deploy.demo.run import run, source_of  # noqa: PLC0415
    from deploy.demo.sources import NoPictures  # noqa: PLC0415
    from deploy.local.errors import BadOption, StackError  # noqa: PLC0415
    from pinstream.errors import PinstreamError  # noqa: PLC0415

    try:
        return run(options, source_of(options), console=_console(), started_at_s=STARTED_AT_S)
    except (NoPictures, BadOption) as exc:
        errors.print(f"python -m deploy.demo: {exc}", markup=False, soft_wrap=True)
        return 2
    except (StackError, PinstreamError) as exc:
        errors.print(f"the demo failed: {exc}", style="red", markup=False, soft_wrap=True)
        errors.print(f"logs: {options.out / 'logs'}", markup=False, soft_wrap=True)
        return 1


def _console() -> Console:
    """Standard output; into a file it is wide enough for every table, and each line is written at once."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    return Console(highlight=False, width=None if sys.stdout.isatty() else _LOG_WIDTH)


def _interrupt_once(_number: int, _frame: FrameType | None) -> None:
    """The first signal ends the demo in an orderly way; a second one would stop that and leave processes behind."""
    for number in _ENDING_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    command(main)(prog_name="python -m deploy.demo")
