"""Alerts: of metrics that exist, each with a runbook, each seen to fire and to stay silent."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy.prometheus.rules import FOLDER, RUNBOOKS, alerts, files, own_names, recording_rules
from deploy.prometheus.tables import ROOT, metrics
from tests.deploy.known_metrics import unknown

HEADINGS = ["Meaning", "Impact", "Look here first", "Repair", "Prevention"]
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="no promtool on the PATH: apt-get install prometheus")


def promtool_cases() -> list[dict[str, object]]:
    """Every case that promtool runs: one alert at one moment."""
    cases = []
    for path in sorted((FOLDER.parent / "tests").glob("*.yaml")):
        for test in yaml.safe_load(path.read_text())["tests"]:
            cases += test["alert_rule_test"]
    return cases


def test_alerts_use_no_metric_that_no_table_declares() -> None:
    expressions = [alert.expression for alert in alerts()] + list(recording_rules().values())

    named = {name for expression in expressions for name in own_names(expression)}

    assert named
    assert unknown(named) == set()


def test_alerts_match_only_labels_that_their_metrics_have() -> None:
    labels = {series: {*metric.labels, "le", "instance", "job"} for metric in metrics() for series in metric.series}
    wrong = []
    for expression in [alert.expression for alert in alerts()] + list(recording_rules().values()):
        for name, matchers in re.findall(r"(pinstream_\w+)\{([^}]*)\}", expression):
            wrong += [
                f"{name}: {label}"
                for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers)
                if name in labels and label not in labels[name]
            ]

    assert not wrong


def test_every_alert_says_how_urgent_it_is_and_what_happens() -> None:
    names = [alert.name for alert in alerts()]

    assert len(set(names)) == len(names)
    for alert in alerts():
        assert alert.severity in ("page", "ticket"), alert.name
        assert alert.name.startswith("Pinstream")
        assert alert.runbook_url == f"{RUNBOOKS}/{alert.name}.md"
        assert alert.summary


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    pages = sorted((ROOT / RUNBOOKS).glob("*.md"))

    assert [page.stem for page in pages] == sorted(alert.name for alert in alerts())
    for page in pages:
        text = page.read_text()
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS, page
        severity = next(alert.severity for alert in alerts() if alert.name == page.stem)
        assert f"**Severity: {severity}.**" in text, page
    for path in files():
        for name in re.findall(r"alert: (\w+)", path.read_text()):
            assert f"deploy/prometheus/rules/{path.name}" in (ROOT / RUNBOOKS / f"{name}.md").read_text()


def test_every_alert_is_seen_to_fire_and_to_stay_silent() -> None:
    fires = {case["alertname"] for case in promtool_cases() if case["exp_alerts"]}
    silent = {case["alertname"] for case in promtool_cases() if not case["exp_alerts"]}

    assert fires == silent == {alert.name for alert in alerts()}


@needs_promtool
@pytest.mark.parametrize("path", sorted((FOLDER.parent / "tests").glob("*.yaml")), ids=lambda path: path.stem)
def test_alerts_do_what_their_tests_say(path: Path) -> None:
    run = subprocess.run([str(PROMTOOL), "test", "rules", str(path)], capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr


@needs_promtool
def test_prometheus_takes_the_rules() -> None:
    run = subprocess.run(
        [str(PROMTOOL), "check", "rules", *map(str, files())], capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stdout + run.stderr
