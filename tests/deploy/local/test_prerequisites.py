import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.cache import need_free_space
from deploy.local.errors import Prerequisite
from deploy.local.parts.triton import need_glibc

CHECKOUT = Path(__file__).parents[3]


def test_an_old_glibc_is_named_with_what_to_do() -> None:
    with pytest.raises(Prerequisite, match=r"glibc 2\.35 or newer .* this machine has 2\.31\. .*--triton HOST:PORT"):
        need_glibc("glibc", "2.31")


@pytest.mark.parametrize("version", ["2.35", "2.36", "2.41"])
def test_a_new_enough_glibc_passes(version: str) -> None:
    need_glibc("glibc", version)


def test_a_full_disk_is_named_before_anything_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "yet"

    with pytest.raises(Prerequisite, match=rf"Kafka needs 999999999 MB on the disk of {tmp_path}"):
        need_free_space(folder, megabytes=999_999_999, what="Kafka")

    assert not (tmp_path / "not").exists()


def test_a_missing_package_is_one_sentence() -> None:
    argv = (sys.executable, "-S", "-m", "deploy.local", "status")

    done = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert "is missing; `make setup` installs it" in done.stderr
    assert "Traceback" not in done.stderr
