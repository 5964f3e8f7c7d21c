"""Contact sheets: many pictures on one."""

from collections.abc import Sequence

from PIL import Image

from samples.drawing.raster import Pixels


def sheet(pictures: Sequence[Pixels], *, columns: int = 8, cell_px: int = 240, gap_px: int = 8) -> Image.Image:
    """The pictures in rows, each whole and centred in its cell."""
    rows = -(-len(pictures) // columns)
    canvas = Image.new(
        "RGB", (columns * (cell_px + gap_px) + gap_px, rows * (cell_px + gap_px) + gap_px), (250, 250, 248)
    )
    for i, pixels in enumerate(pictures):
        picture = Image.fromarray(pixels)
        picture.thumbnail((cell_px, cell_px), Image.Resampling.LANCZOS)
        x = gap_px + (i % columns) * (cell_px + gap_px) + (cell_px - picture.width) // 2
        y = gap_px + (i // columns) * (cell_px + gap_px) + (cell_px - picture.height) // 2
        canvas.paste(picture, (x, y))
    return canvas
