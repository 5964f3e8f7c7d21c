"""The answer of the models about one picture, as the code cache keeps it."""

from dataclasses import dataclass

from inference.detect import Detection
from pinstream.store.codes import Code


@dataclass(frozen=True, slots=True)
class PictureCodes:
    """The whole picture's code, and its objects with theirs."""

    whole: Code
    objects: tuple[tuple[Detection, Code], ...]
