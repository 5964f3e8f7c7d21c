"""``manifest.json`` of a cache: what it was made from, so that it is never used with anything else."""

import hashlib
import json
from pathlib import Path
from typing import Any

from inference.training.errors import TrainingProblem
from inference.training.settings import differences


def write_manifest(path: Path, names: list[str], facts: dict[str, Any]) -> None:
    """Keeps what a cache is made from; raises TrainingProblem if ``path`` says something else."""
    now = {"pictures": hashlib.sha256("\n".join(names).encode()).hexdigest(), **facts}
    other = differences(json.loads(path.read_text()), now) if path.is_file() else ""
    if other:
        raise TrainingProblem(f"{path.parent} was made from something else: {other}; remove it or name another")
    path.write_text(json.dumps(now))


def add_elsewhere(path: Path, digest: str) -> None:
    """Adds which pictures of another domain are cached; raises TrainingProblem if others are."""
    kept = json.loads(path.read_text())
    if kept.get("elsewhere") is not None:
        check_elsewhere(path.parent, kept["elsewhere"], digest)
    path.write_text(json.dumps(kept | {"elsewhere": digest}))


def check_elsewhere(where: Path, kept: str | None, digest: str) -> None:
    """Raises TrainingProblem unless what ``where`` keeps of another domain is of the pictures with this digest."""
    if kept != digest:
        raise TrainingProblem(
            f"{where} keeps {'nothing' if kept is None else f'pictures of SHA-256 {kept}'} of another domain, and "
            f"--elsewhere has {digest}; give it as `prepare` had it, or another --runs"
        )
