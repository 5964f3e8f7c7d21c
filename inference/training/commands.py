"""What needs torch, or is of no use without it: everything but ``pictures``."""

import dataclasses
import math
from pathlib import Path
from typing import Annotated, Final

import torch
import typer

from inference.tensors import DETECT, EMBED
from inference.training import export_models as ship
from inference.training.data import debian_pictures as broad
from inference.training.data.wardrobe import JUDGED_VIEWS
from inference.training.errors import TrainingProblem
from inference.training.evaluate import everything as assess
from inference.training.evaluate import figures
from inference.training.model.networks import POINTS, DetectorNetwork, EmbedderNetwork, EmbedHead
from inference.training.model.onnx_files import sha256
from inference.training.model.onnx_import import begin_with
from inference.training.model.weights import backbone_weights
from inference.training.report.page import NEEDED, write_report
from inference.training.settings import DetectSettings, EmbedSettings, Settings, load
from inference.training.train.cost import Case, measure
from inference.training.train.detect import train_detect
from inference.training.train.embed import train_embed
from inference.training.train.runs import Run, averaged_backbone
from inference.training.workspace import Preparation, Workspace, open_workspace, prepare, read_drawn

app = typer.Typer(no_args_is_help=True)
train = typer.Typer(no_args_is_help=True, help="One run, resumed where it stopped.")
app.add_typer(train, name="train")

PHOTOS: Final = Path("../shared/data/clothing")
RUNS: Final = Path("runs")
FIGURES: Final = Path("docs/models.json")
PAGE: Final = FIGURES.with_suffix(".md")
EMBED_PRESET: Final = "unified-cpu"
"""Trains on what `prepare` caches unless it is told otherwise."""
PROXIES: Final = (4_000, 100_000)
"""About as many photos as train here, and a number at which proxies matter."""
SAMPLED: Final = (0, 1024, 256, 64)
PhotosOption = Annotated[Path, typer.Option("--photos", help="folder with images.csv and images/")]
RunsOption = Annotated[Path, typer.Option("--runs", help="where everything that is made is kept")]
Weights = Annotated[str | None, typer.Option("--weights", help="Lite0 state dict or a served embed: path or URL")]
WeightsSum = Annotated[str | None, typer.Option("--weights-sha256", help="required for a URL")]
Figures = Annotated[Path, typer.Option("--figures", help="the evaluation, as JSON")]
Workers = Annotated[int, typer.Option("--workers", min=1, help="processes that draw pictures")]
Threads = Annotated[int, typer.Option("--threads", min=1, help="of torch")]
Repository = Annotated[Path, typer.Option("--repository", help="a Triton repository of the two models")]
Preset = Annotated[str, typer.Option("--preset", help="a name from presets/, or a .toml")]
Name = Annotated[str | None, typer.Option("--name", help="the run's folder; default: the preset's name")]
Seed = Annotated[int, typer.Option("--seed", min=0)]
ElsewhereOption = Annotated[
    Path | None,
    typer.Option("--elsewhere", help="labelled pictures of another domain without garments, for judging only"),
]
DrawnOption = Annotated[
    Path | None, typer.Option("--drawn", help="drawn pictures with objects.json, as `python -m samples` writes")
]
OthersOption = Annotated[
    Path | None,
    typer.Option("--others", help="pictures without garments; of what `broad` gathered, only those are taken"),
]


def workspace(photos: Path, runs: Path, *, weights: str | None = None, sha256: str | None = None) -> Workspace:
    """The folder's workspace, with checked weights."""
    runs.mkdir(parents=True, exist_ok=True)
    return open_workspace(photos, runs, backbone_weights(weights, sha256=sha256, folder=runs))


