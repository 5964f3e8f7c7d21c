"""The settings of a run, and the presets that hold them: see ``presets/``."""

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import ConfigDict, Field, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from inference.training.errors import TrainingProblem
from pinstream.store.codes import CODE_BITS

Cut = Literal["pixels", "s8", "s16"]
Task = Literal["category", "instance", "browse"]
Parts = Annotated[tuple[Literal["train", "validation"], ...], Field(min_length=1)]
"""Photos that train; those of the test part never do."""
Count = Annotated[int, Field(ge=0)]
AtLeastOne = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Settings = TypeVar("Settings", "EmbedSettings", "DetectSettings")
_STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, slots=True, config=_STRICT)
class EmbedSettings:
    """One embedding, trained in two phases: the head alone on pooled features, then everything after the cut."""

    tasks: Annotated[tuple[Task, ...], Field(min_length=1)] = ("category", "instance", "browse")
    bits: Annotated[int, Field(ge=8, multiple_of=8)] = CODE_BITS  # they are packed into bytes
    normalise: bool = True  # LayerNorm before and after the projection
    cut: Cut = "s16"  # what comes after it is trained in the second phase
    category_weight: Rate = 1.0  # the other tasks weigh 1 each
    temperature: Positive = 0.05
    sampled_proxies: Count = 1024  # in addition to those of the batch; 0: all
    photos_per_batch: AtLeastOne = 32  # each in two domains
    broad_per_batch: AtLeastOne = 8  # pictures of anything, each in two views
    neighbours: Rate = 0.0  # weight of keeping the frozen backbone's neighbours
    sharpness: Rate = 0.0  # how far embeddings are pushed to their signs by tanh at the end; 0: not at all
    head_steps: Count = 1000
    head_rate: Rate = 1e-3
    head_proxy_rate: Rate = 1e-2
    steps: Count = 400
    trunk_rate: Rate = 3e-4
    tuned_head_rate: Rate = 5e-4
    proxy_rate: Rate = 5e-3
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2
    clip: Positive = 5.0
    averaged_steps: Count = 100  # the result is the mean of the weights after each of the last steps; 0: the last ones
    seed: Count = 0
    held_out: tuple[str, ...] = ()  # labels whose photos are not trained on
    parts: Parts = ("train", "validation")

    @model_validator(mode="after")
    def _check_steps(self) -> Self:
        if self.head_steps + self.steps < 1:
            raise ValueError("head_steps + steps is 0; expected 1 or more")
        return self


@dataclass(frozen=True, slots=True, config=_STRICT)
class DetectSettings:
    """One detector."""

    start: str = ""  # a run, or an .onnx file, whose weights to start with, instead of the backbone's
    bf16: bool = False  # also on a CPU: twice as fast with AVX-512 BF16; a GPU always uses it
    steps: AtLeastOne = 1200
    batch: AtLeastOne = 16
    composed: Share = 0.50
    whole: Share = 0.26
    mosaic: Share = 0.14  # what is left of 1 are pictures without garments
    dyed: Share = 0.0  # share of garments that get another hue
    middle_rate: Rate = 0.0  # of stages 4 and 5; 0: frozen, as the first three always are
    tail_rate: Rate = 4e-4
    head_rate: Rate = 3e-3
    clip: Positive = 5.0
    averaged_steps: AtLeastOne = 100  # the result is the mean of the weights after each of the last steps
    seed: Count = 0
    parts: Parts = ("train", "validation")

    @model_validator(mode="after")
    def _check_shares(self) -> Self:
        shares = self.composed + self.whole + self.mosaic
        if shares > 1 + 1e-9:  # 0.7 + 0.2 + 0.1 is a little over 1
            raise ValueError(f"composed + whole + mosaic is {shares:.3g}; expected 1 or less")
        return self


_FOLDER: Final = Path(__file__).parent / "presets"
PRESETS: Final[Mapping[type[object], Path]] = {
    EmbedSettings: _FOLDER / "embed.toml",
    DetectSettings: _FOLDER / "detect.toml",
}


def load(kind: type[Settings], name: str) -> Settings:
    """A preset by its name, or a TOML file by its path; raises TrainingProblem with what is wrong in it."""
    if name.endswith(".toml"):
        return parse(kind, _read_toml(Path(name)), Path(name))
    path = PRESETS[kind]
    presets = _read_toml(path)
    if name not in presets:
        known = ", ".join(sorted(presets))
        raise TrainingProblem(f"no preset {name!r} in {path}; there are {known}, or give the path of a .toml")
    return parse(kind, _inherit(presets, name), path)


def _read_toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise TrainingProblem(f"no file {path}")
    try:
        return tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as exc:
        raise TrainingProblem(f"{path} is not TOML: {exc}") from exc


def _inherit(presets: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, Any]:
    own = dict(presets[name])
    like = own.pop("like", None)
    return own if like is None else _inherit(presets, like) | own


def parse(kind: type[Settings], given: Mapping[str, Any], path: Path) -> Settings:
    """The settings that a file holds; raises TrainingProblem with the file, and what is wrong in it."""
    allowed = [field.name for field in dataclasses.fields(kind)]
    unknown = sorted(set(given) - set(allowed))
    if unknown:
        raise TrainingProblem(f"{path}: no setting {', '.join(unknown)}; there are {', '.join(allowed)}")
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}
    try:
        return kind(**values)
    except ValidationError as exc:
        wrong = exc.errors()[0]
        said = wrong["msg"].removeprefix("Value error, ")
        if wrong["loc"]:
            said = f"{wrong['loc'][0]} is {wrong['input']!r}; {said[0].lower()}{said[1:]}"
        raise TrainingProblem(f"{path}: {said}") from exc


def differences(kept: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The settings or facts that differ, with both values; empty if none do."""
    names = [*kept, *(name for name in now if name not in kept)]
    return ", ".join(
        f"{name} is {_brief(kept, name)} there and {_brief(now, name)} here"
        for name in names
        if name not in kept or name not in now or kept[name] != now[name]
    )


def _brief(values: Mapping[str, Any], name: str) -> str:
    """A value as a message shows it; a checksum is cut short."""
    if name not in values:
        return "nothing"
    is_checksum = re.fullmatch("[0-9a-f]{64}", str(values[name]))
    return f"{values[name][:12]}..." if is_checksum else repr(values[name])
