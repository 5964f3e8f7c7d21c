"""One module for each dashboard."""

from typing import Final

from deploy.grafana.boards import dead_letters, freshness, index, models, search, worker
from deploy.grafana.spec import Dashboard

BOARDS: Final[tuple[Dashboard, ...]] = (
    freshness.BOARD,
    worker.BOARD,
    models.BOARD,
    index.BOARD,
    search.BOARD,
    dead_letters.BOARD,
)
