"""The result as one picture: a pin, the pins like it, and the objects like its own."""

from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from deploy.demo.result.exhibit import Exhibit, Likeness, Thing
from deploy.demo.result.thumbnail import square, thumbnail

_TILE: Final = 200
_GAP: Final = 16
_CAPTION: Final = 44
_PER_ROW: Final = 6
_PAPER: Final = (250, 248, 245)
_INK: Final = (29, 27, 25)
_SOFT: Final = (109, 104, 98)
_ACCENT: Final = (212, 32, 47)


def contact_sheet(exhibit: Exhibit) -> Image.Image:
    """The first row holds the pin and its nearest pins, each further row an object of it and its nearest objects."""
    rows = 1 + len(exhibit.things)
    width = _GAP + (_PER_ROW + 1) * (_TILE + _GAP) + _GAP
    sheet = Image.new("RGB", (width, _GAP + rows * (_TILE + _CAPTION + _GAP)), _PAPER)
    pen = ImageDraw.Draw(sheet)
    _tile(sheet, pen, _with_boxes(exhibit), (0, 0), (exhibit.title, "the pin"))
    for column, like in enumerate(exhibit.related[:_PER_ROW], start=1):
        _tile(sheet, pen, thumbnail(like.file, size_px=2 * _TILE), (column, 0), _caption(like))
    for row, thing in enumerate(exhibit.things, start=1):
        crop = thumbnail(exhibit.file, size_px=_TILE, box=thing.box)
        _tile(sheet, pen, _padded(crop), (0, row), (f"{row}  {thing.label}", f"score {thing.score:.2f}"))
        for column, like in enumerate(thing.similar[:_PER_ROW], start=1):
            found = _padded(thumbnail(like.file, size_px=_TILE, box=like.box))
            _tile(sheet, pen, found, (column, row), _caption(like))
    return sheet


def save_sheet(exhibit: Exhibit, file: Path) -> None:
    """Write the contact sheet as a PNG file."""
    contact_sheet(exhibit).save(file)


def _caption(like: Likeness) -> tuple[str, str]:
    return like.title or like.pin_id, f"distance {like.distance}"


def _tile(
    sheet: Image.Image, pen: ImageDraw.ImageDraw, picture: Image.Image, place: tuple[int, int], said: tuple[str, str]
) -> None:
    column, row = place
    x = _GAP + column * (_TILE + _GAP) + (_GAP if column else 0)
    y = _GAP + row * (_TILE + _CAPTION + _GAP)
    sheet.paste(square(picture, size_px=_TILE), (x, y))
    font = ImageFont.load_default(size=14)
    for line, (text, colour) in enumerate(zip(said, (_INK, _SOFT), strict=True)):
        pen.text((x, y + _TILE + 6 + 18 * line), _fitted(text, font), fill=colour, font=font)


def _fitted(text: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont) -> str:
    while text and font.getlength(text) > _TILE:
        text = text.removesuffix("…")[:-1].rstrip() + "…"
    return text


def _padded(picture: Image.Image) -> Image.Image:
    """The whole picture in the middle of a square."""
    side = max(picture.size)
    tile = Image.new("RGB", (side, side), (255, 255, 255))
    tile.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    return tile


def _with_boxes(exhibit: Exhibit) -> Image.Image:
    picture = thumbnail(exhibit.file, size_px=3 * _TILE)
    pen = ImageDraw.Draw(picture)
    for thing in exhibit.things:
        pen.rectangle(_corners(thing, picture.size), outline=_ACCENT, width=4)
    return _padded(picture)


def _corners(thing: Thing, size: tuple[int, int]) -> tuple[float, float, float, float]:
    (left, top, right, bottom), (width, height) = thing.box, size
    return left * (width - 1), top * (height - 1), right * (width - 1), bottom * (height - 1)
