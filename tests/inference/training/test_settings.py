"""Presets: every shipped one is good, and a bad one names its value and what is allowed."""

import pytest

from inference.training.errors import TrainingProblem
from inference.training.settings import PRESETS, DetectSettings, EmbedSettings, differences, load


@pytest.mark.parametrize("path", sorted(PRESETS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_preset_can_be_loaded(path):
    load(DetectSettings if path.stem.startswith("detect") else EmbedSettings, path.stem)


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (EmbedSettings, 'cut = "s99"', "cut is 's99'; expected pixels or s8 or s16"),
        (EmbedSettings, 'tasks = ["category", "colour"]', "tasks is 'colour'; expected category or instance or browse"),
        (EmbedSettings, "tasks = []", "tasks is empty; expected some of category, instance, browse"),
        (EmbedSettings, 'parts = ["test"]', "parts is 'test'; expected train or validation"),
        (EmbedSettings, 'steps = "many"', "steps is 'many'; expected a value like 400"),
        (EmbedSettings, "steps = -1", "steps is -1; expected 0 or more"),
        (EmbedSettings, "steps = true", "steps is True; expected a value like 400"),
        (EmbedSettings, "normalise = 1", "normalise is 1; expected a value like True"),
        (EmbedSettings, "photos_per_batch = 0", "photos_per_batch is 0; expected 1 or more"),
        (EmbedSettings, 'tasks = "category"', "tasks is 'category'; expected a value like"),
        (EmbedSettings, "cut = s16", "is not TOML"),
        (EmbedSettings, 'colour = "red"', "no setting colour; there are tasks, bits"),
        (EmbedSettings, "dropout = 1", "dropout is 1; expected 0 or more and less than 1"),
        (EmbedSettings, "temperature = 0", "temperature is 0; expected more than 0"),
        (EmbedSettings, "temperature = nan", "temperature is nan; expected more than 0"),
        (EmbedSettings, "category_weight = inf", "category_weight is inf; expected 0 or more"),
        (EmbedSettings, "bits = 100", "bits is 100; expected a multiple of 8"),
        (EmbedSettings, "bits = 0", "bits is 0; expected a multiple of 8"),
        (EmbedSettings, "clip = 0", "clip is 0; expected more than 0"),
        (EmbedSettings, "steps = 0\nhead_steps = 0", "head_steps + steps is 0; expected 1 or more"),
        (DetectSettings, "composed = 0.9\nwhole = 0.2", "composed + whole + mosaic is 1.24; expected 1 or less"),
        (DetectSettings, "mosaic = 1.5", "mosaic is 1.5; expected 0 to 1"),
        (DetectSettings, "dyed = 1.01", "dyed is 1.01; expected 0 to 1"),
        (DetectSettings, "steps = 0", "steps is 0; expected 1 or more"),
        (DetectSettings, "averaged_steps = 0", "averaged_steps is 0; expected 1 or more"),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(tmp_path, kind, text, said):
    (tmp_path / "mine.toml").write_text(text)

    with pytest.raises(TrainingProblem, match=r"mine\.toml") as raised:
        load(kind, str(tmp_path / "mine.toml"))

    assert said in str(raised.value)


def test_shares_that_fill_everything_will_do_and_so_does_an_embedding_that_is_no_mean(tmp_path):
    (tmp_path / "boxes.toml").write_text("composed = 0.7\nwhole = 0.2\nmosaic = 0.1\ndyed = 1")
    (tmp_path / "codes.toml").write_text("averaged_steps = 0")

    assert load(DetectSettings, str(tmp_path / "boxes.toml")).dyed == 1
    assert load(EmbedSettings, str(tmp_path / "codes.toml")).averaged_steps == 0


def test_differences_name_both_values_and_what_one_side_lacks():
    kept, now = (
        {"cut": "s16", "seed": 0, "old": 1, "pictures": "a" * 64},
        {"cut": "s8", "seed": 0, "pictures": "b" * 64},
    )

    assert differences(kept, now) == (
        "cut is 's16' there and 's8' here, old is 1 there and nothing here, "
        "pictures is aaaaaaaaaaaa... there and bbbbbbbbbbbb... here"
    )
    assert not differences(now, dict(now))


def test_a_whole_number_will_do_where_a_fraction_is_usual(tmp_path):
    (tmp_path / "mine.toml").write_text("category_weight = 3")

    assert load(EmbedSettings, str(tmp_path / "mine.toml")).category_weight == 3


def test_a_preset_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(TrainingProblem, match=r"no preset 'nothing'; there are .*unified"):
        load(EmbedSettings, "nothing")
