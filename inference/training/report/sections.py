"""The page's sections on the embedding: figures, specialists, unseen labels, the cost of proxies."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from inference.training.evaluate.embedding import MEAN, TASKS
from inference.training.evaluate.figures import ELSEWHERE, FROZEN, FROZEN_FLOAT
from inference.training.report.markdown import folded, table, with_interval
from inference.training.report.run_tables import over_seeds, unified_less_specialists

ROWS: Final = (
    "category P@1",
    "category P@1, photographer left out",
    "category P@1 camera -> catalogue",
    *TASKS[1:],
    MEAN,
)


def photos(figures: Mapping[str, Any]) -> Iterator[str]:
    yield f"Test photos: {figures['photos']}, by {figures['photographers']} photographers."


def embedding(figures: Mapping[str, Any]) -> Iterator[str]:
    """The served bits next to random bits of the frozen backbone."""
    served, frozen = figures["served embedding"], figures["frozen"]
    rows = [(name, with_interval(served[name]), with_interval(frozen["bits"][name])) for name in ROWS]
    yield table(("test photographers", "served", "frozen backbone, random projection"), rows)
    yield "![Recall at 1, 5, 10 and 50 of the served bits and of the frozen backbone's](models-recall.svg)"


def specialists(figures: Mapping[str, Any]) -> Iterator[str]:
    yield table(("kind", "seeds", *TASKS, MEAN), over_seeds(figures["runs"]))
    yield "The mean over seeds, in brackets the lowest and the highest. Pair by pair, on the same queries:"
    rows = list(unified_less_specialists(figures["against specialists"]))
    yield folded("Unified minus specialist, with intervals", table(("pair", *TASKS, MEAN), rows))


def proxies(figures: Mapping[str, Any]) -> Iterator[str]:
    """Memory and time by the number of proxies."""
    found = figures["cost"]
    yield (
        f"{found['rows']} rows, 256 dimensions, one thread of the machine that made this page; the median CPU time "
        f"of {found['steps']} steps."
    )
    rows = [
        (
            f"{case['proxies']:,}",
            f"{case['sampled']:,}" if case["sampled"] else "all",
            f"{case['state MB']:.1f}",
            f"{case['peak MB']:.0f}",
            f"{case['ms a step']:.1f}",
        )
        for case in found["cases"]
    ]
    yield table(("proxies", "in the softmax", "state MB", "peak MB", "ms per step"), rows)


def unseen(figures: Mapping[str, Any]) -> Iterator[str]:
    """P@1 of labels that runs were not trained on."""
    for name, found in figures["unseen labels"].items():
        yield f"Run `{name}` never saw {', '.join(found['labels'])}: P@1 of {found['queries']} photos of them."
        names = ("bits", FROZEN, "float", FROZEN_FLOAT)
        yield table(("what", "P@1"), [(n, with_interval(found[n])) for n in names])


def other_domain(figures: Mapping[str, Any]) -> Iterator[str]:
    """P@1 on pictures of another domain."""
    found = figures["elsewhere"]
    yield (
        f"{found['pictures']} pictures with {found['labels']} labels ({', '.join(found['names'])}), none of which was "
        "trained on: P@1."
    )
    head = ("what", "P@1", "of its floats")
    rows = [(n, with_interval(found[n]), "") for n in (FROZEN_FLOAT, FROZEN)]
    served = figures["served embedding"].get(ELSEWHERE)
    rows += [("the served file", with_interval(served), "")] if served else []
    runs = {
        name: (name, with_interval(found["bits"]), with_interval(found["float"]))
        for name, found in found.items()
        if isinstance(found, dict)
    }
    yield table(head, [*rows, *(row for name, row in runs.items() if name.startswith("served-"))])
    yield folded("Every run in that domain", table(head, runs.values()))


def speed(figures: Mapping[str, Any]) -> Iterator[str]:
    yield table(("what", "value"), [(name, f"{value:.1f}") for name, value in figures["speed"].items()])
