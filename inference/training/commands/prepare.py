"""Commands before training: ``gather`` and ``prepare``."""

from pathlib import Path
from typing import Annotated

import typer

from inference.training import prepare as preparation
from inference.training.commands import options
from inference.training.data import debian_pictures
from inference.training.data.views import EVALUATED_VIEWS
from inference.training.errors import TrainingProblem
from inference.training.model.backbone import POINTS

app = typer.Typer()


@app.command()
def gather(
    packages: Annotated[Path, typer.Option(help="folder of unpacked Debian packages; docs/models.md names them")],
    runs: options.Runs = options.RUNS,
) -> None:
    """Copy pictures of anything to runs/broad, and labelled pictures of another domain to runs/elsewhere."""
    print(f"{debian_pictures.gather(packages, runs / 'broad')} pictures in {runs / 'broad'}")
    stamps = debian_pictures.gather_stamps(packages, runs / "elsewhere")
    print(f"{stamps} labelled pictures in {runs / 'elsewhere'}")


@app.command()
def prepare(  # noqa: PLR0913, PLR0917 - one argument per option of the command line
    photos: options.Photos = options.PHOTOS,
    runs: options.Runs = options.RUNS,
    weights: options.Weights = None,
    weights_sha256: options.WeightsSha256 = None,
    cut: Annotated[str, typer.Option(help=f"where the frozen part ends: {', '.join(POINTS[:-1])}")] = "s16",
    views: Annotated[int, typer.Option(min=EVALUATED_VIEWS, help="of each photo that trains")] = 9,
    broad: Annotated[Path | None, typer.Option(help="folder of pictures of anything")] = None,
    broad_views: Annotated[int, typer.Option(min=2, help="of each picture of anything")] = 2,
    elsewhere: options.Elsewhere = None,
    workers: options.Workers = 2,
) -> None:
    """Find the garments' masks and cache the frozen part's maps: once per folder of photos, 20 minutes on two cores."""
    if cut not in POINTS[:-1]:
        raise TrainingProblem(f"--cut {cut}; expected {' or '.join(POINTS[:-1])}")
    wanted = preparation.Preparation(cut=cut, views=views, broad=broad, broad_views=broad_views, elsewhere=elsewhere)
    space = options.workspace(photos, runs, weights=weights, sha256=weights_sha256)
    preparation.prepare(space, wanted, workers=workers)
