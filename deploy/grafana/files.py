"""The JSON files that Grafana reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.grafana.boards import BOARDS
from deploy.grafana.build import to_json

FOLDER: Final = Path(__file__).parent / "dashboards"


def render_all() -> Mapping[Path, str]:
    """The text of each file, from the boards."""
    return {FOLDER / f"{board.name}.json": to_json(board) for board in BOARDS}
