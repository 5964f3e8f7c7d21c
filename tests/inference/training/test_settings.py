"""Presets: every shipped one is good, and a bad one names its value and what is allowed."""

import pytest

from inference.training.errors import TrainingProblem
from inference.training.settings import PRESETS, DetectSettings, EmbedSettings, load


@pytest.mark.parametrize("path", sorted(PRESETS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_preset_can_be_loaded(path):
    load(DetectSettings if path.stem.startswith("detect") else EmbedSettings, path.stem)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('cut = "s99"', "cut is 's99'; expected pixels or s8 or s16"),
        ('tasks = ["category", "colour"]', "tasks is 'colour'; expected category or instance or browse"),
        ("tasks = []", "tasks is empty; expected some of category, instance, browse"),
        ('parts = ["test"]', "parts is 'test'; expected train or validation"),
        ('steps = "many"', "steps is 'many'; expected a value like 400"),
        ("steps = -1", "steps is -1; expected 0 or more"),
        ("steps = true", "steps is True; expected a value like 400"),
        ("normalise = 1", "normalise is 1; expected a value like True"),
        ("photos_per_batch = 0", "photos_per_batch is 0; expected 1 or more"),
        ('tasks = "category"', "tasks is 'category'; expected a value like"),
        ("cut = s16", "is not TOML"),
        ('colour = "red"', "no setting colour; there are tasks, bits"),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(tmp_path, text, said):
    (tmp_path / "mine.toml").write_text(text)

    with pytest.raises(TrainingProblem, match=r"mine\.toml") as raised:
        load(EmbedSettings, str(tmp_path / "mine.toml"))

    assert said in str(raised.value)


def test_a_whole_number_will_do_where_a_fraction_is_usual(tmp_path):
    (tmp_path / "mine.toml").write_text("category_weight = 3")

    assert load(EmbedSettings, str(tmp_path / "mine.toml")).category_weight == 3


def test_a_preset_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(TrainingProblem, match=r"no preset 'nothing'; there are .*unified"):
        load(EmbedSettings, "nothing")
