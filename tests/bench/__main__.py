"""`make bench ARGS="path --json FILE"`: measurements, as ratios against a limit or a peer in the same run."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.local.selection import CHECKOUT
from tests.bench import path as path_bench
from tests.bench.report import page_block, readme_block, replace_block

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
    if json is not None:
        path_bench.write(report, json)
        console.print(f"written to {json}")
    if docs:
        replace_block(CHECKOUT / "README.md", readme_block(report))
        replace_block(CHECKOUT / "docs" / "benchmarks.md", page_block(report))


if __name__ == "__main__":
    app(prog_name="make bench")
