"""Pictures whose structure costs more than their pixels."""

import io
import struct
import sys
import zlib
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inference.errors import PictureRefused
from inference.images import decode, pixel_count
from inference.structure import find_parts
from inference.structure.parts import MAX_SEGMENTS

SIDE = 64


def encoded(kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(name: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def within_jpeg(filling: bytes) -> bytes:
    whole = encoded("JPEG")
    after_jfif = 20
    return whole[:after_jfif] + filling + whole[after_jfif:]


def within_png(filling: bytes) -> bytes:
    whole = encoded("PNG")
    return whole[:33] + filling + whole[33:]


def within_gif(filling: bytes) -> bytes:
    whole = encoded("GIF")
    end_of_palette = 13 + 3 * 256
    return whole[:end_of_palette] + filling + whole[end_of_palette:]


def within_webp(filling: bytes) -> bytes:
    chunks = encoded("WEBP")[12:] + filling
    return struct.pack("<4sI4s", b"RIFF", 4 + len(chunks), b"WEBP") + chunks


ENDLESS: dict[str, Callable[[int], bytes]] = {
    "jpeg fill": lambda n: within_jpeg(b"\xff" * n),
    "jpeg escaped": lambda n: within_jpeg(b"\xff\x00" * n),
    "jpeg restarts": lambda n: within_jpeg(b"\xff\xd0" * n),
    "jpeg junk": lambda n: within_jpeg(b"\x00" * n),
    "jpeg comments": lambda n: within_jpeg(b"\xff\xfe\x00\x02" * n),
    "jpeg starts": lambda n: within_jpeg(b"\xff\xd8" * n),
    "jpeg tables": lambda n: within_jpeg(b"\xff\xdd\x00\x04\x00\x00" * n),
    "jpeg exif": lambda n: within_jpeg(b"\xff\xe1\x00\x08Exif\x00\x00" * n),
    "png empty chunks": lambda n: within_png(chunk(b"abCd") * n),
    "png text": lambda n: within_png(chunk(b"tEXt", b"a\x00b") * n),
    "png empty data": lambda n: within_png(chunk(b"IDAT") * n),
    "gif comments": lambda n: within_gif(b"!\xfe\x01a\x00" * n),
    "gif sub-blocks": lambda n: within_gif(b"!\xfe" + b"\x01a" * n + b"\x00"),
    "webp chunks": lambda n: within_webp(b"abcd\x00\x00\x00\x00" * n),
    "webp frames": lambda n: within_webp(b"ANMF\x00\x00\x00\x00" * n),
}


def lines_run(call: Callable[[], object]) -> int:
    """How many lines of Python the call runs, a refusal included: work, without a clock."""
    count = 0

    def trace(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except PictureRefused:
        pass
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("name", ENDLESS)
def test_endless_structure_is_refused_by_its_count(name: str) -> None:
    with pytest.raises(PictureRefused, match="more than"):
        decode(ENDLESS[name](200_000))


@pytest.mark.parametrize("name", ENDLESS)
def test_the_work_does_not_grow_with_the_structure(name: str) -> None:
    some, ten_times = ENDLESS[name](50_000), ENDLESS[name](500_000)

    work = lines_run(lambda: decode(ten_times))

    assert work < 20 * MAX_SEGMENTS
    assert work < 1.1 * lines_run(lambda: decode(some))
    assert lines_run(lambda: pixel_count(ten_times)) < 20 * MAX_SEGMENTS


@pytest.mark.parametrize("name", ENDLESS)
def test_a_little_of_it_changes_no_pixel(name: str) -> None:
    if name in ("jpeg starts", "webp frames", "png empty data"):
        pytest.skip("these are damage, not filling")

    with_filling, kind = ENDLESS[name](3), name.partition(" ")[0]

    assert np.array_equal(decode(with_filling), decode(encoded(kind)))
    assert pixel_count(with_filling) == SIDE * SIDE


def test_fill_inside_a_scan_is_passed() -> None:
    whole = encoded("JPEG")
    filled = whole[:-2] + b"\xff" * 1_000_000 + whole[-2:]

    assert np.array_equal(decode(filled), decode(whole))
    assert lines_run(lambda: find_parts(filled)) < 1000


def test_a_video_behind_a_photo_is_no_part_of_it() -> None:
    whole = encoded("JPEG")
    video = np.random.default_rng(1).bytes(2_000_000) + b"\xff\xda\x00\x02" * 1000

    parts = find_parts(whole + video)

    assert np.array_equal(decode(whole + video), decode(whole))
    assert len(parts.content) <= len(whole)
    assert parts.is_complete


def test_a_thumbnail_inside_a_header_is_no_scan() -> None:
    thumbnail = encoded("JPEG")
    whole = within_jpeg(b"\xff\xe2" + struct.pack(">H", len(thumbnail) + 2) + thumbnail)

    assert np.array_equal(decode(whole * 2), decode(whole))


def test_metadata_never_reaches_a_decoder() -> None:
    exif = Image.Exif()
    exif[0x010E] = "described"
    whole = {kind: encoded(kind, exif=exif) for kind in ("JPEG", "PNG", "WEBP")}
    whole["GIF"] = encoded("GIF", comment=b"described")

    for content in whole.values():
        assert b"described" in content
        assert b"described" not in find_parts(content).content


def test_an_animation_is_reduced_to_its_first_frame() -> None:
    frames = [Image.new("RGB", (SIDE, SIDE), (n, 0, 0)) for n in range(1, 50)]

    for kind in ("PNG", "WEBP", "GIF"):
        content = encoded(kind, save_all=True, append_images=frames, **({"lossless": True} if kind == "WEBP" else {}))

        assert decode(content).shape == (SIDE, SIDE, 3)
        assert pixel_count(content) == SIDE * SIDE


def test_a_webp_of_huge_canvas_is_refused_by_its_head() -> None:
    canvas = (2**24 - 1).to_bytes(3, "little")
    head = b"VP8X" + struct.pack("<I", 10) + bytes(4) + canvas + canvas

    with pytest.raises(PictureRefused, match="more pixels than the limit"):
        decode(b"RIFF" + struct.pack("<I", 4 + len(head)) + b"WEBP" + head)