@app.command("prepare")
def prepare_all(  # noqa: PLR0913, PLR0917 - one argument per option of the command line
    photos: PhotosOption = PHOTOS,
    runs: RunsOption = RUNS,
    weights: Weights = None,
    weights_sha256: WeightsSum = None,
    cut: Annotated[str, typer.Option(help=f"where the frozen part ends: {', '.join(POINTS[:-1])}")] = "s16",
    views: Annotated[int, typer.Option(min=JUDGED_VIEWS, help="of each photo that trains")] = 9,
    pictures: Annotated[Path | None, typer.Option("--broad", help="a folder of pictures of anything")] = None,
    broad_views: Annotated[int, typer.Option(min=2, help="of each picture of anything")] = 2,
    elsewhere: ElsewhereOption = None,
    workers: Workers = 2,
) -> None:
    """Outlines of the garments and cached maps: once for each folder of photos, some 20 minutes on two cores."""
    if cut not in POINTS[:-1]:
        raise TrainingProblem(f"--cut {cut}; expected {' or '.join(POINTS[:-1])}")
    wanted = Preparation(cut=cut, views=views, broad=pictures, broad_views=broad_views, elsewhere=elsewhere)
    prepare(workspace(photos, runs, weights=weights, sha256=weights_sha256), wanted, workers=workers)


@app.command("broad")
def gather_broad(
    packages: Annotated[Path, typer.Option(help="folder of unpacked Debian packages: see broad.py")],
    runs: RunsOption = RUNS,
) -> None:
    """Pictures of anything into runs/broad, and those of another domain, for judging, into runs/elsewhere."""
    print(f"{broad.gather(packages, runs / 'broad')} pictures in {runs / 'broad'}")
    print(f"{broad.stamps(packages, runs / 'elsewhere')} labelled pictures in {runs / 'elsewhere'}")


def _begun(kind: type[Settings], preset: str, *, seed: int, threads: int) -> Settings:
    """A run's settings, with torch made ready for it."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    return dataclasses.replace(load(kind, preset), seed=seed)


@train.command("embed")
def embed(  # noqa: PLR0913, PLR0917 - one argument per option of the command line
    preset: Preset = EMBED_PRESET,
    seed: Seed = 0,
    name: Name = None,
    photos: PhotosOption = PHOTOS,
    runs: RunsOption = RUNS,
    weights: Weights = None,
    weights_sha256: WeightsSum = None,
    threads: Threads = 1,
) -> None:
    """One embedding; the result is runs/NAME/embedder.pt."""
    settings = _begun(EmbedSettings, preset, seed=seed, threads=threads)
    space = workspace(photos, runs, weights=weights, sha256=weights_sha256)
    views = space.views(settings)
    head = EmbedHead(settings.bits, dropout=settings.dropout, normalise=settings.normalise)
    embedder = EmbedderNetwork(space.backbone(), head, cut=settings.cut)
    run = Run(runs / (name or f"{preset}-{seed}"), settings)
    train_embed(embedder, settings, views=views, run=run)
    assess.keep_vectors(space, run.folder, embedder)


@app.command("average")
def average(
    run: Annotated[list[str], typer.Option(help="NAME or NAME=WEIGHT; may be repeated")],
    out: Annotated[Path, typer.Option(help="the backbone's weights, for --weights of the other commands")],
    runs: RunsOption = RUNS,
) -> None:
    """The mean of finished embeddings' backbones; `prepare` with it and train a head on it."""
    weighed = {runs / name: _weight(weight) for name, _, weight in (text.partition("=") for text in run)}
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(averaged_backbone(weighed), out)
    print(f"{out}: the mean of {', '.join(run)}")


def _weight(text: str) -> float:
    """A run's weight in a mean, 1 where none is given; raises TrainingProblem unless it is above 0."""
    try:
        weight = float(text or 1)
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        raise TrainingProblem(f"weight {text!r}; expected NAME=WEIGHT with a number above 0")
    return weight


@train.command("detect")
def detect(  # noqa: PLR0913, PLR0917 - one argument per option of the command line
    preset: Preset = "detect",
    seed: Seed = 0,
    name: Name = None,
    photos: PhotosOption = PHOTOS,
    runs: RunsOption = RUNS,
    weights: Weights = None,
    weights_sha256: WeightsSum = None,
    drawn: DrawnOption = None,
    others: OthersOption = None,
    threads: Threads = 1,
    workers: Workers = 1,
) -> None:
    """One detector; the result is runs/NAME/detector.pt."""
    settings = _begun(DetectSettings, preset, seed=seed, threads=threads)
    space = workspace(photos, runs, weights=weights, sha256=weights_sha256)
    pins = read_drawn(drawn, space.photos.labels) if drawn else []
    scenes = space.scene_maker(settings, drawn=pins, others=broad.without_garments(others) if others else ())
    detector = DetectorNetwork(space.backbone(), label_count=len(space.photos.labels))
    if settings.start:
        begin_with(detector, settings.start, runs=runs, scenes=scenes)
    run = Run(runs / (name or f"{preset}-{seed}"), settings)
    train_detect(detector, settings, scenes=scenes, run=run, workers=workers)


