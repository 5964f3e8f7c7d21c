"""The library as other teams install it: the wheel in an empty environment, and the README's example run there."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.bootstrap import init
from pinstream.store.collection import Row
from pinstream.store.milvus import MilvusStore
from schemas.topics import topics
from streams.topic_setup import TopicSetup

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack

ROOT = Path(__file__).parents[2]
UV = ROOT / ".venv-tools/bin/uv"
README = ROOT / "README.md"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an environment that holds the wheel, its extras as locked, and nothing else of this checkout."""
    if not UV.exists():
        pytest.skip("no uv in .venv-tools: make setup")
    environment = tmp_path_factory.mktemp("library") / "environment"
    wheels = environment.parent / "dist"
    # Variables of this interpreter would reach into this checkout, and a make above this one into the one below.
    foreign = ("PYTHON", "VIRTUAL_ENV", "MAKE", "MFLAGS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    locked = ["sync", "--frozen", "--no-build", "--no-default-groups", "--all-extras", "--no-install-project"]
    run(["make", "wheel", f"PYTHON={sys.executable}", f"DIST={wheels}"], cwd=ROOT, env=kept)
    run(
        [str(UV), *locked, "--python", sys.executable],
        cwd=ROOT,
        env=kept | {"UV_PROJECT_ENVIRONMENT": str(environment)},
    )
    (wheel,) = wheels.glob("*.whl")
    python = str(environment / "bin/python")
    run([str(UV), "pip", "install", "--no-deps", "--python", python, str(wheel)], cwd=wheels, env=kept)
    run([str(UV), "pip", "check", "--python", python], cwd=wheels, env=kept)
    return environment


def run(command: list[str], *, cwd: Path, env: dict[str, str] | None = None) -> str:
    """What the command printed; a failure shows its errors."""
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_installed_library_has_every_public_name_and_the_command(library: Path) -> None:
    names = "import pinstream; [getattr(pinstream, name) for name in pinstream.__all__]; print(pinstream.__file__)"

    found_in = run([str(library / "bin/python"), "-I", "-c", names], cwd=library)
    helped = run([str(library / "bin/pinstream"), "--help"], cwd=library)

    assert Path(found_in.strip()).is_relative_to(library)
    assert "publish" in helped


@pytest.mark.stack
def test_the_example_publishes_a_pin_and_prints_what_is_like_it(library: Path, stack: "LocalStack") -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    TopicSetup({"bootstrap.servers": stack.endpoints.kafka}).ensure(topics())
    store = MilvusStore(stack.endpoints.milvus)
    init(store)
    code = bytes(range(100, 132))
    store.upsert(
        [
            Row(pin_id=pin, slot=0, alive=True, code=code, version=1, image_sha256=pin)
            for pin in ("sunset-1", "sunset-9")
        ]
    )
    store.close()
    here = example.replace("127.0.0.1:9092", stack.endpoints.kafka).replace(
        "http://127.0.0.1:19530", stack.endpoints.milvus
    )

    printed = run([str(library / "bin/python"), "-I", "-c", here], cwd=library)

    assert printed.startswith("sunset-9  similarity 1.00  ")
