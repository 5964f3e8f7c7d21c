"""Downloads Kafka's published jars, verifies them against the pinned checksums, and keeps them in the cache folder.

``kafka.lock`` names every jar with its SHA-256. ``python -m deploy.local.parts.kafka_jars`` writes it anew after
COORDINATES has changed.
"""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from deploy.local.cache import Progress, cache_dir, exclusive, need_free_space
from deploy.local.errors import Prerequisite

if TYPE_CHECKING:
    from jgo.maven import MavenContext

KAFKA_VERSION: Final = "4.4.0"
COORDINATES: Final = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.slf4j:slf4j-simple:1.7.36")
LOCK_FILE: Final = Path(__file__).with_name("kafka.lock")
_DOWNLOADS_AT_ONCE: Final = 8
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned file: Maven coordinate ``group:artifact:version``, SHA-256 in hex, size."""

    coordinate: str
    sha256: str
    size_bytes: int


def locked_jars(lock: Path = LOCK_FILE) -> tuple[Jar, ...]:
    """What the lock file pins: one ``coordinate sha256 size`` a line."""
    lines = (line.split() for line in lock.read_text().splitlines() if line and not line.startswith("#"))
    return tuple(Jar(coordinate, sha256, int(size)) for coordinate, sha256, size in lines)


def class_path(progress: Progress) -> tuple[Path, ...]:
    """The jars on this machine, downloaded if they are not here yet, each one's checksum verified.

    Safe to call from several launchers at once: one downloads, the others wait for it.
    Raises Prerequisite when a jar can be neither found nor downloaded, or is not the pinned one.
    """
    jars, folder = locked_jars(), cache_dir() / "maven"
    if all(_is_intact(jar, folder) for jar in jars):
        return tuple(_path(jar, folder) for jar in jars)
    need_free_space(folder, megabytes=200, what="Kafka's download")
    with exclusive(folder):
        missing = [jar for jar in jars if not _is_intact(jar, folder)]
        meter = _Meter(sum(jar.size_bytes for jar in missing), progress)
        with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
            for download in [pool.submit(_download, jar, folder, meter) for jar in missing]:
                download.result()
    return tuple(_path(jar, folder) for jar in jars)


class _Meter:
    """Adds up what parallel downloads have received."""

    def __init__(self, total_bytes: int, progress: Progress) -> None:
        self._total_bytes, self._progress = total_bytes, progress
        self._done_bytes, self._lock = 0, Lock()

    @contextmanager
    def follow(self, _filename: str, _size_bytes: int) -> Iterator[Callable[[int], None]]:
        yield self.add

    def add(self, count_bytes: int) -> None:
        with self._lock:
            self._done_bytes += count_bytes
            done, total = self._done_bytes / 1e6, self._total_bytes / 1e6
        self._progress(f"downloading Kafka {KAFKA_VERSION}: {done:.0f} of {total:.0f} MB", min(done / total, 1.0))


def _download(jar: Jar, folder: Path, meter: _Meter) -> None:
    path, reason = _path(jar, folder), "?"
    for _ in range(_TRIES):
        path.unlink(missing_ok=True)  # a download that was cut off leaves half a file
        try:
            _context(folder, meter).create_dependency(jar.coordinate).artifact.resolve()
        except (OSError, RuntimeError) as exc:  # requests' errors are OSErrors
            reason = f"{type(exc).__name__}: {exc}"
            continue
        if _is_intact(jar, folder):
            return
        reason = f"its SHA-256 is {_sha256(path)}, not the pinned {jar.sha256}"
        path.unlink(missing_ok=True)
    raise Prerequisite(
        f"Kafka's {jar.coordinate} is not in {folder} and could not be downloaded from Maven Central "
        f"({reason}). It is needed once, with network access; copying that folder from another machine works too."
    )


def _context(folder: Path, meter: _Meter) -> "MavenContext":
    try:
        from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415 (slow, and needed once)
    except ImportError as exc:
        raise Prerequisite("the package jgo is missing; `make setup` installs it.") from exc
    return MavenContext(
        resolver=PythonResolver(progress_callback=meter.follow), repo_cache=folder, local_repos=[], timeout=30
    )


def _is_intact(jar: Jar, folder: Path) -> bool:
    path = _path(jar, folder)
    return path.is_file() and path.stat().st_size == jar.size_bytes and _sha256(path) == jar.sha256


def _path(jar: Jar, folder: Path) -> Path:
    group, artifact, version = jar.coordinate.split(":")
    return folder.joinpath(*group.split("."), artifact, version, f"{artifact}-{version}.jar")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_lock(lock: Path = LOCK_FILE) -> None:
    """Resolve COORDINATES anew and pin what comes, as it is downloaded now."""
    folder = cache_dir() / "maven"
    context = _context(folder, _Meter(1, lambda _text, _share: None))
    inputs, transitive = context.resolver.resolve([context.create_dependency(name) for name in COORDINATES])
    lines = []
    for found in (*inputs, *transitive):
        path = Path(found.artifact.resolve())
        coordinate = f"{found.groupId}:{found.artifactId}:{found.version}"
        lines.append(f"{coordinate} {_sha256(path)} {path.stat().st_size}\n")
    lock.write_text("# python -m deploy.local.parts.kafka_jars\n" + "".join(sorted(set(lines))))


if __name__ == "__main__":
    write_lock()
