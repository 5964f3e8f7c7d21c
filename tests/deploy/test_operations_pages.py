"""The operators' first page leads to every other one."""

import re

from deploy.prometheus.tables import ROOT

FOLDER = ROOT / "docs" / "operations"


def test_every_page_is_reached_from_the_first_one() -> None:
    linked = set(re.findall(r"\]\(([^)#]+)\)", (FOLDER / "README.md").read_text()))

    assert {page.name for page in FOLDER.glob("*.md")} - {"README.md"} <= linked
    assert "../configuration.md" in linked
    assert "runbooks/" in linked
