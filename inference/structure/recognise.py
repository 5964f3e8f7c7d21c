"""Names for what is no picture that we read, in words a person understands."""

from typing import Final

_STARTS: Final = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
    (b"8BPS", "a Photoshop document"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
    (b"\x00\x00\x01\x00", "an icon file"),
    (b"ID3", "an MP3 recording"),
    (b"OggS", "an Ogg recording"),
    (b"II+\x00", "a BigTIFF picture"),
    (b"MM\x00+", "a BigTIFF picture"),
)
_BRANDS: Final = {
    b"heic": "a HEIC picture",
    b"heix": "a HEIC picture",
    b"hevc": "a HEIC picture",
    b"mif1": "a HEIF picture",
    b"msf1": "a HEIF picture",
    b"crx ": "a Canon raw picture",
    b"qt  ": "a QuickTime video, not a picture",
}


def describe(encoded: bytes) -> str:
    """What the bytes are, such as ``an MP4 video, not a picture``."""
    if not encoded:
        return "an empty file, 0 bytes"
    if encoded[4:8] == b"ftyp":
        return _BRANDS.get(encoded[8:12], "an MP4 video, not a picture")
    if encoded.startswith(b"RIFF"):
        return {b"WAVE": "a WAV recording", b"AVI ": "an AVI video"}.get(
            encoded[8:12], "a RIFF file"
        ) + ", not a picture"
    for start, name in _STARTS:
        if encoded.startswith(start):
            return name if name.endswith("picture") else f"{name}, not a picture"
    return _describe_text(encoded) or f"not a picture: {len(encoded)} bytes of an unknown format"


_MARKUP: Final = (
    ("<!doctype html", "an HTML page"),
    ("<html", "an HTML page"),
    ("<", "an XML or HTML document"),
    ("{", "a JSON document"),
    ("[", "a JSON document"),
)


def _describe_text(encoded: bytes) -> str | None:
    text = encoded[:256].decode("utf-8", "ignore").lstrip("\ufeff \r\n\t").lower()
    if "<svg" in text:
        return "an SVG drawing, not a picture of pixels"
    for start, name in _MARKUP:
        if text.startswith(start):
            return f"{name}, not a picture"
    readable = encoded[:256].isascii() and all(each.isprintable() or each.isspace() for each in text)
    return "text, not a picture" if text and readable else None
