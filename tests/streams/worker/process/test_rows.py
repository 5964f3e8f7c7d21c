"""What one event leaves in the index."""

from inference.detect import Detection
from inference.images import Box
from pinstream.events import event_from
from pinstream.store.codes import CODE_BYTES
from streams.worker.process.picture_codes import PictureCodes
from streams.worker.process.rows import rows_of

EVENT = event_from({"pin_id": "pin", "version": 7, "domain": "web", "image": {"url": "https://example.org/a.jpg"}})
CODE = bytes(CODE_BYTES)


def found(label: str, score: float) -> tuple[Detection, bytes]:
    return Detection(label=label, score=score, box=Box(0.1, 0.2, 0.3, 0.4)), CODE


def labels(*objects: tuple[Detection, bytes]) -> list[tuple[int, str, float]]:
    rows = rows_of(
        EVENT, PictureCodes(whole=CODE, objects=objects), image_sha256="aa", published_at_ms=1, indexed_at_ms=2
    )
    return [(row.slot, row.label, row.score) for row in rows]


def test_the_whole_is_labelled_by_its_most_certain_object() -> None:
    assert labels(found("Hat", 0.6), found("Dress", 0.9)) == [(0, "Dress", 0.9), (1, "Hat", 0.6), (2, "Dress", 0.9)]


def test_a_picture_without_objects_has_no_label() -> None:
    assert labels() == [(0, "", 0.0)]
