"""docs/worker.md names files that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_every_file_that_the_page_names_exists_in_its_stage() -> None:
    page = (ROOT / "docs" / "worker.md").read_text()
    rows = re.findall(r"^\| (\w*) *\| (`\w+\.py`.*?) \|", page, re.MULTILINE)
    stage, missing = "", []

    for named, files in rows:
        stage = named or stage
        missing += [
            f"{stage}/{file}"
            for file in re.findall(r"\w+\.py", files)
            if not (ROOT / "streams" / "worker" / stage / file).is_file()
        ]

    assert len(rows) > 10
    assert not missing
