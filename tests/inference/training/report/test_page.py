"""The page of figures says what the figures say, in clean Markdown."""

import json
import re
from typing import Any

import pytest

from inference.training.evaluate.figures import group_seeds
from inference.training.report.markdown import compare_with_target, folded, table, with_interval
from inference.training.report.page import NEEDED, PAGE, fill
from inference.training.report.run_tables import ALL

DOCS = PAGE.parent
TEXT = PAGE.read_text()


@pytest.fixture
def figures() -> dict[str, Any]:
    return dict(json.loads((DOCS / "models.json").read_text()))


def test_the_page_is_made_of_the_figures_beside_it(figures: dict[str, Any]) -> None:
    assert fill(TEXT, figures) == TEXT


def test_without_a_figure_that_the_page_needs_there_is_none_and_without_any_other_there_is(
    figures: dict[str, Any],
) -> None:
    for name in list(figures):
        fewer = {key: value for key, value in figures.items() if key != name}
        if name in NEEDED:
            with pytest.raises(KeyError, match=name):
                fill(TEXT, fewer)
        else:
            assert fill(TEXT, fewer)


def test_headings_tables_and_folds_stand_alone(figures: dict[str, Any]) -> None:
    blocks = fill(TEXT, figures).split("\n\n")

    assert all(block.strip() == block.rstrip("\n") or block.startswith("    ") for block in blocks)
    for block in blocks:
        lines = block.splitlines()
        assert lines
        assert not any(re.match("#+ ", line) for line in lines) or len(lines) == 1 or block.startswith("    ")
        assert len({line.startswith("|") for line in lines}) == 1, block
        assert len({line.count("|") for line in lines}) == 1 or not block.startswith("|"), block
    assert fill(TEXT, figures).count("<details>") == fill(TEXT, figures).count("</details>") > 0


def test_short_answers_come_first(figures: dict[str, Any]) -> None:
    headings = re.findall(r"^## (.*)", fill(TEXT, figures), re.MULTILINE)

    assert headings[0] == "In short"
    assert headings[-2:] == ["Every run", "How to repeat it"]


def test_every_target_is_met_or_missed_at_a_glance(figures: dict[str, Any]) -> None:
    figures["detector"]["composed scenes"]["AP50"] = 0.991
    figures["detector"]["pictures without garments"]["false boxes"] = 0.035

    short = fill(TEXT, figures).split("\n## ")[1]

    assert "| AP50 | 0.991 | 0.99 | met |" in short
    assert "| false boxes per picture, score over 0.5 | 0.035 | at most 0.03 | **missed** by 0.005 |" in short


def test_pictures_of_another_file_are_marked_and_so_is_their_description(
    figures: dict[str, Any],
) -> None:
    figures["sha256"] = {"embed": figures["pictures"]["sha256"]["embed"], "detect": "another"}
    figures["pictures"]["sha256"]["detect"] = "yet another"

    text = fill(TEXT, figures)

    assert text.count("The picture below is of an earlier file") == 1
    assert text.count("The next paragraph describes the picture of an earlier file") == 1


def test_pictures_are_in_the_page_with_words_for_who_cannot_see_them(figures: dict[str, Any]) -> None:
    shown_files = re.findall(r"!\[(.+)\]\((.+)\)", fill(TEXT, figures))

    assert {file for _, file in shown_files} >= {"models-neighbours.webp", "models-detections.webp"}
    assert all((DOCS / file).is_file() and len(alt) > 20 for alt, file in shown_files)


def test_figures_of_before_pictures_and_costs_still_make_a_page(figures: dict[str, Any]) -> None:
    for late in ("pictures", "cost", "sha256"):
        figures.pop(late, None)

    assert "webp" not in fill(TEXT, figures)


def test_pairs_of_kinds_are_compared_by_all_their_intervals(figures: dict[str, Any]) -> None:
    gap = dict.fromkeys(ALL, (0.1, 0.05, 0.2))
    mixed = {**gap, "mean over tasks": (0.1, -0.05, 0.2)}
    figures["runs"] = {name: run for name, run in figures["runs"].items() if name.endswith("-0")}
    figures["against specialists"] = {
        "served less head-browse": gap,
        "head-unified-0 less head-category-0": gap,
        "head-unified-1 less head-category-1": mixed,
    }

    text = fill(TEXT, figures).split("\n## ")[1]

    assert "| served less head-browse | 1 and 1 | +0.100 | +0.100 | +0.100 | +0.100 | unified is better |" in text
    assert "| head-unified less head-category | 2 and 2 |" in text
    assert "| no difference shown |" in text.rpartition("<!-- /summary -->")[0].rstrip().splitlines()[-1]


def test_what_proxies_cost_is_a_table(figures: dict[str, Any]) -> None:
    case = {"proxies": 100_000, "sampled": 0, "state MB": 409.6, "peak MB": 900.4, "ms a step": 1351.74}
    figures["cost"] = {"rows": 128, "steps": 40, "cases": [case]}

    assert "| 100,000 | all | 409.6 | 900 | 1351.7 |" in fill(TEXT, figures)


def test_a_figure_is_shown_with_its_interval() -> None:
    assert with_interval((0.71234, 0.6, 0.8)) == "0.712 (0.600 to 0.800)"
    assert with_interval(0.5, signed=True) == "+0.500"


@pytest.mark.parametrize(
    ("value", "is_cost", "said"),
    [
        (0.79, False, "met"),
        (0.77, False, "**missed** by 0.010"),
        (0.79, True, "**missed** by 0.010"),
        (0.78, True, "met"),
    ],
)
def test_a_missed_target_is_called_missed(value: float, is_cost: bool, said: str) -> None:
    assert compare_with_target(value, 0.78, is_cost=is_cost) == said


def test_a_table_has_a_line_for_its_head_a_rule_and_its_rows() -> None:
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_what_is_folded_has_empty_lines_around_it_so_that_it_is_read_as_markdown() -> None:
    assert folded("more", "| a |") == "<details>\n<summary>more</summary>\n\n| a |\n\n</details>"


def test_a_number_within_a_name_is_no_seed() -> None:
    runs = {"head-64-bits-0": 1, "head-64-bits-1": 2, "head-128-bits-0": 3, "a-0 less b-0": 4, "a-1 less b-1": 5}

    assert group_seeds(runs) == {"head-64-bits": [1, 2], "head-128-bits": [3], "a less b": [4, 5]}
