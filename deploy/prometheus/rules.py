"""The rule files as records: alerts, recording rules, and the metrics that an expression names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).parent / "rules"
RUNBOOKS: Final = Path("docs/operations/runbooks")

_OWN: Final = re.compile(r"pinstream[_:][a-z0-9_:]*[a-z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert as Prometheus reads it."""

    name: str
    expression: str
    severity: str
    summary: str
    runbook_url: str


def files() -> list[Path]:
    return sorted(FOLDER.glob("*.yaml"))


def alerts() -> list[Alert]:
    return [
        Alert(
            name=rule["alert"],
            expression=rule["expr"],
            severity=rule["labels"]["severity"],
            summary=rule["annotations"]["summary"],
            runbook_url=rule["annotations"]["runbook_url"],
        )
        for rule in _rules()
        if "alert" in rule
    ]


def recording_rules() -> dict[str, str]:
    """The recording rules: name to expression."""
    return {rule["record"]: rule["expr"] for rule in _rules() if "record" in rule}


def own_names(expression: str) -> set[str]:
    """Our own metrics among the names in an expression."""
    return set(_OWN.findall(expression))


def _rules() -> Iterator[dict[str, Any]]:
    for path in files():
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]
