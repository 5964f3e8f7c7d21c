"""SQLite tables for one command, in a temporary file: memory stays small, however many pins a topic holds."""

import sqlite3


def open_temporary_tables(schema: str) -> sqlite3.Connection:
    """Tables in one open transaction; closing the connection removes them."""
    tables = sqlite3.connect("", isolation_level=None)  # without a name SQLite uses a temporary file
    tables.execute("pragma journal_mode = off")
    tables.executescript(schema)
    tables.execute("begin")
    return tables
