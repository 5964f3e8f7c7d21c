"""The chart: what it renders is valid, pinned and bounded, probes test progress, and programs know their settings.

A manifest rendered with default values is committed, so that all of this is checked without helm. Where there is one,
it must render the same (``HELM_WRITE=1 pytest tests/deploy/test_helm.py`` writes it), and every choice is rendered too.
"""

import json
import os
import re
import shutil
import subprocess
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from deploy.grafana.files import FOLDER as DASHBOARDS
from deploy.prometheus.rules import RUNBOOKS, files
from deploy.prometheus.tables import ROOT
from tests.deploy.programs import wrong_settings

CHART = ROOT / "deploy" / "helm" / "pinstream"
GOLDEN = Path(__file__).parent / "helm" / "default.yaml"
EVERYTHING = Path(__file__).parent / "helm" / "everything.yaml"
CACHED = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "pinstream" / "helm-4.3.1" / "helm"
HELM = shutil.which("helm") or (str(CACHED) if CACHED.exists() else None)
needs_helm = pytest.mark.skipif(HELM is None, reason="no helm on the PATH nor in the cache: .ci/helm brings one")

CUSTOM = {"ScaledObject", "ServiceMonitor", "PrometheusRule"}
"""Custom resources, whose schemas Kubernetes does not have."""
Manifest = dict[str, Any]


