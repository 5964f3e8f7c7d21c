"""The worker's configuration reference: ``python -m streams reference``."""

from typing import Final

from settings.reference import tables
from streams.settings import WorkerSettings

_HEAD: Final = """\
# Configuration of the worker

Written by `python -m streams reference` from `streams/settings.py` and `settings/`; a test compares. All settings are
read once, from the environment. Lists and tables of keys are JSON. A wrong setting is named with its value and what is
allowed, and the worker exits with status 2. What it runs with is logged once at start, secrets masked.

Keys in `PINSTREAM_KAFKA__CLIENT`, `__CONSUMER` and `__PRODUCER` are librdkafka's own, passed on untouched; whatever
they say, offsets are committed by the worker only.
"""


def reference() -> str:
    """Markdown: a head, and one table for each group of settings."""
    return "\n".join([_HEAD, tables(WorkerSettings, "The worker")])
