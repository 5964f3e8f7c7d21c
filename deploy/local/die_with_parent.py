"""Becomes another program, which the kernel ends together with the process that started it.

``python -I -S die_with_parent.py PARENT_PID [KEY=VALUE...] -- PROGRAM ARG...``: a program of its own instead of a
``preexec_fn``, which is not safe in a process with threads. Imports nothing but the standard library, so that
it costs 20 ms.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask the kernel for SIGKILL when the parent thread ends, then become the program."""
    end = sys.argv.index("--")
    parent, program = int(sys.argv[1]), sys.argv[end + 1 :]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before prctl took effect
        sys.exit(1)
    # Set here, not by the parent: a LD_LIBRARY_PATH for the program could break this interpreter.
    for setting in sys.argv[2:end]:
        key, _, value = setting.partition("=")
        os.environ[key] = value
    os.execvp(program[0], program)  # noqa: S606


if __name__ == "__main__":
    main()
