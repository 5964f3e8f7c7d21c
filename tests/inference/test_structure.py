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

DAMAGE = {"jpeg starts", "webp frames", "png empty data"}
"""Not filling: a picture does not survive it."""


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


@pytest.mark.parametrize("name", sorted(ENDLESS.keys() - DAMAGE))
def test_a_little_of_it_changes_no_pixel(name: str) -> None:
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


def within_avif(filling: bytes) -> bytes:
    whole = encoded("AVIF")
    return whole + filling


FAR_TOO_MANY = {
    "avif boxes": within_avif(b"\x00\x00\x00\x08free" * 100_000),
    "tiff entries": b"II*\x00\x08\x00\x00\x00\xff\xff" + struct.pack("<HHII", 1, 3, 1, 1) * 0xFFFF,
    "tiff strips": b"II*\x00\x08\x00\x00\x00\x01\x00" + struct.pack("<HHII", 273, 4, 10_000_000, 1),
}


@pytest.mark.parametrize("name", FAR_TOO_MANY)
def test_boxes_and_entries_are_counted(name: str) -> None:
    with pytest.raises(PictureRefused, match="more than"):
        decode(FAR_TOO_MANY[name])

    assert lines_run(lambda: decode(FAR_TOO_MANY[name])) < 20 * MAX_SEGMENTS


def test_a_run_length_coded_bmp_is_refused() -> None:
    whole = bytearray(encoded("BMP"))
    whole[30] = 1

    with pytest.raises(PictureRefused, match="compression 1"):
        decode(bytes(whole))


def with_size(kind: str, side: int) -> bytes:
    """A small picture whose head says that it is ``side`` x ``side`` pixels."""
    whole = encoded(kind)
    if kind == "BMP":
        return whole[:18] + struct.pack("<ii", side, side) + whole[26:]
    if kind == "AVIF":
        at = whole.index(b"ispe") + 8
        return whole[:at] + struct.pack(">II", side, side) + whole[at + 8 :]
    for tag in (256, 257):
        at = whole.index(struct.pack("<HHI", tag, 4 if struct.pack("<HHI", tag, 4, 1) in whole else 3, 1)) + 8
        whole = whole[:at] + struct.pack("<I", side) + whole[at + 4 :]
    return whole


@pytest.mark.parametrize("kind", ["AVIF", "TIFF", "BMP"])
def test_the_size_is_checked_before_a_decoder_is_asked(kind: str) -> None:
    huge = with_size(kind, 60_000)

    with pytest.raises(PictureRefused, match="60000x60000 is more pixels"):
        decode(huge)
    assert pixel_count(with_size(kind, 100)) == 10_000
