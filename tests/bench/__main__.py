"""`make bench ARGS="path --json FILE"`: measurements, as ratios against a limit or a peer in the same run."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from deploy.local.process import CHECKOUT
from tests.bench import path as path_bench
from tests.bench import search as search_bench
from tests.bench import service as service_bench
from tests.bench import storage as storage_bench
from tests.bench.products import report as products_report
from tests.bench.products import run as products_bench
from tests.bench.products.gallery import PHOTOS
from tests.bench.report import (
    PATH,
    PRODUCTS,
    SEARCH,
    SERVICE,
    STORAGE,
    page_block,
    readme_block,
    replace_block,
    sizing_block,
)

SIZING = CHECKOUT / "docs" / "operations" / "sizing.md"

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)


@app.callback()
def bench() -> None:
    """Measurements on the real parts, on this machine; run nothing else meanwhile."""


@app.command()
def path(
    json: Annotated[Path | None, typer.Option(help="write the report there")] = None,
    images: Annotated[
        Path | None, typer.Option(help="folder of pictures; default: the shared photos, else drawn ones")
    ] = None,
    docs: Annotated[bool, typer.Option("--docs", help="put the figures into README.md and docs/benchmarks.md")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="a tenth of the length, to see that it works")] = False,
) -> None:
    """Publish-to-searchable freshness by stage, and saturated pins/s against the bare models."""
    console = Console()
    plan = path_bench.Plan(limit_s=2, saturated_pins=60, low_pins=15, half_s=2) if quick else path_bench.Plan()
    report = path_bench.run(plan, images=images, console=console)
    console.print(page_block(report))
    _keep(report, json, CHECKOUT / PATH if docs else None)
    if docs:
        replace_block(CHECKOUT / "README.md", readme_block(report))
        replace_block(CHECKOUT / "docs" / "benchmarks.md", page_block(report))
        replace_block(SIZING, sizing_block(report))


@app.command()
def search(
    json: Annotated[Path | None, typer.Option(help="write the report there")] = None,
    docs: Annotated[bool, typer.Option("--docs", help="put the figures into docs/searching.md")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="few pins, Milvus Lite only, to see that it works")] = False,
) -> None:
    """The library's searches against a bare pymilvus search."""
    plan = search_bench.Plan(pins=2_000, rounds=20, servers=("lite",)) if quick else search_bench.Plan()
    report = search_bench.run(plan, Console())
    _keep(report, json, CHECKOUT / SEARCH if docs else None)
    if docs:
        replace_block(CHECKOUT / "docs" / "searching.md", search_bench.table(report), source=SEARCH)


@app.command()
def service(
    json: Annotated[Path | None, typer.Option(help="write the report there")] = None,
    docs: Annotated[bool, typer.Option("--docs", help="put the figures into docs/api.md")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="few pins and rounds, to see that it works")] = False,
) -> None:
    """What Flashlight and Lens over HTTP add to the bare model calls."""
    report = service_bench.run(service_bench.Plan(pins=2_000, rounds=10) if quick else service_bench.Plan(), Console())
    _keep(report, json, CHECKOUT / SERVICE if docs else None)
    if docs:
        replace_block(CHECKOUT / "docs" / "api.md", service_bench.table(report), source=SERVICE)


@app.command()
def products(
    json: Annotated[Path | None, typer.Option(help="write the report there")] = None,
    photos: Annotated[Path, typer.Option(help="folder with images.csv and images/")] = PHOTOS,
    docs: Annotated[bool, typer.Option("--docs", help="put the figures into docs/products.md")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="few pictures, to see that it works")] = False,
) -> None:
    """How good the products' answers are, on labelled photos, and how fresh."""
    if not (photos / "images.csv").is_file():
        raise typer.BadParameter(f"no {photos}/images.csv: the columns image, sender_id and label are expected there")
    plan = products_bench.Plan.quick() if quick else products_bench.Plan()
    report = products_bench.run(plan, folder=photos, console=Console())
    _keep(report, json, CHECKOUT / PRODUCTS if docs else None)
    if docs:
        replace_block(CHECKOUT / "docs" / "products.md", products_report.page_block(report), source=PRODUCTS)


@app.command()
def storage(
    json: Annotated[Path | None, typer.Option(help="write the report there")] = None,
    docs: Annotated[bool, typer.Option("--docs", help="put the figures into docs/operations/sizing.md")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="few pins, to see that it works")] = False,
) -> None:
    """Memory and disk of a row on the standalone Milvus server, and the size of records on Kafka."""
    report = storage_bench.run(storage_bench.Plan(pins=2_000) if quick else storage_bench.Plan(), Console())
    _keep(report, json, CHECKOUT / STORAGE if docs else None)
    if docs:
        replace_block(SIZING, storage_bench.table(report), source=STORAGE)


def _keep(report: dict[str, Any], *files: Path | None) -> None:
    """Where it was asked for, and where the pages' figures are compared with it."""
    for file in files:
        if file is not None:
            path_bench.write(report, file)


if __name__ == "__main__":
    app(prog_name="make bench")
