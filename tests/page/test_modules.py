"""The page's pure modules, tested by node's own runner; playwright brings a node along."""

import shutil
import subprocess
from pathlib import Path

import pytest


def node() -> str:
    import playwright

    bundled = Path(playwright.__file__).parent / "driver" / "node"
    found = str(bundled) if bundled.exists() else shutil.which("node")
    if found is None:
        pytest.skip("no node: neither in the playwright package nor on the path")
    return found


def test_pure_modules_of_the_page() -> None:
    files = sorted(str(path) for path in (Path(__file__).parent / "modules").glob("*.test.mjs"))

    ran = subprocess.run([node(), "--test", *files], capture_output=True, text=True, timeout=120, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len(files) > 5
