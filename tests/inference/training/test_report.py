"""The page of figures says what the figures say."""

import json
from pathlib import Path

import pytest

from inference.training.report import page, shown, table, target

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_is_made_of_the_figures_beside_it():
    figures = json.loads((DOCS / "models.json").read_text())

    assert (DOCS / "models.md").read_text() == page(figures)


def test_a_figure_is_shown_with_its_interval():
    assert shown((0.71234, 0.6, 0.8)) == "0.712 (0.600 to 0.800)"
    assert shown(0.5, signed=True) == "+0.500"


@pytest.mark.parametrize(
    ("value", "aim", "said"), [(0.79, 0.78, "0.78: yes"), (0.77, 0.78, "0.78: no"), (0.1, None, "")]
)
def test_what_was_not_reached_is_said_to_be_not_reached(value, aim, said):
    assert target(value, aim) == said


def test_a_table_has_a_line_for_its_head_a_rule_and_its_rows():
    assert list(table(("a", "b"), [("1", "2")])) == ["| a | b |", "|---|---|", "| 1 | 2 |"]
