"""A real Prometheus that scrapes what a test runs, with the rule files of the deployment."""

import json
import math
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.ports import HOST, free_ports
from deploy.prometheus import rules
from tests.integration.running_worker import eventually

EXECUTABLE = shutil.which("prometheus")
needs_prometheus = pytest.mark.skipif(
    EXECUTABLE is None, reason="no prometheus on the PATH: apt-get install prometheus"
)


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One that runs."""

    url: str

    def query(self, expression: str) -> list[float]:
        """The values of an instant query, without those that are no numbers; fails on an error."""
        return [value for _, value in self.samples(expression) if not math.isnan(value)]

    def samples(self, expression: str) -> list[tuple[Mapping[str, str], float]]:
        """Labels and value of each sample of an instant query; fails on an error."""
        found = self._get("query", {"query": expression})
        return [(each.get("metric", {}), float(each["value"][1])) for each in found["result"]]

    def firing(self) -> set[str]:
        """Names of the alerts that fire now."""
        return {
            alert["labels"]["alertname"] for alert in self._get("alerts", {})["alerts"] if alert["state"] == "firing"
        }

    def targets_up(self) -> set[str]:
        """Jobs of which every target answers."""
        active = self._get("targets", {"state": "active"})["activeTargets"]
        down = {each["labels"]["job"] for each in active if each["health"] != "up"}
        return {each["labels"]["job"] for each in active} - down

    def _get(self, path: str, parameters: Mapping[str, str]) -> Any:
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(address, timeout=30) as reply:
                return json.loads(reply.read())["data"]
        except urllib.error.HTTPError as exc:
            if exc.code == HTTPStatus.SERVICE_UNAVAILABLE:
                raise ConnectionError("Prometheus is starting") from exc
            raise AssertionError(f"{parameters}: {exc.read().decode()}") from exc


@contextmanager
def running_prometheus(
    folder: Path, targets: Mapping[str, str], *, rule_files: Sequence[Path] | None = None
) -> Iterator[Prometheus]:
    """One that scrapes ``targets`` (job to ``http://host:port/path``) every second; ends with the block."""
    assert EXECUTABLE is not None
    (port,) = free_ports(1)
    split = {job: urllib.parse.urlsplit(url) for job, url in targets.items()}
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(path.absolute()) for path in rule_files or rules.files()],
        "scrape_configs": [
            {"job_name": job, "metrics_path": url.path, "static_configs": [{"targets": [url.netloc]}]}
            for job, url in split.items()
        ],
    }
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [EXECUTABLE, f"--config.file={folder / 'prometheus.yaml'}", f"--storage.tsdb.path={folder / 'tsdb'}",
             f"--web.listen-address={HOST}:{port}"],
            stdout=log, stderr=log,
        )  # fmt: skip
    prometheus = Prometheus(f"http://{HOST}:{port}")

    def answers() -> bool:
        assert process.poll() is None, (folder / "prometheus.log").read_text()
        try:
            return prometheus.targets_up() == targets.keys()
        except (urllib.error.URLError, ConnectionError):
            return False

    try:
        eventually(answers, what=f"Prometheus to reach {', '.join(targets)}")
        yield prometheus
    finally:
        process.terminate()
        process.wait()


def impatient_rules(folder: Path, *, wait: str) -> list[Path]:
    """The deployment's rule files, expressions and all, except that no alert waits longer than ``wait``."""
    written = []
    for path in rules.files():
        groups = yaml.safe_load(path.read_text())
        for group in groups["groups"]:
            for rule in group["rules"]:
                if "for" in rule:
                    rule["for"] = wait
        written.append(folder / path.name)
        written[-1].write_text(yaml.safe_dump(groups))
    return written
