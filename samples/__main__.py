"""Writes sample pins to a folder: ``python -m samples --out DIR --pins N [--size PX] [--sheet FILE.png]``."""

import argparse
import json
from pathlib import Path

from samples.scene import SamplePin, draw, jpeg
from samples.sheet import sheet


def main() -> None:
    """Draws the pins asked for, their objects beside them in objects.json, and a contact sheet if wanted."""
    parser = argparse.ArgumentParser(prog="python -m samples", description="Draw sample pins.")
    parser.add_argument("--out", type=Path, required=True, help="folder for the JPEG files and objects.json")
    parser.add_argument("--pins", type=int, default=40, help="how many")
    parser.add_argument("--first", type=int, default=0, help="number of the first pin")
    parser.add_argument("--size", type=int, default=512, help="longer side, in pixels")
    parser.add_argument("--sheet", type=Path, help="contact sheet, a PNG file")
    wanted = parser.parse_args()
    wanted.out.mkdir(parents=True, exist_ok=True)
    objects: dict[str, list[dict[str, object]]] = {}
    drawn: list[SamplePin] = []
    for number in range(wanted.first, wanted.first + wanted.pins):
        pin = draw(number, size_px=wanted.size)
        name = f"{pin.pin_id}.jpg"
        (wanted.out / name).write_bytes(jpeg(pin))
        objects[name] = [{"label": seen.label, "box": list(seen.box), "product": seen.product} for seen in pin.objects]
        if wanted.sheet:
            drawn.append(pin)
    (wanted.out / "objects.json").write_text(json.dumps(objects, indent=1) + "\n")
    if wanted.sheet:
        sheet([pin.pixels for pin in drawn]).save(wanted.sheet)
    print(f"{wanted.pins} pins and objects.json in {wanted.out}")


if __name__ == "__main__":
    main()