def helm(*arguments: str) -> str:
    run = subprocess.run([str(HELM), *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr + run.stdout
    return run.stdout


@cache
def rendered(values: Path | None = None) -> str:
    return helm("template", "pinstream", str(CHART), *(() if values is None else ("--values", str(values))))


def manifests(text: str) -> list[Manifest]:
    return [each for each in yaml.safe_load_all(text) if each]


DEFAULT = manifests(GOLDEN.read_text()) if GOLDEN.exists() else []


def of_kind(kind: str, among: list[Manifest]) -> dict[str, Manifest]:
    return {each["metadata"]["name"]: each for each in among if each["kind"] == kind}


def pod_specs(among: list[Manifest]) -> dict[str, Manifest]:
    """Every pod that would run, by the name of what starts it."""
    found = {}
    for each in among:
        spec = each.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if each["kind"] == "Pod":
            found[each["metadata"]["name"]] = each["spec"]
        elif "template" in spec:
            found[each["metadata"]["name"]] = spec["template"]["spec"]
    return found


def containers(among: list[Manifest]) -> dict[str, Manifest]:
    return {
        f"{name}/{each['name']}": each
        for name, spec in pod_specs(among).items()
        for each in [*spec.get("initContainers", []), *spec["containers"]]
    }


def invalid(among: list[Manifest]) -> list[str]:
    """What Kubernetes' own schemas, applied strictly, find wrong in the manifests."""
    found = []
    for each in among:
        if each["kind"] not in CUSTOM:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    kubernetes_validate.validate(each, "1.31", strict=True)
            except kubernetes_validate.ValidationError as exc:
                found.append(f"{each['kind']} {each['metadata']['name']}: {exc}")
    return found


def test_what_is_installed_by_default_is_valid_and_whole() -> None:
    assert invalid(DEFAULT) == []
    kinds = {(each["kind"], each["metadata"]["name"].removeprefix("pinstream-")) for each in DEFAULT}
    assert {
        ("Deployment", "worker"), ("Deployment", "api"), ("Deployment", "triton"), ("StatefulSet", "watch"),
        ("Job", "init"), ("Deployment", "canary"), ("CronJob", "audit"), ("PodDisruptionBudget", "worker"),
        ("PodDisruptionBudget", "api"),
        ("NetworkPolicy", "worker"), ("NetworkPolicy", "triton"), ("NetworkPolicy", "fetching"), ("Service", "api"),
    } <= kinds  # fmt: skip


def test_every_container_is_bounded_and_does_not_run_as_root() -> None:
    for name, spec in pod_specs(DEFAULT).items():
        assert spec["securityContext"]["runAsNonRoot"], name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
    for name, each in containers(DEFAULT).items():
        assert re.search(r":\d", each["image"]), name
        assert "memory" in each["resources"]["limits"], name
        assert each["resources"]["requests"].keys() == {"cpu", "memory"}, name
        assert each["securityContext"]["readOnlyRootFilesystem"], name
        assert each["securityContext"]["capabilities"] == {"drop": ["ALL"]}, name


def test_probes_test_progress_and_real_work() -> None:
    found = containers(DEFAULT)

    worker = found["pinstream-worker/worker"]
    assert worker["livenessProbe"]["httpGet"]["path"] == "/healthz", "progress: see docs/worker.md"
    assert worker["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert found["pinstream-api/api"]["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert found["pinstream-triton/triton"]["livenessProbe"]["exec"]["command"][-1].endswith("/probe.py")
    for name in ("pinstream-worker/worker", "pinstream-watch/watch", "pinstream-api/api", "pinstream-triton/triton"):
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= found[name].keys(), name
    grace_s = pod_specs(DEFAULT)["pinstream-worker"]["terminationGracePeriodSeconds"]
    assert grace_s > 10, "above PINSTREAM_DRAIN_S"


def test_programs_get_only_settings_that_they_know() -> None:
    for name, each in containers(DEFAULT).items():
        environment = {variable["name"]: variable.get("value") for variable in each.get("env", [])}
        assert wrong_settings(each.get("args", []), environment) == [], name


def test_fetching_pods_reach_dns_and_not_the_metadata_service() -> None:
    egress = of_kind("NetworkPolicy", DEFAULT)["pinstream-fetching"]["spec"]["egress"]
    blocks = [(peer["ipBlock"], rule.get("ports")) for rule in egress for peer in rule["to"] if "ipBlock" in peer]

    everywhere = [block for block, ports in blocks if ports is None]
    assert [block["cidr"] for block in everywhere] == ["0.0.0.0/0", "::/0"]
    assert "169.254.0.0/16" in everywhere[0]["except"]
    ((cache, ports),) = [(block, ports) for block, ports in blocks if ports is not None]
    assert cache["cidr"] == "169.254.20.10/32", "NodeLocal DNSCache"
    assert {(port["protocol"], port["port"]) for port in ports} == {("UDP", 53), ("TCP", 53)}


def test_values_and_their_schema_know_the_same_names() -> None:
    values, schema = (
        yaml.safe_load((CHART / "values.yaml").read_text()),
        json.loads((CHART / "values.schema.json").read_text()),
    )

    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(values, schema)
    jsonschema.validate(yaml.safe_load(EVERYTHING.read_text()), schema)
    assert missing(values, schema) == []
    for wrong in (
        {"worker": {"replica": 1}},
        {"kafka": {"servers": "no-port"}},
        {"milvus": {"uri": "milvus:19530"}},
        {"audit": {"sample": 2}},
        {"settings": {"KAFKA": "x"}},
        {"kafka": {"client": {"a": 1}, "clientSecret": "s"}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)  # fmt: skip


def missing(values: dict[str, Any], schema: dict[str, Any], path: str = "") -> list[str]:
    """Names of either side that the other lacks."""
    if schema.get("additionalProperties") is not False:
        return []
    known = schema["properties"].keys() - {"global"}
    found = [f"{path}{name}" for name in known ^ values.keys() if "resources" not in path]
    for name in known & values.keys():
        if isinstance(values[name], dict):
            found += missing(values[name], schema["properties"][name], f"{path}{name}.")
    return found


def test_the_chart_links_to_the_rules_and_dashboards() -> None:
    assert (CHART / "rules").resolve() == files()[0].parent
    assert (CHART / "dashboards").resolve() == DASHBOARDS


@needs_helm
def test_the_committed_manifest_is_what_helm_renders() -> None:
    if os.environ.get("HELM_WRITE"):
        GOLDEN.write_text(rendered())

    assert manifests(GOLDEN.read_text()) == manifests(rendered())


@needs_helm
def test_helm_lint_finds_nothing() -> None:
    assert "0 chart(s) failed" in helm("lint", "--strict", str(CHART))
    assert "helm test pinstream" in helm("install", "pinstream", str(CHART), "--dry-run=client")


@needs_helm
def test_every_choice_renders_to_something_valid() -> None:
    every = manifests(rendered(EVERYTHING))

    assert invalid(every) == []
    for name, each in containers(every).items():
        environment = {variable["name"]: variable for variable in each.get("env", [])}
        assert wrong_settings(each.get("args", []), environment) == [], name
        assert "password" not in json.dumps(each).lower(), name
    worker = {each["name"]: each for each in containers(every)["pinstream-worker/worker"]["env"]}
    assert worker["PINSTREAM_KAFKA__CLIENT"]["valueFrom"]["secretKeyRef"] == {"name": "kafka-client", "key": "client"}
    assert worker["PINSTREAM_MILVUS__TOKEN"]["valueFrom"]["secretKeyRef"] == {"name": "milvus-token", "key": "token"}
    assert worker["PINSTREAM_TRACING__ENDPOINT"]["value"] == "http://collector:4317"
    assert "--model-config-name=cpu" in containers(every)["pinstream-triton/triton"]["args"]
    assert "nvidia.com/gpu" not in json.dumps(every)


@needs_helm
def test_workers_scale_on_seconds_and_never_beyond_the_partitions() -> None:
    every = manifests(rendered(EVERYTHING))

    scaled = of_kind("ScaledObject", every)["pinstream-worker"]["spec"]
    assert scaled["maxReplicaCount"] == 6, "kafka.partitions"
    assert scaled["fallback"]["replicas"] == 6
    (trigger,) = scaled["triggers"]
    assert "_lag_seconds" in trigger["metadata"]["query"]
    assert "replicas" not in of_kind("Deployment", every)["pinstream-worker"]["spec"]


@needs_helm
def test_alerts_and_dashboards_arrive_as_they_are_committed() -> None:
    every = manifests(rendered(EVERYTHING))

    groups = of_kind("PrometheusRule", every)["pinstream"]["spec"]["groups"]
    committed = [group for path in files() for group in yaml.safe_load(path.read_text())["groups"]]
    moved = json.dumps(committed).replace(f'"{RUNBOOKS}', '"https://runbooks.example.org/pinstream')
    assert groups == json.loads(moved)
    maps = of_kind("ConfigMap", every)
    for path in DASHBOARDS.glob("*.json"):
        held = maps[f"pinstream-dashboard-{path.stem.replace('_', '-')}"]["data"][path.name]
        assert json.loads(held) == json.loads(path.read_text())
    monitors = of_kind("ServiceMonitor", every)
    services = of_kind("Service", every)
    assert monitors.keys() == {f"pinstream-{part}" for part in ("worker", "watch", "canary", "api", "triton")}
    for name, monitor in monitors.items():
        (endpoint,) = monitor["spec"]["endpoints"]
        assert endpoint["port"] in {port["name"] for port in services[name]["spec"]["ports"]}, name
        assert monitor["spec"]["selector"]["matchLabels"].items() <= services[name]["metadata"]["labels"].items(), name


@needs_helm
def test_an_own_triton_needs_an_address() -> None:
    run = subprocess.run(
        [str(HELM), "template", "x", str(CHART), "--set", "triton.enabled=false"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode != 0
    assert "triton.address" in run.stderr
