"""docs/models.md: the blocks that are written from docs/models.json; everything between them is written by hand."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from inference.training.errors import TrainingProblem
from inference.training.report import detector_sections, sections
from inference.training.report.charts import draw_recall
from inference.training.report.run_tables import every_run
from inference.training.report.summary import summary

PAGE: Final = Path(__file__).parents[3] / "docs" / "models.md"
Section = Callable[[Mapping[str, Any]], Iterator[str]]
BLOCKS: Final[Mapping[str, Section]] = {
    "photos": sections.photos,
    "summary": summary,
    "embedding": sections.embedding,
    "neighbours": detector_sections.neighbours,
    "detector": detector_sections.detector,
    "boxes": detector_sections.boxes,
    "specialists": sections.specialists,
    "proxies": sections.proxies,
    "unseen": sections.unseen,
    "other-domain": sections.other_domain,
    "speed": sections.speed,
    "runs": every_run,
}
NEEDED: Final = (
    "photos",
    "photographers",
    "served embedding",
    "frozen",
    "detector",
    "runs",
    "against specialists",
    "unseen labels",
    "speed",
)
"""Figures without which there is no page; ``evaluate`` makes them all."""
OPTIONAL: Final = {"neighbours": "pictures", "boxes": "pictures", "proxies": "cost", "other-domain": "elsewhere"}
"""Blocks that stay empty without a figure."""
DESCRIBED: Final = {"neighbours": "embed", "boxes": "detect"}
"""Blocks after which a person describes the picture of a model's file, named by the beginning of its SHA-256."""


def write_page(figures: Mapping[str, Any], out: Path) -> None:
    """Fills the blocks of ``out``, or of a copy of docs/models.md there, and draws the chart next to it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    draw_recall(figures, out.with_name("models-recall.svg"))
    out.write_text(fill((out if out.is_file() else PAGE).read_text(), figures))


def fill(page: str, figures: Mapping[str, Any]) -> str:
    """The page with all blocks written anew; raises TrainingProblem if the marks of one are missing."""
    for name in BLOCKS:
        before, begin, rest = page.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->\n")
        if not (begin and end):
            raise TrainingProblem(f"the page has no block {name!r}: put <!-- {name} --> and <!-- /{name} --> into it")
        blocks = "".join(f"\n{block}\n" for block in _write_block(name, figures, page))
        page = f"{before}{begin}{blocks}\n{end}{after}"
    return page


def _write_block(name: str, figures: Mapping[str, Any], page: str) -> Iterator[str]:
    if OPTIONAL.get(name, name) not in figures and name in OPTIONAL:
        yield "Not measured."
        return
    yield from BLOCKS[name](figures)
    if name in DESCRIBED:
        file = f"`{figures['pictures']['sha256'][DESCRIBED[name]][:8]}`"
        if file not in page:
            yield f"The next paragraph describes the picture of an earlier file than {file}."
