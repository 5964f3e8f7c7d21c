"""Commands after training: ``evaluate``, ``export``, ``report`` and ``cost``."""

from pathlib import Path
from typing import Annotated, Final

import torch
import typer

from inference.model_repository import REPOSITORY, graph_path
from inference.tensors import DETECT, EMBED
from inference.training.commands import options
from inference.training.evaluate import figures
from inference.training.evaluate.runs import evaluate_all_runs
from inference.training.evaluate.served import evaluate_served_detector, evaluate_served_embedding, measure_speed
from inference.training.export import export_detector, export_embedder, write_scores
from inference.training.model.weights import file_sha256
from inference.training.report.page import NEEDED, write_page
from inference.training.train.cost import CostCase, measure
from inference.training.workspace import read_drawn

app = typer.Typer()
PAGE: Final = options.FIGURES.with_suffix(".md")
PROXIES: Final = (4_000, 100_000)
"""About as many photos as train here, and a number at which proxies matter."""
SAMPLED: Final = (0, 1024, 256, 64)


@app.command()
def evaluate(  # noqa: PLR0913, PLR0917 - one argument per option of the command line
    photos: options.Photos = options.PHOTOS,
    runs: options.Runs = options.RUNS,
    out: options.Figures = options.FIGURES,
    elsewhere: options.Elsewhere = None,
    also: Annotated[list[Path] | None, typer.Option(help="more folders with runs, on other backbones")] = None,
    scenes: Annotated[int, typer.Option(min=1, help="made pictures of each kind for the detector")] = 200,
    drawn: options.Drawn = None,
    threads: options.Threads = 1,
    add: Annotated[bool, typer.Option("--add", help="keep the figures of runs that no longer exist")] = False,
    repository: options.Repository = REPOSITORY,
) -> None:
    """Evaluate all runs and the served files on the test photographers, and write the figures as JSON."""
    figures.check_writable(out)
    torch.set_num_threads(threads)
    space = options.workspace(photos, runs)
    drawn_scenes = read_drawn(drawn, space.photos.labels) if drawn else []
    found = evaluate_all_runs(space, elsewhere=elsewhere, also=also or [])
    boxes, codes = (graph_path(spec, repository=repository) for spec in (DETECT, EMBED))
    found["detector"] = evaluate_served_detector(space, boxes, scenes=scenes, drawn=drawn_scenes, elsewhere=elsewhere)
    found["served embedding"] = evaluate_served_embedding(space, codes, elsewhere=elsewhere)
    found["speed"] = measure_speed(boxes, codes)
    found["sha256"] = {DETECT.name: file_sha256(boxes), EMBED.name: file_sha256(codes)}
    figures.add(out, found, merged=figures.MANY if add else ())
    print(f"figures in {out}; `report` makes tables of them")


@app.command()
def export(  # noqa: PLR0913, PLR0917 - one argument per option of the command line
    embed: Annotated[str, typer.Option(help="run of the embedding; empty: export none")] = f"{options.EMBED_PRESET}-0",
    detect: Annotated[str, typer.Option(help="run of the detector; empty: export none")] = "detect-0",
    photos: options.Photos = options.PHOTOS,
    runs: options.Runs = options.RUNS,
    weights: options.Weights = None,
    weights_sha256: options.WeightsSha256 = None,
    repository: options.Repository = REPOSITORY,
) -> None:
    """Export both networks as ONNX to the model repository, after comparing them with torch."""
    space = options.workspace(photos, runs, weights=weights, sha256=weights_sha256)
    if embed:
        export_embedder(space, runs / embed, repository)
    if detect:
        export_detector(space, runs / detect, repository)


@app.command()
def report(
    kept: options.Figures = options.FIGURES,
    out: Annotated[Path, typer.Option(help="the page whose blocks to write")] = PAGE,
    repository: options.Repository = REPOSITORY,
) -> None:
    """Write the figures into the page, its chart, and each model.json."""
    found = figures.read(kept, needed=NEEDED)
    write_page(found, out)
    write_scores(found, repository)


@app.command()
def cost(
    kept: options.Figures = options.FIGURES,
    proxies: Annotated[list[int] | None, typer.Option(min=2, help="number of proxies; may be repeated")] = None,
    sampled: Annotated[
        list[int] | None, typer.Option(min=0, help="besides the batch's own; 0: all; may be repeated")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="whose median is taken")] = 30,
) -> None:
    """Measure memory and CPU time of training the head at several numbers of proxies."""
    figures.check_writable(kept)
    cases = [CostCase(p, s) for p in proxies or PROXIES for s in sampled or SAMPLED]
    figures.add(kept, {"cost": measure(cases, steps=steps)})
    print(f"cost in {kept}; `report` makes a table of it")
