"""One section of the page is replaced, and nothing else."""

from pathlib import Path

import pytest

from settings.reference import section_of, write

PAGE = "# Head\n\n<!-- one -->\nold\n<!-- /one -->\n\n<!-- two -->\nkept\n<!-- /two -->\n"


def test_only_the_section_of_one_process_is_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)

    write("new\n", "one", page=page)

    assert section_of(page.read_text(), "one") == "new\n"
    assert page.read_text() == PAGE.replace("old", "new")


def test_a_process_without_a_section_is_refused() -> None:
    with pytest.raises(ValueError, match="<!-- three -->"):
        section_of(PAGE, "three")
