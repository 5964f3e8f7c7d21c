"""The page on the products' quality, written from a report."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.bench.figures import markdown_table

Report = Mapping[str, Any]


def page_block(report: Report) -> str:
    """Everything that docs/products.md shows of a report."""
    return "\n\n".join(
        (
            f"Embedding version {report['embedding_version']}, {report['photos']:,} labelled photos of garments that "
            "no model was trained on. In brackets: 95 % intervals over whole photographers.",
            *_near_duplicates(report["near_duplicates"]),
            "### Precision at 10",
            markdown_table(("product", "asked with", "precision at 10", "by chance"), _precisions(report)),
            *_relevance(report["relevance"]),
            *_freshness(report["freshness"]),
        )
    )


def _precisions(report: Report) -> list[Sequence[object]]:
    flashlight, similar = report["flashlight"], report["similar"]
    chance, by_scene = (f"{report[name]['chance']:.2f}" for name in ("related", "flashlight"))
    rows: list[Sequence[object]] = [
        ("Related Pins", "a pin", _share(report["related"]["precision_at_10"]), chance),
        ("Similar Looks", "its surest object, same label", _share(similar["gated"]), chance),
        ("", "its surest object, any label", _share(similar["any_label"]), chance),
        (
            "Flashlight",
            "a box around one garment",
            _share(flashlight["crop_precision_at_10"]),
            f"{flashlight['chance']:.2f}",
        ),
        ("", "the whole scene instead", _share(flashlight["whole_precision_at_10"]), by_scene),
        ("", "a box, and the right box found", _share(flashlight["crop_precision_at_10_by_box"]), ""),
    ]
    for name, what in (("lens_one_garment", "a photo of one garment"), ("lens_several", "a photo of several")):
        for source in ("blend", "picture", "objects"):
            rows.append(("Lens" if source == "blend" else "", f"{what}: {source}", _share(report[name][source]), ""))
    return rows


def _near_duplicates(found: Report) -> tuple[str, ...]:
    at, widest = found["set"], found["widest_at_precision"]
    header = ("copy", "bits off, median", "95th percentile", f"found within {at['bits']} bits")
    rows = [
        (name, spread["median"], spread["p95"], f"{at['recall_by_copy'][name]:.0%}")
        for name, spread in found["bits_by_copy"].items()
    ]
    other = found["nearest_other_photo_bits"]
    return (
        "### Near-duplicates",
        f"{found['copies']:,} copies, each against its original and {found['gallery']:,} photos: within {at['bits']} "
        f"bits recall is **{at['recall']:.1%}** at a precision of **{at['precision']:.1%}**. The widest threshold that "
        f"keeps {widest['precision']:.0%} of precision is {widest['bits']} bits. The nearest photo of another person "
        f"is {other['median']} bits away at the median, the nearest of all {other['min']}.",
        markdown_table(header, rows),
    )


def _relevance(curves: Report) -> tuple[str, ...]:
    rows = [
        (kind, *(f"{curves[which][kind][value]:.1f}" for which in ("fitted", "carried") for value in _VALUES))
        for kind in ("whole", "objects")
    ]
    return (
        "### What a distance is worth",
        "Of rows this far away half show the label that was asked for, and this many bits further the odds fall to a "
        "third; fitted in this run, and as `pinstream.search.blend` carries it.",
        markdown_table(
            ("rows", "half at, fitted", "bits per e, fitted", "half at, carried", "bits per e, carried"), rows
        ),
    )


def _freshness(times: Report) -> tuple[str, ...]:
    rows = [
        (what, *(f"{times[key][share]:.0f} ms" for share in ("p50", "p95")))
        for what, key in (("has related pins", "asks_after_ms"), ("is among another pin's", "answers_after_ms"))
    ]
    return (
        "### Freshness",
        f"{times['pins']} pins published one after the other on the real stack, milliseconds until each",
        markdown_table(("", "p50", "p95"), rows),
    )


_VALUES: Final = ("half_at_bits", "bits_per_e")


def _share(value: Mapping[str, float]) -> str:
    return f"{value['mean']:.2f} ({value['low']:.2f}-{value['high']:.2f})"
