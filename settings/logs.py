"""Log lines on standard error: for people, or JSON for machines; context travels in ``extra``."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final, Literal

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class HumanLines(logging.Formatter):
    """``20:15:03 WARNING streams.worker.consume.consumers: text  partition=3``."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the stack trace below it if there is one."""
        at = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        said = "  ".join(f"{name}={value}" for name, value in context_of(record).items())
        line = f"{at} {record.levelname} {record.name}: {record.getMessage()}" + (f"  {said}" if said else "")
        return line + (f"\n{self.formatException(record.exc_info)}" if record.exc_info else "")


class JsonLines(logging.Formatter):
    """One JSON object a line: ``at``, ``level``, ``logger``, ``message`` and the context."""

    def format(self, record: logging.LogRecord) -> str:
        """The object, with ``exception`` if there is one."""
        fields: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **context_of(record),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str)


def context_of(record: logging.LogRecord) -> dict[str, Any]:
    """What a line was given as ``extra``."""
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def configure(log_format: Literal["human", "json"], level: str) -> None:
    """Send this process's log lines to standard error."""
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(JsonLines() if log_format == "json" else HumanLines())
    logging.basicConfig(level=level.upper(), handlers=[lines], force=True)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # its failures are translated and counted here
