"""Pictures of what the served files see, on pins that this project draws."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.detect import Detection
from inference.images import Box
from inference.training.__main__ import pictures as draw_pictures
from inference.training.data.sample_objects import GroundTruth
from inference.training.errors import BadPhotos, TrainingProblem
from inference.training.evaluate import figures
from inference.training.report.predictions import PicturePrediction, evenly_spread, match, nearest, predict_folder
from inference.training.report.sheets import (
    CORRECT,
    DETECTIONS,
    FALSE,
    MAX_BYTES,
    MISSED,
    NEIGHBOURS,
    draw_detections,
    draw_sheets,
)
from pinstream.store.codes import Code
from samples.scene import draw, jpeg

ROOT = Path(__file__).parents[4]
LEFT, BOTTOM = Box(0.0, 0.0, 0.4, 0.4), Box(0.1, 0.6, 0.9, 0.9)


@pytest.fixture(scope="module")
def pins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine drawn pins, the first of which shows no garment."""
    folder = tmp_path_factory.mktemp("pins")
    objects = {}
    for number in range(9):
        pin = draw(number, size_px=256)
        (folder / f"{pin.pin_id}.jpg").write_bytes(jpeg(pin))
        objects[f"{pin.pin_id}.jpg"] = [
            {"label": o.label, "box": list(o.box), "product": o.product} for o in pin.objects
        ]
    (folder / "objects.json").write_text(json.dumps(objects))
    return folder


def seen(
    path: Path, *, code: Code = b"\0" * 32, found: Sequence[Detection] = (), truths: tuple[GroundTruth, ...] = ()
) -> PicturePrediction:
    return PicturePrediction(path, code, tuple(found), truths)


def found(label: str, box: Box, score: float = 0.9) -> Detection:
    return Detection(label, score, box)


def test_the_command_writes_both_sheets_and_keeps_what_it_counted(pins: Path, tmp_path: Path) -> None:
    (tmp_path / "figures.json").write_text('{"photos": 3}')
    command = ["pictures", "--images", str(pins), "--out", str(tmp_path), "--figures", str(tmp_path / "figures.json")]

    subprocess.run([sys.executable, "-m", "inference.training", *command], cwd=ROOT, check=True, timeout=120)

    kept = figures.read(tmp_path / "figures.json")
    assert kept["photos"] == 3
    counted = kept["pictures"]["detections"]
    assert counted["garments"] == counted["right"] + counted["wrong label"] + counted["missed"] > 0
    assert counted["pictures without garments"] >= 1
    for name in (NEIGHBOURS, DETECTIONS):
        assert 5_000 < (tmp_path / name).stat().st_size <= MAX_BYTES
        with Image.open(tmp_path / name) as sheet:
            assert min(sheet.size) > 300


def test_the_same_pins_give_the_same_sheets(pins: Path, tmp_path: Path) -> None:
    one, other = (draw_sheets(pins, tmp_path / name) for name in ("a", "b"))

    assert one == other
    for name in (NEIGHBOURS, DETECTIONS):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_folder_without_objects_has_nothing_to_count(pins: Path, tmp_path: Path) -> None:
    for path in list(pins.glob("*.jpg"))[:3]:
        (tmp_path / path.name).write_bytes(path.read_bytes())

    counted = draw_sheets(tmp_path, tmp_path / "out")

    assert counted["detections"]["garments"] == counted["detections"]["false boxes"] == 0
    assert counted["neighbours"]["pictures that share a product"] == 0


def test_a_folder_with_nothing_to_show_is_named_with_the_first_reason(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")

    with pytest.raises(BadPhotos, match=r"holds 0 pictures .*expected 2 or more.*broken\.jpg: .*not a picture"):
        predict_folder(tmp_path, most=5)


def test_a_bad_table_of_objects_is_named(pins: Path, tmp_path: Path) -> None:
    for path in list(pins.glob("*.jpg"))[:2]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "objects.json").write_text('{"a.jpg": [{"box": 3}]}')

    with pytest.raises(BadPhotos, match=r"objects\.json: KeyError\('label'\).*expected picture names"):
        predict_folder(tmp_path, most=5)


def test_every_box_is_right_of_another_label_again_or_of_nothing(tmp_path: Path) -> None:
    truths = (
        GroundTruth("Hat", LEFT, "h"),
        GroundTruth("Dress", BOTTOM, "d"),
        GroundTruth("Shoes", Box(0.6, 0.0, 0.9, 0.3), "s"),
    )
    hat, again, shirt = found("Hat", LEFT), found("Top", LEFT, 0.5), found("Shirt", BOTTOM, 0.4)
    nothing = found("Hat", Box(0.0, 0.45, 0.1, 0.55), 0.3)

    matched = match(seen(tmp_path, found=(hat, again, shirt, nothing), truths=truths))

    assert (matched.correct, matched.duplicate, matched.wrong_label, matched.false) == (
        (hat,),
        (again,),
        (shirt,),
        (nothing,),
    )
    assert [truth.label for truth in matched.missed] == ["Shoes"]


def test_neighbours_come_by_distance_without_the_query(tmp_path: Path) -> None:
    near, far = (seen(tmp_path / name, code=bytes([byte]) + b"\0" * 31) for name, byte in (("near", 1), ("far", 255)))
    query = seen(tmp_path / "query")

    assert nearest([far, query, near], query) == [(1, near), (8, far)]


def test_boxes_are_drawn_where_they_are_in_the_colour_of_their_verdict(tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    Image.new("RGB", (64, 64), (128, 128, 128)).save(path)
    truths = (GroundTruth("Hat", LEFT, "h"), GroundTruth("Dress", BOTTOM, "d"))

    sheet = np.asarray(draw_detections([seen(path, found=[found("Hat", LEFT)], truths=truths)]))

    assert tuple(sheet[6 + 40, 6]) == CORRECT
    assert tuple(sheet[6 + 140, 6 + 17]) == MISSED
    assert not (sheet == FALSE).all(-1).any()


@pytest.mark.parametrize(("count", "wanted", "chosen"), [(5, 3, [0, 2, 4]), (2, 9, [0, 1]), (0, 3, [])])
def test_pictures_are_chosen_evenly_spread(count: int, wanted: int, chosen: list[int]) -> None:
    assert evenly_spread(count, wanted) == chosen


def test_absent_figures_and_figures_that_are_none_are_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingProblem, match=r"no .*f\.json; run .*evaluate"):
        figures.read(tmp_path / "f.json")
    (tmp_path / "f.json").write_text("{")
    with pytest.raises(TrainingProblem, match=r"f\.json is not JSON"):
        figures.read(tmp_path / "f.json")
    (tmp_path / "f.json").write_text("[]")
    with pytest.raises(TrainingProblem, match=r"f\.json holds a list"):
        figures.read(tmp_path / "f.json")


def test_figures_that_lack_what_is_needed_are_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text('{"cost": {}, "runs": {}}')

    assert figures.read(tmp_path / "f.json", needed=["runs"])["runs"] == {}
    with pytest.raises(TrainingProblem, match=r"f\.json has no frozen, speed; run .*evaluate"):
        figures.read(tmp_path / "f.json", needed=["runs", "frozen", "speed"])


def test_a_place_where_figures_cannot_be_kept_is_refused_before_any_work(pins: Path, tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text("{")
    for place, said in (("gone/f.json", "there is no folder .*gone"), (".", "is a folder"), ("f.json", "is not JSON")):
        with pytest.raises(TrainingProblem, match=said):
            draw_pictures(images=pins, out=tmp_path / "out", kept=tmp_path / place)

    assert not (tmp_path / "out").exists()
