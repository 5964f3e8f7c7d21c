import io
import itertools
import struct
import zlib
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from inference.errors import PictureRefused
from inference.images import WHOLE, Box, Pixels, decode, pixel_count, squash
from inference.structure.jpeg import MAX_SCANS

WIDTH, HEIGHT = 48, 32


def scene() -> Image.Image:
    """A picture no turn or flip of which equals another."""
    pixels = np.full((HEIGHT, WIDTH, 3), (40, 90, 160), np.uint8)
    pixels[:16, :24] = (220, 40, 30)
    pixels[24:, 40:] = (250, 240, 20)
    return Image.fromarray(pixels)


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def png(width: int, height: int, *, bits: int = 8, colour: int = 2, rows: bytes | None = None) -> bytes:
    """A PNG written by hand: any size, and 16-bit samples, which Pillow cannot write."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    body = zlib.compress(rows if rows is not None else b"", 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def assert_close(found: Pixels, expected: Pixels, *, within: float = 6.0, said: str = "") -> None:
    assert found.shape == expected.shape, said
    assert found.dtype == np.uint8
    assert np.abs(found.astype(float) - expected.astype(float)).mean() <= within, said


ONE_MORE = {"save_all": True, "append_images": [Image.new("RGB", (WIDTH, HEIGHT), "white")]}
FORMATS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("JPEG", {"quality": 95}),
    ("JPEG", {"quality": 95, "progressive": True}),
    ("JPEG", {"quality": 95, "subsampling": 0}),
    ("MPO", {"quality": 95, **ONE_MORE}),
    ("PNG", {}),
    ("WEBP", {"lossless": True}),
    ("WEBP", {"quality": 95}),
    ("WEBP", {"lossless": True, **ONE_MORE}),
    ("GIF", {}),
    ("GIF", {**ONE_MORE}),
    ("GIF", {"interlace": True}),
    ("AVIF", {"quality": 95}),
    ("AVIF", {"quality": 95, **ONE_MORE}),
    ("TIFF", {}),
    ("TIFF", {"compression": "tiff_lzw", "save_all": True, "append_images": [Image.new("RGB", (WIDTH, HEIGHT))]}),
    ("TIFF", {"compression": "jpeg", "quality": 95}),
    ("TIFF", {"compression": "tiff_adobe_deflate"}),
    ("BMP", {}),
)


def test_every_format_gives_its_first_frame() -> None:
    for kind, options in FORMATS:
        assert_close(decode(encoded(scene(), kind, **options)), np.asarray(scene()), said=f"{kind} {options}")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_a_turned_picture_comes_upright(kind: str) -> None:
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # what a camera in that orientation would store
    for orientation in range(1, 9):
        stored = scene() if orientation == 1 else scene().transpose(Image.Transpose(undo[orientation]))
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation

        found = decode(encoded(stored, kind, exif=exif))

        assert_close(found, np.asarray(scene()), said=f"orientation {orientation}")


BAD_EXIF = (
    b"",
    b"Exif\x00\x00",
    b"Exif\x00\x00II*\x00",
    b"Exif\x00\x00MM\x00*\xff\xff\xff\xff",
    b"Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xff",
    b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x09\x00\x00\x00\x00\x00\x00\x00",
    b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x02\x00\x01\x00\x00\x006\x00\x00\x00\x00\x00\x00\x00",
    b"Exif\x00\x00" + bytes(range(256)),
)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
def test_exif_that_makes_no_sense_leaves_the_picture_as_stored() -> None:
    plain = encoded(scene(), "JPEG", quality=95)
    for exif in BAD_EXIF:
        marked = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain[2:]

        assert np.array_equal(decode(marked), decode(plain)), exif


def test_every_colour_mode_becomes_rgb() -> None:
    for mode in ("L", "1", "P", "CMYK", "YCbCr", "LA", "RGBA", "PA"):
        kind = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG" if mode != "PA" else "GIF"
        expected = scene().convert(mode).convert("RGB")
        stored = scene().convert("P") if mode == "PA" else scene().convert(mode)

        assert_close(decode(encoded(stored, kind)), np.asarray(expected), said=mode)


def ycck(picture: Image.Image) -> bytes:
    """A JPEG in Adobe's YCCK, which Pillow reads and cannot write: its planes stored as CMYK, its mark changed."""
    luma, blue, red = Image.merge("RGB", picture.convert("CMYK").split()[:3]).convert("YCbCr").split()
    planes = [plane.point(lambda value: 255 - value) for plane in (luma, blue, red)]
    stored = encoded(Image.merge("CMYK", [*planes, Image.new("L", picture.size)]), "JPEG", quality=98, subsampling=0)
    mark = stored.index(b"Adobe") + 11
    assert stored[mark] == 0
    return stored[:mark] + b"\x02" + stored[mark + 1 :]


