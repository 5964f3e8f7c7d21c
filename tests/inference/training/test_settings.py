"""Presets: all are valid; a bad value is named with what is allowed."""

import dataclasses
import tomllib
from pathlib import Path

import pytest

from inference.training.errors import TrainingProblem
from inference.training.settings import PRESETS, DetectSettings, EmbedSettings, differences, load


def test_every_preset_can_be_loaded() -> None:
    embeds, detects = (tomllib.loads(PRESETS[kind].read_text()) for kind in (EmbedSettings, DetectSettings))

    assert "unified" in embeds
    assert "detect" in detects
    for name in embeds:
        load(EmbedSettings, name)
    for name in detects:
        load(DetectSettings, name)


def test_a_preset_starts_with_the_one_that_it_is_like() -> None:
    assert load(EmbedSettings, "head-64-bits") == dataclasses.replace(load(EmbedSettings, "head-unified"), bits=64)


BAD: tuple[tuple[type[EmbedSettings] | type[DetectSettings], str, str], ...] = (
    (EmbedSettings, 'cut = "s99"', "cut is 's99'; input should be 'pixels', 's8' or 's16'"),
    (EmbedSettings, 'tasks = ["category", "colour"]', "tasks is 'colour'; input should be 'category', 'instance' or"),
    (EmbedSettings, "tasks = []", "tasks is (); tuple should have at least 1 item"),
    (EmbedSettings, 'parts = ["test"]', "parts is 'test'; input should be 'train' or 'validation'"),
    (EmbedSettings, 'steps = "many"', "steps is 'many'; input should be a valid integer"),
    (EmbedSettings, "steps = -1", "steps is -1; input should be greater than or equal to 0"),
    (EmbedSettings, "steps = true", "steps is True; input should be a valid integer"),
    (EmbedSettings, "normalise = 1", "normalise is 1; input should be a valid boolean"),
    (EmbedSettings, "photos_per_batch = 0", "photos_per_batch is 0; input should be greater than or equal to 1"),
    (EmbedSettings, 'tasks = "category"', "tasks is 'category'; input should be a valid tuple"),
    (EmbedSettings, "cut = s16", "is not TOML"),
    (EmbedSettings, 'colour = "red"', "no setting colour; there are tasks, bits"),
    (EmbedSettings, "dropout = 1", "dropout is 1; input should be less than 1"),
    (EmbedSettings, "temperature = 0", "temperature is 0; input should be greater than 0"),
    (EmbedSettings, "temperature = nan", "temperature is nan; input should be a finite number"),
    (EmbedSettings, "category_weight = inf", "category_weight is inf; input should be a finite number"),
    (EmbedSettings, "bits = 100", "bits is 100; input should be a multiple of 8"),
    (EmbedSettings, "bits = 0", "bits is 0; input should be greater than or equal to 8"),
    (EmbedSettings, "clip = 0", "clip is 0; input should be greater than 0"),
    (EmbedSettings, "steps = 0\nhead_steps = 0", "head_steps + steps is 0; expected 1 or more"),
    (DetectSettings, "composed = 0.9\nwhole = 0.2", "composed + whole + mosaic is 1.24; expected 1 or less"),
    (DetectSettings, "mosaic = 1.5", "mosaic is 1.5; input should be less than or equal to 1"),
    (DetectSettings, "dyed = 1.01", "dyed is 1.01; input should be less than or equal to 1"),
    (DetectSettings, "steps = 0", "steps is 0; input should be greater than or equal to 1"),
    (DetectSettings, "averaged_steps = 0", "averaged_steps is 0; input should be greater than or equal to 1"),
)


def test_a_bad_value_is_named_with_what_is_allowed(tmp_path: Path) -> None:
    path, failures = tmp_path / "mine.toml", {}
    for kind, text, said in BAD:
        path.write_text(text)
        try:
            load(EmbedSettings, str(path)) if kind is EmbedSettings else load(DetectSettings, str(path))
            failures[text] = "accepted"
        except TrainingProblem as problem:
            if not str(problem).startswith(str(path)) or said not in str(problem):
                failures[text] = str(problem)

    assert not failures


def test_shares_that_fill_everything_will_do_and_so_does_an_embedding_that_is_no_mean(tmp_path: Path) -> None:
    (tmp_path / "boxes.toml").write_text("composed = 0.7\nwhole = 0.2\nmosaic = 0.1\ndyed = 1")
    (tmp_path / "codes.toml").write_text("averaged_steps = 0")

    assert load(DetectSettings, str(tmp_path / "boxes.toml")).dyed == 1
    assert load(EmbedSettings, str(tmp_path / "codes.toml")).averaged_steps == 0


def test_differences_name_both_values_and_what_one_side_lacks() -> None:
    kept, now = (
        {"cut": "s16", "seed": 0, "old": 1, "pictures": "a" * 64},
        {"cut": "s8", "seed": 0, "pictures": "b" * 64},
    )

    assert differences(kept, now) == (
        "cut is 's16' there and 's8' here, old is 1 there and nothing here, "
        "pictures is aaaaaaaaaaaa... there and bbbbbbbbbbbb... here"
    )
    assert not differences(now, dict(now))


def test_a_whole_number_will_do_where_a_fraction_is_usual(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("category_weight = 3")

    assert load(EmbedSettings, str(tmp_path / "mine.toml")).category_weight == 3


def test_a_preset_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(TrainingProblem, match=r"no preset 'nothing' in .*; there are .*unified"):
        load(EmbedSettings, "nothing")
