"""`make demo` for real: the whole stack, a worker, pins that become searchable, a page that shows them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from PIL import Image

from samples import draw, jpeg

ROOT = Path(__file__).parents[2]
FIELDS = ["pins", "indexed", "dead", "objects", "freshness_ms", "stages_ms"]
STAGES = ["queue", "fetch", "decode", "detect", "embed", "write", "visible"]

pytestmark = pytest.mark.stack


def demo(out: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "deploy.demo", "--exit", "--out", str(out), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)


def left_running(out: Path) -> list[str]:
    return [
        " ".join(command)
        for process in psutil.process_iter(["cmdline"])
        if str(out) in " ".join(command := process.info["cmdline"] or []) and process.pid != os.getpid()
    ]


def test_sample_pins_are_all_found_and_shown(tmp_path: Path) -> None:
    out, figures = tmp_path / "demo", tmp_path / "figures.json"

    done = demo(out, "--pins", "12", "--rate", "6", "--json", str(figures))

    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(figures.read_text())
    assert list(report) == FIELDS
    assert (report["pins"], report["indexed"], report["dead"]) == (12, 12, 0)
    assert list(report["freshness_ms"]) == ["p50", "p95", "p99", "max"]
    assert list(report["stages_ms"]) == STAGES
    assert 0 < report["freshness_ms"]["p50"] <= report["freshness_ms"]["max"]
    page = (out / "index.html").read_text()
    assert "12 of 12" in page
    assert page.count("distance ") >= 8
    for said in ("first pin found", "12 found, 0 dead; every one accounted for", str(out / "index.html"), "freshness"):
        assert said in done.stdout
    assert left_running(out) == []
    assert not list(out.glob("run-*"))


def test_broken_pictures_among_good_ones_are_dead_and_accounted_for(tmp_path: Path) -> None:
    out, pictures, figures = tmp_path / "demo", tmp_path / "my pictures", tmp_path / "figures.json"
    (pictures / "deeper").mkdir(parents=True)
    for number, name in enumerate(("a.jpg", "deeper/b.JPG", "grün 100%.jpeg")):
        (pictures / name).write_bytes(jpeg(draw(number)))
    Image.new("RGBA", (64, 48), (20, 120, 120, 90)).save(pictures / "deeper" / "alpha.png")
    Image.new("P", (64, 48)).save(pictures / "first frame.gif")
    (pictures / "truncated.jpg").write_bytes(jpeg(draw(3))[:2_000])
    (pictures / "empty.webp").touch()
    (pictures / "notes.txt").write_text("not a picture, and not said to be one")

    done = demo(out, "--images", str(pictures), "--rate", "6", "--json", str(figures))

    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(figures.read_text())
    assert (report["pins"], report["indexed"], report["dead"]) == (7, 5, 2)
    assert "dead letter truncated-" in done.stdout
    assert "dead letters" in (out / "index.html").read_text()
