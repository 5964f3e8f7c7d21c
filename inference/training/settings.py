"""Everything a run can be told, as small TOML files: see ``presets/``."""

import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, TypeVar

from inference.training.errors import TrainingProblem
from pinstream.store.codes import CODE_BITS

PRESETS = Path(__file__).parent / "presets"
ALLOWED: Final[Mapping[str, tuple[str, ...]]] = {
    "tasks": ("category", "instance", "browse"),
    "cut": ("pixels", "s8", "s16"),
    "parts": ("train", "validation"),
}
"""The values of settings that have few; photographers for testing never train."""
Range = tuple[Callable[[float], bool], str]
"""Whether a number can be right, and in words which can."""
NOT_NEGATIVE: Final[Range] = (lambda value: value >= 0, "0 or more")
AT_LEAST_ONE: Final[Range] = (lambda value: value >= 1, "1 or more")
POSITIVE: Final[Range] = (lambda value: value > 0, "more than 0")
SHARE: Final[Range] = (lambda value: 0 <= value <= 1, "0 to 1")
RANGES: Final[Mapping[str, Range]] = {
    "bits": (lambda value: value >= 1 and value % 8 == 0, "a multiple of 8, for bits are packed into bytes"),
    "temperature": POSITIVE,
    "photos_per_batch": AT_LEAST_ONE,
    "broad_per_batch": AT_LEAST_ONE,
    "dropout": (lambda value: 0 <= value < 1, "0 or more and less than 1"),
    "clip": POSITIVE,
}
DETECTOR_RANGES: Final[Mapping[str, Range]] = {
    "steps": AT_LEAST_ONE,
    "batch": AT_LEAST_ONE,
    **dict.fromkeys(("composed", "whole", "mosaic", "dyed"), SHARE),
    "clip": POSITIVE,
    "averaged_steps": AT_LEAST_ONE,
}
"""Other numbers are not negative. A detector is the mean of its last steps; an embedding need not be."""
Settings = TypeVar("Settings", "EmbedSettings", "DetectSettings")


@dataclass(frozen=True, slots=True)
class EmbedSettings:
    """One embedding. Two phases: the head alone on pooled features, then everything behind the cut."""

    tasks: tuple[str, ...] = ("category", "instance", "browse")
    bits: int = CODE_BITS
    normalise: bool = True  # LayerNorm before and after the projection
    cut: str = "s16"  # where learning begins: pixels, s8 or s16
    category_weight: float = 1.0  # the other tasks weigh 1 each
    temperature: float = 0.05
    sampled_proxies: int = 1024  # beside the batch's own; 0: all
    photos_per_batch: int = 32  # each in two domains
    broad_per_batch: int = 8  # pictures of anything, each in two views
    neighbours: float = 0.0  # weight of keeping the frozen backbone's neighbours
    sharpness: float = 0.0  # how close to their signs embeddings are pushed in the end, by tanh; 0: not at all
    head_steps: int = 1000
    head_rate: float = 1e-3
    head_proxy_rate: float = 1e-2
    steps: int = 400
    trunk_rate: float = 3e-4
    tuned_head_rate: float = 5e-4
    proxy_rate: float = 5e-3
    dropout: float = 0.2
    clip: float = 5.0
    averaged_steps: int = 100  # the last ones; what is kept is the mean of their weights
    seed: int = 0
    held_out: tuple[str, ...] = ()  # labels whose photos are not trained on at all
    parts: tuple[str, ...] = ("train", "validation")


@dataclass(frozen=True, slots=True)
class DetectSettings:
    """One detector."""

    start: str = ""  # the run, or the .onnx file, whose weights to begin with, instead of the backbone's
    bf16: bool = False  # on a CPU too: twice as fast where it has AVX-512 BF16; a GPU always uses it
    steps: int = 1200
    batch: int = 16
    composed: float = 0.50
    whole: float = 0.26
    mosaic: float = 0.14  # what is left of 1: pictures without garments
    dyed: float = 0.0  # how many of the garments get another colour
    middle_rate: float = 0.0  # of stages 4 and 5; 0: frozen, as the first three always are
    tail_rate: float = 4e-4
    head_rate: float = 3e-3
    clip: float = 5.0
    averaged_steps: int = 100
    seed: int = 0
    parts: tuple[str, ...] = ("train", "validation")


