"""The pages for operators: every command that they show is run by a test, and every page that they name is there."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("watch.md", "where.md", "canary.md")

RUN_BY = {
    "python -m streams watch": "tests/integration/test_watch.py",
    "pinstream where": "tests/integration/test_drill.py",
    "python -m streams canary": "tests/integration/test_drill.py",
    "python -m streams dead-letters": "tests/integration/test_dead_letters.py",
    "python -m index audit": "tests/integration/test_drill.py",
    "curl": "tests/streams/watch/http/test_server.py",
}


@pytest.mark.parametrize("page", PAGES)
def test_every_command_is_run_by_a_test(page: str) -> None:
    text = (DOCS / "operations" / page).read_text()
    shown = set(re.findall(r"(?:`|^ {4}(?:\$ )?)(python -m \S+ [a-z-]+|pinstream [a-z]+|curl)\b", text, re.MULTILINE))

    assert shown
    assert shown <= set(RUN_BY)


def test_the_tests_are_there() -> None:
    root = DOCS.parent

    assert [path for path in RUN_BY.values() if not (root / path).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_page_that_is_named_is_there(page: str) -> None:
    folder = DOCS / "operations"
    links = re.findall(r"\]\(([^)#:]+)", (folder / page).read_text())

    assert [link for link in links if not (folder / link).exists()] == []
