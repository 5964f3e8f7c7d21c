"""Options that several commands share, and what is opened from them."""

from pathlib import Path
from typing import Annotated, Final

import typer

from inference.training.model.weights import backbone_weights
from inference.training.workspace import Workspace, open_workspace

PHOTOS: Final = Path("../shared/data/clothing")
RUNS: Final = Path("runs")
FIGURES: Final = Path("docs/models.json")
EMBED_PRESET: Final = "unified-cpu"
"""The default; trains on what ``prepare`` caches by default."""
Photos = Annotated[Path, typer.Option("--photos", help="folder with images.csv and images/")]
Runs = Annotated[Path, typer.Option("--runs", help="folder for everything that is made")]
Weights = Annotated[str | None, typer.Option("--weights", help="Lite0 state dict or a served embed: path or URL")]
WeightsSha256 = Annotated[str | None, typer.Option("--weights-sha256", help="required for a URL")]
Figures = Annotated[Path, typer.Option("--figures", help="JSON file of figures")]
Workers = Annotated[int, typer.Option("--workers", min=1, help="processes that draw pictures")]
Threads = Annotated[int, typer.Option("--threads", min=1, help="threads of torch")]
Repository = Annotated[Path, typer.Option("--repository", help="Triton model repository")]
Elsewhere = Annotated[
    Path | None,
    typer.Option("--elsewhere", help="labelled pictures of another domain without garments, for evaluation only"),
]
Drawn = Annotated[
    Path | None, typer.Option("--drawn", help="sample pins with objects.json, as written by python -m samples")
]


def workspace(photos: Path, runs: Path, *, weights: str | None = None, sha256: str | None = None) -> Workspace:
    """The folder's workspace, with checked weights."""
    runs.mkdir(parents=True, exist_ok=True)
    return open_workspace(photos, runs, backbone_weights(weights, sha256=sha256, folder=runs))
