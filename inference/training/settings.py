"""Everything a run can be told, as small TOML files: see ``presets/``."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final, TypeVar

from inference.training.errors import TrainingProblem
from pinstream.codes import CODE_BITS

PRESETS = Path(__file__).parent / "presets"
ALLOWED: Final[Mapping[str, tuple[str, ...]]] = {
    "tasks": ("category", "instance", "browse"),
    "cut": ("pixels", "s8", "s16"),
    "parts": ("train", "validation"),
}
"""The values of settings that have few; photographers for testing never train."""
AT_LEAST_ONE: Final = frozenset({"bits", "photos_per_batch", "broad_per_batch", "batch"})
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
    """Raises TrainingProblem for the first value of another type than its default's, below 0, or not among a few."""
    usual = type(told)()
    for name in (f.name for f in fields(told)):
        value, default = getattr(told, name), getattr(usual, name)
        kind = int | float if isinstance(default, float) else type(default)
        if isinstance(value, bool) != isinstance(default, bool) or not isinstance(value, kind):
            raise TrainingProblem(f"{path}: {name} is {value!r}; expected a value like {default!r}")
        if isinstance(value, int | float) and (value < 0 or (name in AT_LEAST_ONE and value < 1)):
            raise TrainingProblem(f"{path}: {name} is {value!r}; expected {int(name in AT_LEAST_ONE)} or more")
        allowed = ALLOWED.get(name, ())
        for each in value if isinstance(value, tuple) else (value,):
            if allowed and each not in allowed:
                raise TrainingProblem(f"{path}: {name} is {each!r}; expected {' or '.join(allowed)}")
        if allowed and not value:
            raise TrainingProblem(f"{path}: {name} is empty; expected some of {', '.join(allowed)}")
