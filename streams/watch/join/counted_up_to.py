"""Up to when missed objectives were counted, so that a restart does not count them again."""

from pathlib import Path

_NAME = "counted-to-ms"
_WRITE_EVERY_MS = 10_000


class CountedUpTo:
    """A time in a file of the table's folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME
        self._written_ms = 0

    def read(self) -> int:
        """In ms; 0 without a file, or if the file holds something else."""
        try:
            return int(self._path.read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def write(self, at_ms: int, *, at_once: bool) -> None:
        """Atomically; if not ``at_once``, only where the time in the file is 10 s older."""
        if not at_once and at_ms - self._written_ms < _WRITE_EVERY_MS:
            return
        new = self._path.with_suffix(".new")
        new.write_text(str(at_ms))
        new.replace(self._path)
        self._written_ms = at_ms
