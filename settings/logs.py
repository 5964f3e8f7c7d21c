"""Log lines on standard error: for people, or as JSON; the context of a line is its ``extra``."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final, Literal

from settings.environment import ProcessSettings, effective, start_sentence

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class HumanLines(logging.Formatter):
    """``20:15:03 WARNING streams.worker.consume.consumers: text  partition=3``."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        context = "  ".join(f"{name}={value}" for name, value in context_of(record).items())
        line = f"{at} {record.levelname} {record.name}: {record.getMessage()}" + (f"  {context}" if context else "")
        return line + (f"\n{self.formatException(record.exc_info)}" if record.exc_info else "")


class JsonLines(logging.Formatter):
    """One JSON object a line: ``at``, ``level``, ``logger``, ``message`` and the context."""

    def format(self, record: logging.LogRecord) -> str:
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
    """The ``extra`` of a log line."""
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def start_logging(log: logging.Logger, process: str, settings: ProcessSettings) -> None:
    """Configure the log lines of this process, and write the first one."""
    configure(settings.log_format, settings.log_level)
    log.info("%s", start_sentence(process, settings))
    log.debug("all settings", extra={"settings": effective(settings)})


def configure(log_format: Literal["human", "json"], level: str) -> None:
    """Send this process's log lines to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if log_format == "json" else HumanLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("pymilvus").setLevel(
        logging.CRITICAL
    )  # its errors are raised to us, and logged where they are handled