def test_a_ycck_jpeg_keeps_its_colours() -> None:
    assert_close(decode(encoded(scene().convert("CMYK"), "JPEG", quality=98)), np.asarray(scene()), within=8)
    assert_close(decode(ycck(scene())), np.asarray(scene()), within=8)


def test_a_grey_picture_has_three_equal_channels() -> None:
    pixels = decode(encoded(scene().convert("L"), "JPEG"))

    assert (pixels[..., 0] == pixels[..., 1]).all()
    assert (pixels[..., 0] == pixels[..., 2]).all()


def test_transparency_is_laid_on_white() -> None:
    clear = Image.new("RGBA", (16, 16), (255, 0, 0, 0))
    half = Image.new("LA", (16, 16), (0, 128))

    assert (decode(encoded(clear, "PNG")) == 255).all()
    assert (decode(encoded(clear, "WEBP", lossless=True, exact=True)) == 255).all()
    assert (decode(encoded(half, "PNG")) == 127).all()


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_the_transparent_colour_of_a_palette_is_laid_on_white(kind: str) -> None:
    palette = Image.new("P", (16, 16), 0)
    palette.putpalette([255, 0, 0, 0, 255, 0])
    palette.paste(1, (0, 0, 8, 16))

    pixels = decode(encoded(palette, kind, transparency=0))

    assert (pixels[:, :8] == (0, 255, 0)).all()
    assert (pixels[:, 8:] == 255).all()


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_the_transparent_colour_of_a_plain_picture_is_laid_on_white(mode: str) -> None:
    picture = Image.new(mode, (16, 16), 0)
    key = (0, 0, 0) if mode == "RGB" else 0

    assert (decode(encoded(picture, "PNG", transparency=key)) == 255).all()


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_sixteen_bits_keep_their_high_byte(colour: int, channels: int) -> None:
    row = b"\x00" + struct.pack(">H", 0xC8FF) * (channels * 16)
    if channels in (2, 4):
        row = b"\x00" + (struct.pack(">H", 0xC8FF) * (channels - 1) + b"\xff\xff") * 16

    pixels = decode(png(16, 16, bits=16, colour=colour, rows=row * 16))

    assert pixels.shape == (16, 16, 3)
    assert (pixels == 0xC8).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP"])
def test_a_truncated_picture_is_refused(kind: str) -> None:
    noisy = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    whole = encoded(noisy, kind)

    for kept in (0.1, 0.5) if kind == "JPEG" else (0.1, 0.5, 0.9):
        with pytest.raises(PictureRefused):
            decode(whole[: int(len(whole) * kept)])


