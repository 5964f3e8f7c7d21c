"""Every example of docs/api.md, and what the README shows of the service, runs as shown."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pinstream.store.collection import Row, tombstone
from tests.integration.drive import picture
from tests.integration.running_service import RunningService
from tests.integration.running_worker import Site

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack
    from pinstream.store.milvus import MilvusStore

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "api.md"
SHOWN_ADDRESS = "http://127.0.0.1:8080"
CODE = bytes(range(60, 92))


def examples() -> list[str]:
    """The curl calls of the page and of the README, each in one line."""
    pages = PAGE.read_text() + (ROOT / "README.md").read_text()
    blocks = re.findall(r"```sh\n(.*?)```", pages, flags=re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line for line in lines if line.startswith("curl ")]


def asked(example: str, address: str, folder: Path) -> str:
    command = shlex.split(example.replace("$API", address).replace(SHOWN_ADDRESS, address))
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in (0, 28), f"{example}: {done.stderr}"  # 28: the stream was left after its two seconds
    return done.stdout


def run(address: str, folder: Path) -> str:
    """What the page's Python example prints."""
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    command = [sys.executable, "-c", example.replace(SHOWN_ADDRESS, address)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return "\n".join(line for line in done.stdout.splitlines() if line.startswith(("sunset-2", "a photo"))) + "\n"


@pytest.mark.stack
def test_every_curl_example_of_the_page_runs_as_shown(
    stack: "LocalStack", store: "MilvusStore", tmp_path: Path
) -> None:
    (tmp_path / "photo.jpg").write_bytes(picture(7))
    folder = Path(next(part for part in stack.records if part.name == "pictures").argv[-2])
    (folder / "sunset.jpg").write_bytes(picture(8))
    rows = [
        Row(
            pin_id=f"sunset-{pin}", slot=slot, alive=True, code=CODE, version=1, object_count=1,
            label="sun" if slot else "",
            image_sha256=f"sunset-{pin}", image_url=f"{stack.endpoints.pictures}/sunset.jpg",
            published_at_ms=1, indexed_at_ms=2,
        )
        for pin in (1, 2) for slot in (0, 1)
    ]  # fmt: skip
    store.upsert(rows)

    with RunningService(Site(stack.endpoints), tmp_path) as service:
        answers = {example: asked(example, service.address, tmp_path) for example in examples()}
        printed = run(service.address, tmp_path)
    store.upsert([tombstone(row.pin_id, row.slot, 2, at_ms=3) for row in rows])

    bodies = {example: json.loads(text) for example, text in answers.items() if text.startswith("{")}
    assert [text for example, text in answers.items() if "event-stream" in example] == ["retry: 2000\n\n"]
    assert (tmp_path / "sunset.webp").read_bytes().startswith(b"RIFF")
    statuses = {example: body.get("status", 200) for example, body in bodies.items()}
    assert statuses == {example: 404 if "never-published" in example else 200 for example in bodies}
    shown = json.loads(re.findall(r"^    (\{.*?\})$", PAGE.read_text(), flags=re.DOTALL | re.MULTILINE)[0])
    assert bodies["curl -s $API/v1/pins/never-published"] == shown
    assert re.fullmatch(r"sunset-2  similarity 1\.00\na photo of 256 x \d+ px\n", printed)
    assert bodies["curl -s $API/v1/pins/sunset-1"]["objects"][0]["label"] == "sun"
