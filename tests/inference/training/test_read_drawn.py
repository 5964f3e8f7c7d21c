"""Sample pins as scenes."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")
from PIL import Image  # noqa: E402

from inference.training.errors import BadPhotos  # noqa: E402
from inference.training.workspace import read_drawn  # noqa: E402

pytestmark = pytest.mark.training


def drawn_folder(folder: Path, table: str) -> Path:
    Image.new("RGB", (40, 40), (128, 128, 128)).save(folder / "a.png")
    (folder / "b.png").write_bytes(b"no picture")
    (folder / "objects.json").write_text(table)
    return folder


def test_drawn_pictures_come_with_their_boxes_and_a_label_that_the_photos_lack_is_unknown(tmp_path: Path) -> None:
    table = '{"a.png": [{"label": "Hat", "box": [0, 0, 0.5, 1]}, {"label": "Kite", "box": [0.5, 0.5, 1, 1]}]}'

    (scene,) = read_drawn(drawn_folder(tmp_path, table), ("Hat",))

    assert scene.pixels.shape == (320, 320, 3)
    assert scene.boxes.tolist() == [[0, 0, 0.5, 1], [0.5, 0.5, 1, 1]]
    assert scene.labels.tolist() == [0, -1]


UNREADABLE = (
    ("{", r"objects\.json: JSONDecodeError"),
    ("[]", r"objects\.json: AttributeError"),
    ('{"a.png": {}}', r"objects\.json: .*no list"),
    ('{"a.png": [{"box": [0, 0, 1, 1]}]}', r"objects\.json: KeyError\('label'\)"),
    ('{"a.png": [{"label": "Hat", "box": [0, 0, 200, 300]}]}', r"objects\.json: .*all 0 to 1"),
    ('{"a.png": [{"label": "Hat", "box": [0, 0, 1]}]}', r"objects\.json: ValueError"),
    ('{"gone.png": []}', r"gone\.png cannot be read: No such file"),
    ('{"b.png": []}', r"b\.png: text, not a picture"),
)


def test_drawn_pictures_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    for table, said in UNREADABLE:
        with pytest.raises(BadPhotos, match=said):
            read_drawn(drawn_folder(tmp_path, table), ("Hat",))