def load(kind: type[Settings], name: str) -> Settings:
    """A preset by its name, or a TOML file by its path; raises TrainingProblem naming what is wrong in it."""
    path = Path(name) if name.endswith(".toml") else PRESETS / f"{name}.toml"
    if not path.is_file():
        known = sorted(p.stem for p in PRESETS.glob("*.toml"))
        raise TrainingProblem(f"no preset {name!r}; there are {', '.join(known)}, or give the path of a .toml")
    try:
        given = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as exc:
        raise TrainingProblem(f"{path} is not TOML: {exc}") from exc
    allowed = [f.name for f in fields(kind)]
    unknown = sorted(set(given) - set(allowed))
    if unknown:
        raise TrainingProblem(f"{path}: no setting {', '.join(unknown)}; there are {', '.join(allowed)}")
    told = kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in given.items()})
    _check(told, path)
    return told


def _check(told: "EmbedSettings | DetectSettings", path: Path) -> None:
    """Raises TrainingProblem for the first value that cannot be right, and says what can."""
    usual = type(told)()
    for name in (f.name for f in fields(told)):
        value, default = getattr(told, name), getattr(usual, name)
        kind = int | float if isinstance(default, float) else type(default)
        if isinstance(value, bool) != isinstance(default, bool) or not isinstance(value, kind):
            raise TrainingProblem(f"{path}: {name} is {value!r}; expected a value like {default!r}")
        if isinstance(value, int | float):
            is_right, words = (DETECTOR_RANGES if isinstance(told, DetectSettings) else RANGES).get(name, NOT_NEGATIVE)
            if not (math.isfinite(value) and is_right(value)):
                raise TrainingProblem(f"{path}: {name} is {value!r}; expected {words}")
        _check_choice(name, value, path)
    _check_together(told, path)


def _check_choice(name: str, value: object, path: Path) -> None:
    """For settings that have few values."""
    allowed = ALLOWED.get(name, ())
    for each in value if isinstance(value, tuple) else (value,):
        if allowed and each not in allowed:
            raise TrainingProblem(f"{path}: {name} is {each!r}; expected {' or '.join(allowed)}")
    if allowed and not value:
        raise TrainingProblem(f"{path}: {name} is empty; expected some of {', '.join(allowed)}")


def _check_together(told: "EmbedSettings | DetectSettings", path: Path) -> None:
    """What each value alone does not show."""
    if isinstance(told, DetectSettings):
        shares = told.composed + told.whole + told.mosaic
        if shares > 1 + 1e-9:  # 0.7 + 0.2 + 0.1 is a little over 1
            raise TrainingProblem(f"{path}: composed + whole + mosaic is {shares:.3g}; expected 1 or less")
    elif told.head_steps + told.steps < 1:
        raise TrainingProblem(f"{path}: head_steps + steps is 0; expected 1 or more")


def differences(kept: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What two sets of settings or facts do not share, with both values; empty if they are the same."""
    names = [*kept, *(name for name in now if name not in kept)]
    return ", ".join(
        f"{name} is {_brief(kept, name)} there and {_brief(now, name)} here"
        for name in names
        if name not in kept or name not in now or kept[name] != now[name]
    )


def _brief(values: Mapping[str, Any], name: str) -> str:
    """A value as a message shows it: of a checksum, the beginning."""
    if name not in values:
        return "nothing"
    is_sum = re.fullmatch("[0-9a-f]{64}", str(values[name]))
    return f"{values[name][:12]}..." if is_sum else repr(values[name])