def test_a_truncated_jpeg_is_refused_even_with_a_whole_thumbnail_inside() -> None:
    noisy = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    whole, thumbnail = encoded(noisy, "JPEG"), encoded(scene(), "JPEG")
    marked = whole[:2] + b"\xff\xe2" + struct.pack(">H", len(thumbnail) + 2) + thumbnail + whole[2:]

    assert np.array_equal(decode(marked), decode(whole))
    with pytest.raises(PictureRefused, match="truncated"):
        decode(marked[: int(len(marked) * 0.5)])


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_jpeg_short_of_its_last_bytes_is_taken(mode: str, options: dict[str, Any]) -> None:
    noisy = Image.fromarray(np.random.default_rng(0).integers(0, 255, (256, 64, 3), np.uint8)).convert(mode)
    whole = encoded(noisy, "JPEG", **options)

    for lacking in (1, 2, 3, len(whole) // 10):
        shown = decode(whole[:-lacking])

        assert shown.shape == (256, 64, 3)
        if not options.get("progressive"):
            assert np.array_equal(shown[:192], decode(whole)[:192])


def test_the_error_says_how_much_of_a_truncated_jpeg_is_there() -> None:
    noisy = Image.fromarray(np.random.default_rng(0).integers(0, 255, (256, 64, 3), np.uint8))
    whole = encoded(noisy, "JPEG", subsampling=0)

    with pytest.raises(PictureRefused, match=r"a truncated JPEG: 1\d\d of 256 rows are there, fewer than 75%"):
        decode(whole[: len(whole) // 2])


@pytest.mark.parametrize("tail", [b"\x00" * 100, b"trailing words", b"\xff\xda\x00\x00"])
def test_bytes_after_the_end_of_a_jpeg_change_nothing(tail: bytes) -> None:
    whole = encoded(scene(), "JPEG")

    assert np.array_equal(decode(whole + tail), decode(whole))


NO_PICTURES = {
    "empty": b"",
    "null": b"\x00",
    "text": b"not a picture",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
    "html": b"<!doctype html><html><body>404</body></html>",
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n",
    "ico": encoded(scene(), "ICO"),
    "ppm": encoded(scene(), "PPM"),
    "tga": encoded(scene(), "TGA"),
    "avif": b"\x00\x00\x00 ftypavif" + bytes(40),
    "jpeg head": b"\xff\xd8\xff",
    "png head": b"\x89PNG\r\n\x1a\n",
    "gif head": b"GIF89a",
    "webp head": b"RIFF\x10\x00\x00\x00WEBPVP8 ",
}


def test_what_is_no_accepted_picture_is_refused_with_a_reason() -> None:
    failures = {}
    for name, content in NO_PICTURES.items():
        try:
            failures[name] = str(decode(content).shape)
        except PictureRefused as refused:
            if len(str(refused)) <= 20:
                failures[name] = str(refused)

    assert not failures


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not a picture", "text, not a picture; expected JPEG, PNG, "),
        (b"", "an empty file"),
        (b"\x00\x00\x00\x1cftypisom", "an MP4 video, not a picture"),
        (b"\x00\x00\x00\x1cftypqt  ", "a QuickTime video, not a picture"),
        (b"<!DOCTYPE html><title>404</title>", "an HTML page, not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
        (b"%PDF-1.7", "a PDF document, not a picture"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "a WAV recording, not a picture"),
        (bytes(range(128, 256)), "128 bytes of an unknown format"),
    ],
)
def test_a_reason_says_what_the_bytes_are(content: bytes, words: str) -> None:
    with pytest.raises(PictureRefused) as refused:
        decode(content)

    assert words in str(refused.value)
    assert "\\x" not in str(refused.value)


BOMBS = {
    "a hundred megapixels": png(10_000, 10_000),
    "as large as a png can be": png(2**31 - 1, 2**31 - 1),
    "no decoder would": png(1_000_000, 200),
    "gif": b"GIF89a" + struct.pack("<HH", 65535, 65535) + bytes(3) + b",\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;",
}


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_bomb_is_refused_by_its_size_alone() -> None:
    for content in BOMBS.values():
        with pytest.raises(PictureRefused, match="more pixels than the limit"):
            decode(content)  # there are no pixels inside to decode


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_jpeg_that_claims_a_huge_size_is_refused_by_it() -> None:
    whole = bytearray(encoded(scene(), "JPEG"))
    start = whole.index(b"\xff\xc0")
    whole[start + 5 : start + 9] = struct.pack(">HH", 65500, 65500)

    with pytest.raises(PictureRefused, match="more pixels than the limit"):
        decode(bytes(whole))


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    whole = encoded(scene(), "JPEG", progressive=True)
    last = whole.rindex(b"\xff\xda")
    scan = whole[last:-2]

    with pytest.raises(PictureRefused, match=f"the limit is {MAX_SCANS}"):
        decode(whole[:-2] + scan * 1000 + whole[-2:])


def test_the_pixel_limit_is_the_callers() -> None:
    content = encoded(scene(), "PNG")

    assert decode(content, max_pixels=WIDTH * HEIGHT).shape == (HEIGHT, WIDTH, 3)
    with pytest.raises(PictureRefused, match=f"{WIDTH}x{HEIGHT} is more pixels"):
        decode(content, max_pixels=WIDTH * HEIGHT - 1)


@pytest.mark.parametrize("size", [(1, 1), (7, 100), (100, 7)])
def test_a_picture_too_small_to_show_anything_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(PictureRefused, match="too small"):
        decode(encoded(Image.new("RGB", size), "PNG"))


def test_a_jpeg_has_the_pixels_that_pillow_gives_it() -> None:
    failures = []
    for quality, subsampling, progressive, mode in itertools.product(
        (30, 75, 95), (0, 1, 2), (False, True), ("RGB", "L")
    ):
        rng = np.random.default_rng(quality)
        smooth = cv2.resize(rng.integers(0, 255, (9, 7, 3), np.uint8), (133, 77), interpolation=cv2.INTER_CUBIC)
        options = {"quality": quality, "subsampling": subsampling, "progressive": progressive}
        content = encoded(Image.fromarray(np.asarray(smooth, np.uint8)).convert(mode), "JPEG", **options)

        with Image.open(io.BytesIO(content)) as expected:
            if not np.array_equal(decode(content), np.asarray(expected.convert("RGB"))):
                failures.append((mode, options))

    assert not failures


SEEDS = [
    encoded(scene(), "JPEG"),
    encoded(scene(), "JPEG", progressive=True),
    encoded(scene().convert("CMYK"), "JPEG"),
    encoded(scene(), "PNG"),
    encoded(scene().convert("P"), "PNG", transparency=1),
    encoded(scene(), "WEBP"),
    encoded(scene(), "GIF"),
    encoded(scene(), "AVIF"),
    encoded(scene(), "TIFF", compression="tiff_lzw"),
    encoded(scene(), "BMP"),
]


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=12),
    st.integers(0, 2000),
)
def test_damaged_bytes_are_pixels_or_refused(seed: int, changes: list[tuple[int, int]], cut: int) -> None:
    damaged = bytearray(seed)
    for position, value in changes:
        damaged[position % len(damaged)] = value

    try:
        pixels = decode(bytes(damaged[: len(damaged) - cut % 20]))
    except PictureRefused:
        return
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
@given(st.binary(max_size=200))
def test_any_bytes_are_pixels_or_refused(content: bytes) -> None:
    with pytest.raises(PictureRefused):
        decode(content)


