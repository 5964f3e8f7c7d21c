"""How far missed objectives were counted, beyond the life of a process."""

from pathlib import Path

_NAME = "counted-to-ms"
_WRITE_EVERY_MS = 10_000


class SweptTo:
    """A moment in a file beside the table; without the file nothing is known, as at the very first start."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME
        self._written_ms = 0

    def read(self) -> int:
        """The moment, ms; 0 where none was written, or what is there is none."""
        try:
            return int(self._path.read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def write(self, at_ms: int, *, at_once: bool) -> None:
        """Keep it, whole or not at all; if not at once, only where the one kept is ten seconds older."""
        if not at_once and at_ms - self._written_ms < _WRITE_EVERY_MS:
            return
        beside = self._path.with_suffix(".new")
        beside.write_text(str(at_ms))
        beside.replace(self._path)
        self._written_ms = at_ms
