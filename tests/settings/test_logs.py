"""Log lines, for people and for machines."""

import json
import logging

from settings.logs import HumanLines, JsonLines


def record() -> logging.LogRecord:
    made = logging.makeLogRecord(
        {
            "name": "streams.worker.consume.consumers",
            "levelno": logging.WARNING,
            "levelname": "WARNING",
            "msg": "lost %d",
            "args": (2,),
        }
    )
    made.partition = 3
    return made


def test_a_machine_reads_message_and_context() -> None:
    line = json.loads(JsonLines().format(record()))

    assert (line["level"], line["logger"], line["message"], line["partition"]) == (
        "warning",
        "streams.worker.consume.consumers",
        "lost 2",
        3,
    )


def test_a_person_reads_them_on_one_line() -> None:
    assert HumanLines().format(record()).endswith("WARNING streams.worker.consume.consumers: lost 2  partition=3")


def test_a_stack_trace_is_kept() -> None:
    made = record()
    try:
        raise ZeroDivisionError("bug")
    except ZeroDivisionError as exc:
        made.exc_info = (type(exc), exc, exc.__traceback__)

    assert "ZeroDivisionError: bug" in json.loads(JsonLines().format(made))["exception"]
