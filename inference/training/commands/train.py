"""Commands that train: ``train embed``, ``train detect`` and ``average``."""

import dataclasses
import math
from pathlib import Path
from typing import Annotated

import torch
import typer

from inference.training.commands import options
from inference.training.data.debian_pictures import without_garments
from inference.training.errors import TrainingProblem
from inference.training.evaluate.vectors import keep_vectors
from inference.training.model.detector import DetectorNetwork
from inference.training.model.embedder import EmbedderNetwork, EmbedHead
from inference.training.settings import DetectSettings, EmbedSettings, Settings, load
from inference.training.train.averaging import mean_backbone
from inference.training.train.detect import load_start, train_detect
from inference.training.train.embed import train_embed
from inference.training.train.runs import Run
from inference.training.workspace import read_drawn

app = typer.Typer()
train = typer.Typer(no_args_is_help=True, help="Train one run; an interrupted one is resumed.")
app.add_typer(train, name="train")

Preset = Annotated[str, typer.Option("--preset", help="a preset by its name, or a .toml")]
Name = Annotated[str | None, typer.Option("--name", help="the run's folder; default: PRESET-SEED")]
Seed = Annotated[int, typer.Option("--seed", min=0)]
OthersOption = Annotated[
    Path | None,
    typer.Option("--others", help="pictures without garments; those from the command gather are filtered"),
]


def _begin(kind: type[Settings], preset: str, *, seed: int, threads: int) -> Settings:
    """Sets up torch for a run; returns its settings."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    return dataclasses.replace(load(kind, preset), seed=seed)


@train.command()
def embed(  # noqa: PLR0913, PLR0917 - one argument per option of the command line
    preset: Preset = options.EMBED_PRESET,
    seed: Seed = 0,
    name: Name = None,
    photos: options.Photos = options.PHOTOS,
    runs: options.Runs = options.RUNS,
    weights: options.Weights = None,
    weights_sha256: options.WeightsSha256 = None,
    threads: options.Threads = 1,
) -> None:
    """Train an embedding; the result is runs/NAME/embedder.pt."""
    settings = _begin(EmbedSettings, preset, seed=seed, threads=threads)
    space = options.workspace(photos, runs, weights=weights, sha256=weights_sha256)
    views = space.training_views(settings)
    head = EmbedHead(settings.bits, dropout=settings.dropout, normalise=settings.normalise)
    embedder = EmbedderNetwork(space.backbone(), head, cut=settings.cut)
    run = Run(runs / (name or f"{preset}-{seed}"), settings)
    train_embed(embedder, settings, views=views, run=run)
    keep_vectors(space, run.folder, embedder)


@train.command()
def detect(  # noqa: PLR0913, PLR0917 - one argument per option of the command line
    preset: Preset = "detect",
    seed: Seed = 0,
    name: Name = None,
    photos: options.Photos = options.PHOTOS,
    runs: options.Runs = options.RUNS,
    weights: options.Weights = None,
    weights_sha256: options.WeightsSha256 = None,
    drawn: options.Drawn = None,
    others: OthersOption = None,
    threads: options.Threads = 1,
    workers: options.Workers = 1,
) -> None:
    """Train a detector; the result is runs/NAME/detector.pt."""
    settings = _begin(DetectSettings, preset, seed=seed, threads=threads)
    space = options.workspace(photos, runs, weights=weights, sha256=weights_sha256)
    pins = read_drawn(drawn, space.photos.labels) if drawn else []
    scenes = space.scene_maker(settings, drawn=pins, others=without_garments(others) if others else ())
    detector = DetectorNetwork(space.backbone(), label_count=len(space.photos.labels))
    if settings.start:
        load_start(detector, settings.start, runs=runs, scenes=scenes)
    run = Run(runs / (name or f"{preset}-{seed}"), settings)
    train_detect(detector, settings, scenes=scenes, run=run, workers=workers)


@app.command()
def average(
    run: Annotated[list[str], typer.Option(help="NAME or NAME=WEIGHT; may be repeated")],
    out: Annotated[Path, typer.Option(help="file for the backbone's weights, for --weights of other commands")],
    runs: options.Runs = options.RUNS,
) -> None:
    """Average the backbones of finished embeddings; use the result to prepare and to train a head."""
    weighed = {runs / name: _parse_weight(weight) for name, _, weight in (text.partition("=") for text in run)}
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(mean_backbone(weighed), out)
    print(f"{out}: the mean of {', '.join(run)}")


def _parse_weight(text: str) -> float:
    """1 for no text; raises TrainingProblem unless the weight is above 0."""
    try:
        weight = float(text or 1)
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        raise TrainingProblem(f"weight {text!r}; expected NAME=WEIGHT with a number above 0")
    return weight
