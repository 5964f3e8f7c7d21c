"""What decides in Kubernetes whether a Triton lives: a real inference on each model."""

import subprocess
import sys

import pytest

from deploy.local.stack import LocalStack
from deploy.prometheus.tables import ROOT

pytestmark = pytest.mark.stack


def probe(server: str) -> subprocess.CompletedProcess[str]:
    """As the image runs it: alone, with Python's own library."""
    command = [sys.executable, "-S", "-E", str(ROOT / "deploy" / "triton" / "probe.py"), server, "30"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_server_whose_models_answer_lives(stack: LocalStack) -> None:
    run = probe(stack.endpoints.triton_http)

    assert (run.returncode, run.stderr) == (0, "")


def test_a_server_that_does_not_answer_is_named() -> None:
    run = probe("http://127.0.0.1:1")

    assert run.returncode == 1
    assert "detect at http://127.0.0.1:1" in run.stderr
