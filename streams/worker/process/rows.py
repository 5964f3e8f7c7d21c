"""The rows that an event leaves in the index: pure."""

from dataclasses import replace

from inference.detect import Detection
from pinstream.events import PinDeletion, PinEvent
from pinstream.store.codes import Code
from pinstream.store.collection import WHOLE_SLOT, Row, tombstone
from streams.worker.process.picture_codes import PictureCodes
from streams.worker.process.version_fence import IndexedState


def rows_of(
    event: PinEvent, codes: PictureCodes, *, image_sha256: str, published_at_ms: int, indexed_at_ms: int
) -> list[Row]:
    """Slot 0 for the whole picture, then its objects, all alive.

    The whole picture has label and score of its most certain object: related pins can be filtered by what they show.
    """
    main = max((found for found, _ in codes.objects), key=lambda found: found.score, default=None)
    whole = Row(
        pin_id=event.pin_id,
        slot=WHOLE_SLOT,
        alive=True,
        code=codes.whole,
        version=event.version,
        object_count=len(codes.objects),
        label=main.label if main else "",
        score=main.score if main else 0.0,
        domain=event.domain,
        image_sha256=image_sha256,
        published_at_ms=published_at_ms,
        indexed_at_ms=indexed_at_ms,
        title=event.title or "",
        link=event.link or "",
        image_url=event.image.url or "",
        price=event.price,
        currency=event.currency or "",
        tags=event.labels,
    )
    return [whole, *(_object_row(whole, slot, *each) for slot, each in enumerate(codes.objects, start=1))]


def _object_row(whole: Row, slot: int, found: Detection, code: Code) -> Row:
    box = (found.box.x0, found.box.y0, found.box.x1, found.box.y1)
    return replace(whole, slot=slot, code=code, object_count=0, label=found.label, score=found.score, box=box)


def vanished_rows(event: PinEvent | PinDeletion, known: IndexedState | None, *, kept: int, at_ms: int) -> list[Row]:
    """Tombstones for the slots that the index holds of this pin beyond its first ``kept``."""
    last = known.object_count if known is not None else 0
    return [tombstone(event.pin_id, slot, event.version, at_ms=at_ms) for slot in range(kept, last + 1)]


def rows_of_deletion(event: PinDeletion, known: IndexedState | None, *, at_ms: int) -> list[Row]:
    """Slot 0 as the fence against replays, and every slot the pin had."""
    fence = tombstone(event.pin_id, WHOLE_SLOT, event.version, at_ms=at_ms)
    return [fence, *vanished_rows(event, known, kept=1, at_ms=at_ms)]