@app.command("evaluate")
def evaluate(  # noqa: PLR0913, PLR0917 - one argument per option of the command line
    photos: PhotosOption = PHOTOS,
    runs: RunsOption = RUNS,
    out: Figures = FIGURES,
    elsewhere: ElsewhereOption = None,
    also: Annotated[list[Path] | None, typer.Option(help="more folders with runs, on other backbones")] = None,
    scenes: Annotated[int, typer.Option(min=1, help="made pictures of each kind for the detector")] = 200,
    drawn: DrawnOption = None,
    threads: Threads = 1,
    add: Annotated[bool, typer.Option("--add", help="keep the figures of runs that are no longer there")] = False,
    repository: Repository = ship.REPOSITORY,
) -> None:
    """Every run's figures on the test photographers, as JSON."""
    figures.check_place(out)
    torch.set_num_threads(threads)
    space = workspace(photos, runs)
    drawn_scenes = read_drawn(drawn, space.photos.labels) if drawn else []
    found = assess.judge_everything(space, elsewhere=elsewhere, also=also or [])
    boxes, codes = (ship.graph(spec, repository) for spec in (DETECT, EMBED))
    found["detector"] = assess.judge_served_detector(
        space, boxes, scenes=scenes, drawn=drawn_scenes, elsewhere=elsewhere
    )
    found["served embedding"] = assess.judge_served_embedding(space, codes, elsewhere=elsewhere)
    found["speed"] = assess.speed(boxes, codes)
    found["sha256"] = {DETECT.name: sha256(boxes), EMBED.name: sha256(codes)}
    figures.keep(out, found, added_to=figures.MANY if add else ())
    print(f"figures in {out}; `report` makes tables of them")


@app.command("export")
def export(  # noqa: PLR0913, PLR0917 - one argument per option of the command line
    embed: Annotated[str, typer.Option(help="run of the embedding; empty: leave it as it is")] = f"{EMBED_PRESET}-0",
    detect: Annotated[str, typer.Option(help="run of the detector; empty: leave it as it is")] = "detect-0",
    photos: PhotosOption = PHOTOS,
    runs: RunsOption = RUNS,
    weights: Weights = None,
    weights_sha256: WeightsSum = None,
    repository: Repository = ship.REPOSITORY,
) -> None:
    """Both graphs into the Triton repository, compared with torch first."""
    space = workspace(photos, runs, weights=weights, sha256=weights_sha256)
    if embed:
        ship.ship_embed(space, runs / embed, repository)
    if detect:
        ship.ship_detect(space, runs / detect, repository)


@app.command("report")
def report(
    kept: Figures = FIGURES,
    out: Annotated[Path, typer.Option(help="the page to write")] = PAGE,
    repository: Repository = ship.REPOSITORY,
) -> None:
    """The page, its chart, and the scores in each model.json: all from the figures."""
    found = figures.read(kept, needed=NEEDED)
    write_report(found, out)
    ship.write_scores(found, repository)


@app.command("cost")
def cost(
    kept: Figures = FIGURES,
    proxies: Annotated[list[int] | None, typer.Option(min=2, help="may be repeated")] = None,
    sampled: Annotated[list[int] | None, typer.Option(min=0, help="beside the batch's own; 0: all; repeatable")] = None,
    steps: Annotated[int, typer.Option(min=1, help="whose median is taken")] = 30,
) -> None:
    """Memory and step time of training the head at several numbers of proxies, on this machine's CPU."""
    figures.check_place(kept)
    cases = [Case(p, s) for p in proxies or PROXIES for s in sampled or SAMPLED]
    figures.keep(kept, {"cost": measure(cases, steps=steps)})
    print(f"cost in {kept}; `report` makes a table of it")
