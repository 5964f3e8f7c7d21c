"""What the numbers were measured on, and what each process cost."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path

import psutil


def description() -> dict[str, str | int]:
    """Processor, cores, memory and Python of this machine."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return {
        "processor": model,
        "cores": os.cpu_count() or 0,
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
    }


class CpuMeter:
    """CPU seconds that named process trees, and this process alone as ``publisher``, have used since it was made."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._trees = {name: process_tree(pid) for name, pid in pids.items()} | {"publisher": [psutil.Process()]}
        self._before = self._now()

    def used_s(self) -> dict[str, float]:
        """CPU seconds of each tree since this meter was made, by name."""
        now = self._now()
        return {name: now[name] - self._before[name] for name in now}

    def _now(self) -> dict[str, float]:
        return {name: sum(_cpu_s(process) for process in tree) for name, tree in self._trees.items()}


def process_tree(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
