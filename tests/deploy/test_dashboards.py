"""Dashboards: what their code says, of metrics that exist, explained and linked."""

import json
import re
from pathlib import Path

from deploy.grafana.boards import BOARDS
from deploy.grafana.files import FOLDER, render_all
from deploy.prometheus.rules import RUNBOOKS, own_names
from deploy.prometheus.tables import ROOT
from tests.deploy.known_metrics import unknown


def test_the_committed_files_are_what_the_code_says() -> None:
    assert {path: path.read_text() for path in FOLDER.glob("*.json")} == render_all(), "run python -m deploy.grafana"


def test_queries_use_no_metric_that_no_table_declares() -> None:
    for board in BOARDS:
        expressions = [query.expression for panel in board.panels for query in panel.queries]
        expressions += [variable.values for variable in board.variables]
        named = {name for expression in expressions for name in own_names(expression)}
        others = {name for text in expressions for name in re.findall(r"\b(?:nv|milvus|process|kafka)_\w+", text)}

        assert unknown(named) == set(), board.name
        assert bool(others) == (board.name in ("models", "index")), (board.name, others)


def test_every_panel_says_what_it_shows_and_where_to_go_on() -> None:
    for board in BOARDS:
        for panel in board.panels:
            assert len(panel.description) > 15, panel.title
            assert panel.queries, panel.title
            for alert in panel.runbooks:
                assert (ROOT / RUNBOOKS / f"{alert}.md").exists(), alert
            if len(panel.queries) > 1:
                assert all(query.legend for query in panel.queries), panel.title
        assert any(panel.runbooks for panel in board.panels), board.name


def test_variables_are_used_and_those_used_are_there() -> None:
    for board in BOARDS:
        text = json.dumps([query.expression for panel in board.panels for query in panel.queries])
        used = set(re.findall(r"\$(\w+)", text)) - {"__rate_interval"}

        assert used == {variable.name for variable in board.variables}, board.name


def test_rows_of_panels_fill_the_width_and_do_not_overlap() -> None:
    for board in BOARDS:
        laid_out = json.loads((FOLDER / f"{board.name}.json").read_text())["panels"]
        cells = [
            (x, y)
            for place in (panel["gridPos"] for panel in laid_out)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]

        assert len(set(cells)) == len(cells), board.name
        assert max(x for x, _ in cells) < 24, board.name
        for section in board.sections:
            assert sum(panel.width for panel in section.panels) % 24 == 0, section.title
        assert len({panel["id"] for panel in laid_out}) == len(laid_out), board.name


def test_every_dashboard_leads_to_the_others() -> None:
    boards = [json.loads(Path(path).read_text()) for path in FOLDER.glob("*.json")]

    assert len({board["uid"] for board in boards}) == len(BOARDS) == 6
    for board in boards:
        (link,) = board["links"]
        assert link["type"] == "dashboards"
        assert link["tags"] == board["tags"]
