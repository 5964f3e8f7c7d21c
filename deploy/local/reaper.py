"""Ends what a killed launcher has left: ``python -m deploy.local.reaper ROOT STACK_ID``.

Holds the reading end of a pipe whose writing end only the launcher has. When the pipe closes, the launcher has ended,
for whatever reason; ``stack.json`` says which processes it left. The kernel's parent-death signal alone would leave
grandchildren and shared memory.
"""

import signal
import sys
from pathlib import Path

from deploy.local import state


def main(root: Path, stack_id: str) -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    sys.stdin.buffer.read()
    record = state.read(root)
    if record is not None and record.stack_id == stack_id:
        state.end_processes(record, grace_s=1.0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
