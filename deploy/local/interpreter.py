"""The Python that `make` installs the project on, chosen before anything is downloaded.

Triton's Python backend (nvidia-pytriton 0.7.0) wants numpy 1, whose wheels end with Python 3.12: a newer Python would
compile it, for minutes and only where there is a compiler. So a newer `python3` gives way to a 3.12 or 3.11 found on
this machine, and else to one that uv fetches. The Makefile runs this file alone (`python -I`), on any Python from 3.8
on and with nothing installed.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

SUPPORTED = ((3, 12), (3, 11))
FETCHED = "3.12"  # what uv is asked for where no supported Python is found
GLIBC = (2, 35)
PROBE = "import sys; print('%d.%d' % sys.version_info[:2] if sys.implementation.name == 'cpython' else '')"


def unsuitable_machine(system: str, machine: str, libc: tuple[str, str]) -> str | None:
    """Why the local stack cannot run on such a machine and what to do instead; None where it can."""
    library, version = libc
    instead = (
        "Run it on such a machine or in such a container. The library needs no stack and installs here: pip install ."
    )
    if (system, machine) != ("Linux", "x86_64"):
        return f"the local Kafka, Triton and Milvus run on x86-64 Linux; this is {system} on {machine}. {instead}"
    needed = ".".join(map(str, GLIBC))
    if library != "glibc":
        return f"the local Triton needs glibc {needed} or later; this Linux has another C library. {instead}"
    if tuple(int(part) for part in version.split(".")[:2]) < GLIBC:
        return f"the local Triton needs glibc {needed} or later; this machine has {version}. {instead}"
    return None


def find_supported(environment: Mapping[str, str]) -> str | None:
    """The path of a Python 3.12, else of a 3.11, on the search path or where pyenv and uv keep theirs."""
    for version in SUPPORTED:
        for path in _candidates("{}.{}".format(*version), environment):
            if _version(path) == version:
                return os.path.realpath(path)
    return None


def _candidates(version: str, environment: Mapping[str, str]) -> Iterator[str]:
    on_path = shutil.which(f"python{version}", path=environment.get("PATH", ""))
    if on_path:
        yield on_path
    home = Path(environment.get("HOME", "/"))
    pyenv = environment.get("PYENV_ROOT") or home / ".pyenv"
    data = environment.get("XDG_DATA_HOME") or home / ".local/share"
    uv = environment.get("UV_PYTHON_INSTALL_DIR") or Path(data) / "uv/python"
    for kept, pattern in ((pyenv, f"versions/{version}.*/bin/python3"), (uv, f"cpython-{version}[.-]*/bin/python3")):
        yield from map(str, sorted(Path(kept).glob(pattern)))


def _version(path: str) -> tuple[int, int] | None:
    """What Python the program at `path` is; None for one that does not run (a pyenv shim without its version)."""
    try:
        answer = subprocess.run([path, "-I", "-c", PROBE], capture_output=True, text=True, timeout=20, check=True)
        major, minor = answer.stdout.split(".")
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def choose(running: tuple[int, int], executable: str, environment: Mapping[str, str]) -> tuple[str, str | None]:
    """What uv's `--python` takes, and a line for the person where that is not the Python that runs this."""
    if running in SUPPORTED:
        return os.path.realpath(executable), None
    mine = "{} is Python {}.{}".format(executable, *running)
    found = find_supported(environment)
    if found:
        return found, f"{mine}; the local Triton needs 3.11 or 3.12: using {found}"
    return FETCHED, (
        f"{mine}; the local Triton needs 3.11 or 3.12, and none is on this machine: fetching {FETCHED}. "
        f"To use one of your own: make PYTHON=/path/to/python{FETCHED} ..."
    )


def main(arguments: list[str]) -> int:
    """Prints the choice; what a person should know goes to standard error, less the notice with `--quiet`."""
    problem = unsuitable_machine(platform.system(), platform.machine(), platform.libc_ver())
    if problem:
        print(f"pinstream: {problem}", file=sys.stderr)  # noqa: T201
        return 1
    choice, notice = choose(sys.version_info[:2], sys.executable, os.environ)
    if notice and "--quiet" not in arguments:
        print(f"pinstream: {notice}", file=sys.stderr)  # noqa: T201
    print(choice)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
