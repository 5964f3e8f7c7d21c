"""The compose file and the images: well formed, pinned, bounded, and complete."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from deploy.prometheus.tables import ROOT
from tests.deploy.programs import wrong_settings

DEPLOY = ROOT / "deploy"
ONE_SHOT = {"topics", "collection"}
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|ACCESS_KEY|ROOT_USER")
PROMTOOL = shutil.which("promtool")


def composed() -> dict[str, Any]:
    """The file with its merges done, as Compose reads it."""
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text()))


SERVICES: dict[str, dict[str, Any]] = composed()["services"]


def test_it_is_what_the_compose_specification_allows() -> None:
    filled_in = re.sub(r"\$\{\w+:[?-]([^}]*)\}", lambda found: found[1].replace(" ", "-"), yaml.safe_dump(composed()))

    read = PyCompose.from_yaml(filled_in)

    read.validate()
    assert set(read.service_names()) == set(SERVICES)


def test_every_part_of_the_product_is_there() -> None:
    parts = {"kafka", "milvus", "etcd", "objects", "triton-cpu", "triton-gpu", "worker", "watch", "canary", "api"}

    assert parts | {"prometheus", "alertmanager", "grafana"} | ONE_SHOT <= set(SERVICES)
    assert (SERVICES["triton-cpu"]["profiles"], SERVICES["triton-gpu"]["profiles"]) == (["cpu"], ["gpu"])
    assert "--model-config-name=cpu" in SERVICES["triton-cpu"]["command"]


def test_images_are_pinned_and_what_runs_is_bounded_and_checked() -> None:
    for name, service in SERVICES.items():
        tag = service["image"].rpartition(":")[2]
        assert re.search(r"\d", tag), service["image"]
        assert "latest" not in tag, name
        assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}, name
        assert ("healthcheck" in service) == (name not in ONE_SHOT), name
        assert service["restart"] == ("on-failure" if name in ONE_SHOT else "unless-stopped"), name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["logging"]["options"]["max-size"], name


def test_services_listen_on_loopback_and_hold_no_secret() -> None:
    for name, service in SERVICES.items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        for variable, value in service.get("environment", {}).items():
            if SECRET.search(variable):
                assert re.fullmatch(r"\$\{\w+:\?.*\}", str(value)), f"{name}: {variable} is written out"


def test_programs_see_no_password_of_others() -> None:
    ignored = set((ROOT / ".gitignore").read_text().split())
    for name, service in SERVICES.items():
        files = [each["path"] for each in service.get("env_file", [])]
        assert ".env" not in files, f"{name} would get the passwords of object store and Grafana"
        assert {f"deploy/{each}" for each in files} <= ignored, name


def test_what_services_mount_exists() -> None:
    sources = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    known = composed()["volumes"]

    missing = [each for each in sources if not ((DEPLOY / each).exists() if each.startswith(".") else each in known)]
    assert not missing


def test_programs_get_only_settings_that_they_know() -> None:
    programs = {name: service for name, service in SERVICES.items() if service["image"].startswith("pinstream:")}

    assert programs
    for name, service in programs.items():
        assert wrong_settings(service["command"], service["environment"]) == [], name
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name


def test_commands_that_documents_run_in_a_container_get_only_settings_that_they_know() -> None:
    shown = re.compile(r"docker compose (?:-f \S+ )?(?:exec|run)((?: --\S+)*) ([\w-]+) (?:python -m )?([^\n`#]+)")
    found = [
        (page.name, service, words.split())
        for page in (ROOT / "docs").rglob("*.md")
        for _, service, words in shown.findall(page.read_text())
    ]

    assert found
    for page, service, words in found:
        assert wrong_settings(words, SERVICES[service]["environment"]) == [], f"{page}: {words} in {service}"


def test_no_two_canaries_share_a_name() -> None:
    """A container that a document runs one canary round in must not share the name of the canary that always runs."""
    page = (ROOT / "docs" / "operations" / "deploying.md").read_text()
    (service,) = re.findall(r"docker compose .* ([a-z]+) (?:python -m )?streams canary --once", page)

    assert "PINSTREAM_CANARY__NAME" not in SERVICES[service]["environment"]


def test_prometheus_scrapes_the_services_where_they_listen() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yaml").read_text())
    asked = {}
    for job in config["scrape_configs"]:
        for found in job.get("dns_sd_configs", []):
            asked[job["job_name"]] = f"{found['names'][0]}:{found['port']}"
        for found in job.get("static_configs", []):
            asked[job["job_name"]] = found["targets"][0]

    assert asked == {
        "pinstream-worker": "worker:9464",
        "pinstream-watch": "watch:9465",
        "pinstream-canary": "canary:9466",
        "pinstream-api": "api:8080",
        "triton": "triton:8002",
        "milvus": "milvus:9091",
        "prometheus": "localhost:9090",
        "alertmanager": "alertmanager:9093",
    }
    assert {target.split(":")[0] for target in asked.values()} - {"localhost", "triton"} <= set(SERVICES)


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool on the PATH: apt-get install prometheus")
def test_prometheus_takes_its_configuration() -> None:
    path = DEPLOY / "prometheus" / "prometheus.yaml"

    run = subprocess.run([str(PROMTOOL), "check", "config", str(path)], capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr


def test_alerts_reach_alertmanager_and_its_receivers() -> None:
    """Each of its files sends to receivers that it has, and reads only files that are mounted."""
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yaml").read_text())
    (manager,) = config["alerting"]["alertmanagers"]
    service = SERVICES["alertmanager"]
    (default,) = re.findall(r"--config.file=(\S+)/\$\{ALERT_RECEIVER:-(\w+)\}.yaml", " ".join(service["command"]))

    assert manager["static_configs"] == [{"targets": ["alertmanager:9093"]}]
    assert service["ports"] == ["127.0.0.1:9093:9093"]
    assert f"./alertmanager:{default[0]}:ro" in service["volumes"]
    assert (DEPLOY / "alertmanager" / f"{default[1]}.yaml").exists()
    for path in (DEPLOY / "alertmanager").glob("*.yaml"):
        config = yaml.safe_load(path.read_text())
        routes = [config["route"], *config["route"].get("routes", [])]
        assert {route["receiver"] for route in routes} == {each["name"] for each in config["receivers"]} == {path.stem}
        for file in re.findall(r"_file: (\S+)", path.read_text()):
            assert file.startswith(f"{default[0]}/")
            assert f"deploy/alertmanager/{Path(file).name}" in (ROOT / ".gitignore").read_text().split()


def test_grafana_finds_its_source_and_the_dashboards() -> None:
    provisioning = DEPLOY / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text())["datasources"]
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "pinstream.yaml").read_text())["providers"]
    mounts = dict(volume.split(":")[:2] for volume in SERVICES["grafana"]["volumes"])

    assert source["url"] == "http://prometheus:9090"
    assert mounts["./grafana/dashboards"] == provider["options"]["path"]
    assert mounts["../docs/operations/runbooks"].endswith("/public/runbooks"), "where the panels' links lead"


def test_the_example_names_every_variable_without_a_value() -> None:
    needed = set(re.findall(r"\$\{(\w+):\?", (DEPLOY / "compose.yaml").read_text()))
    example = dict(re.findall(r"^(\w+)=(.*)$", (DEPLOY / "example.env").read_text(), re.MULTILINE))

    assert example == dict.fromkeys(needed, "")
    assert "deploy/.env" in (ROOT / ".gitignore").read_text().split()


def test_the_dockerfile_has_nothing_that_hadolint_warns_of() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")

    run = subprocess.run([hadolint, DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr


def test_the_image_is_not_roots_and_its_bases_are_pinned() -> None:
    text = (DEPLOY / "Dockerfile").read_text()

    stages = re.split(r"^FROM ", text, flags=re.MULTILINE)
    assert [bool(re.search(r"^USER [1-9]", stage, re.MULTILINE)) for stage in stages[3:]] == [True, True]
    assert not re.search(r"^FROM \S+(:latest)?$", text, re.MULTILINE)
    bases = re.findall(r"^FROM (\S+) AS", text, re.MULTILINE)
    assert all(":" in base and "latest" not in base for base in bases)


def test_the_images_versions_are_those_of_the_checkout() -> None:
    text, lock = (DEPLOY / "Dockerfile").read_text(), tomllib.loads((ROOT / "uv.lock").read_text())
    locked = {package["name"]: package["version"] for package in lock["package"]}

    assert re.findall(r"onnxruntime==(\S+)", text) == [locked["onnxruntime"]], "the same arithmetic as in the tests"
    assert re.findall(r"astral-sh/uv:(\S+)", text) == re.findall(
        r"^UV_VERSION := (\S+)", (ROOT / "Makefile").read_text(), re.M
    )
    tags = {service["image"] for service in SERVICES.values() if service["image"].startswith("pinstream")}
    assert {tag.rpartition(":-")[2].rstrip("}") for tag in tags} == {locked["pinstream"]}
    chart = yaml.safe_load((DEPLOY / "helm" / "pinstream" / "Chart.yaml").read_text())
    assert chart["appVersion"] == locked["pinstream"]


def test_the_packages_of_the_image_suffice_for_every_program(tmp_path: Path) -> None:
    """What the Dockerfile copies and installs, without Docker: rooms and packages that it forgot are missing here."""
    uv = ROOT / ".venv-tools" / "bin" / "uv"
    if not uv.exists():
        pytest.skip("no uv in .venv-tools: make setup")
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    copied = {
        word.rstrip("/") for line in re.findall(r"^COPY ([^-].*)$", text, re.MULTILINE) for word in line.split()[:-1]
    }
    (options,) = set(re.findall(r"uv sync (.*?--group tracing)", text))
    for name in copied:
        source = ROOT / name
        shutil.copytree(source, tmp_path / name) if source.is_dir() else shutil.copy2(source, tmp_path / name)
    environment = tmp_path / "environment"
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    sync = subprocess.run(
        [uv, "sync", "--quiet", "--offline", "--python", python, *options.split()],
        cwd=tmp_path, env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(environment)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "not found in the cache" in sync.stderr or "--offline" in sync.stderr:
        pytest.skip(f"uv's cache lacks a package: {sync.stderr}")
    assert sync.returncode == 0, sync.stderr
    code = (
        "import streams.__main__, streams.worker.service, streams.worker.tracing, api.server, index.__main__, "
        "inference.cli, streams.watch.service, streams.watch.http.server"
    )

    run = subprocess.run(
        [environment / "bin" / "python", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stderr
