"""Where the dashboards lie that Grafana reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.grafana.boards import BOARDS
from deploy.grafana.build import to_json

FOLDER: Final = Path(__file__).parent / "dashboards"


def written() -> Mapping[Path, str]:
    """Each file, as it should be."""
    return {FOLDER / f"{board.name}.json": to_json(board) for board in BOARDS}