def test_squashing_takes_the_box_and_fills_the_square() -> None:
    pixels = np.zeros((100, 200, 3), np.uint8)
    pixels[25:50, 100:150] = 255

    assert (squash(pixels, 32, Box(0.5, 0.25, 0.75, 0.5)) == 255).all()
    assert squash(pixels, 32).shape == (32, 32, 3)


def test_squashing_to_its_own_size_changes_nothing() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)

    assert np.array_equal(squash(pixels, 64, WHOLE), pixels)


def test_shrinking_averages_areas() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8)

    expected = pixels.reshape(16, 4, 16, 6, 3).mean(axis=(1, 3))

    assert np.abs(squash(pixels, 16).astype(float) - expected).max() <= 0.5 + 1e-6


edges = st.floats(allow_nan=False, allow_infinity=False, min_value=-2, max_value=3)


@given(edges, edges, edges, edges, st.integers(8, 40), st.integers(8, 40))
def test_any_box_gives_a_square(x0: float, y0: float, x1: float, y1: float, height: int, width: int) -> None:
    pixels = np.zeros((height, width, 3), np.uint8)

    assert squash(pixels, 16, Box(x0, y0, x1, y1)).shape == (16, 16, 3)


def test_the_pixel_count_is_known_from_the_head_alone() -> None:
    picture = io.BytesIO()
    Image.new("RGB", (120, 50)).save(picture, "PNG")

    assert pixel_count(picture.getvalue()[:60]) == 6000
    assert pixel_count(picture.getvalue(), max_pixels=1000) == 1000
    assert pixel_count(b"no picture") == 0
