"""Writes sample pins to a folder: ``python -m samples --out DIR --pins N [--size PX]``."""

import json
from pathlib import Path
from typing import Annotated

import typer

from samples.scene import draw, jpeg


def main(
    out: Annotated[Path, typer.Option(help="Folder for the JPEG files and objects.json.")],
    pins: Annotated[int, typer.Option(help="How many.")] = 40,
    first: Annotated[int, typer.Option(help="Number of the first pin.")] = 0,
    size: Annotated[int, typer.Option(help="Longer side, in pixels.")] = 512,
) -> None:
    """Draw sample pins, and write which objects they show to objects.json."""
    out.mkdir(parents=True, exist_ok=True)
    objects: dict[str, list[dict[str, object]]] = {}
    for number in range(first, first + pins):
        pin = draw(number, size_px=size)
        name = f"{pin.pin_id}.jpg"
        (out / name).write_bytes(jpeg(pin))
        objects[name] = [{"label": each.label, "box": list(each.box), "product": each.product} for each in pin.objects]
    (out / "objects.json").write_text(json.dumps(objects, indent=1) + "\n")
    print(f"{pins} pins and objects.json in {out}")


if __name__ == "__main__":
    typer.run(main)
