"""The stack as a table, one row for each part."""

import time

import psutil
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table

from deploy.local.parts.part import Endpoints
from deploy.local.state import PartRecord, StackRecord
from pinstream.cli.results import plain_table

_COLOURS = {"ready": "green", "external": "green", "starting": "yellow", "dead": "bold red", "stopped": "dim"}


def table(record: StackRecord, parts: tuple[PartRecord, ...]) -> Table:
    """Every part with its state, address, process, memory and age; ``parts`` as they are now."""
    shown = plain_table(("part", "state", "address", "pid", "memory", "up"), right=("pid", "memory", "up"))
    for part in parts:
        colour = _COLOURS[part.state]
        memory, age = _usage(part)
        where: RenderableType = _address(part.name, record.endpoints)
        if part.state == "starting" and part.doing:
            bar = [ProgressBar(total=1.0, completed=part.done_share, width=40)] if part.done_share is not None else []
            where = Group(part.doing, *bar)
        pid = str(part.pid) if part.pid and part.state != "stopped" else ""
        shown.add_row(part.name, f"[{colour}]{part.state}[/]", where, pid, memory, age)
    return shown


def line(part: PartRecord, endpoints: Endpoints) -> str:
    """One part in one line, for output that is not a terminal."""
    return " ".join(filter(None, (f"{part.name}:", part.state, part.doing or _address(part.name, endpoints))))


def _address(name: str, endpoints: Endpoints) -> str:
    metrics = endpoints.triton_metrics if name == "triton" else ""
    return ", ".join(filter(None, (endpoints.of(name), metrics)))


def _usage(part: PartRecord) -> tuple[str, str]:
    """Resident memory of a part with all it started, and the age of its process."""
    if part.state not in ("ready", "starting") or not part.pid:
        return "", ""
    try:
        leader = psutil.Process(part.pid)
        resident = sum(process.memory_info().rss for process in (leader, *leader.children(recursive=True)))
    except psutil.Error:
        return "", ""
    seconds = int(max(time.time() - part.created_at_s, 0.0))
    return f"{resident / 2**20:.0f} MB", f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
