"""A small folder of real photos, as training wants them."""

import csv
import shutil
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[3].parent / "shared" / "data" / "clothing"


@pytest.fixture(scope="session")
def small_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """150 photos of four kinds of garment by many photographers; skips where there are none."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared/data/clothing: photos are not in this repository")
    folder = tmp_path_factory.mktemp("photos")
    (folder / "images").mkdir()
    with (SHARED / "images.csv").open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["label"] in ("T-Shirt", "Pants", "Shoes", "Dress")]
    by_sender: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_sender.setdefault(row["sender_id"], []).append(row)
    few = [row for mine in by_sender.values() for row in mine[:3]]
    with (folder / "images.csv").open("w", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        for row in few[:150]:
            writer.writerow(row)
            shutil.copy(SHARED / "images" / f"{row['image']}.jpg", folder / "images")
    return folder
