import re
from pathlib import Path

import pytest

from deploy.demo.options import parse

QUICKSTART = Path(__file__).parents[3] / "docs" / "quickstart.md"


def test_defaults_are_sample_pins_that_stay_up() -> None:
    options = parse([])

    assert (options.images, options.pins, options.rate, options.exit, options.json) == (None, None, 5.0, False, None)


def test_every_documented_option_is_taken(tmp_path: Path) -> None:
    options = parse(f"--images {tmp_path} --pins 12 --rate 2.5 --exit --json {tmp_path}/f.json --seed 3 --keep".split())

    assert options.images == tmp_path
    assert (options.pins, options.rate, options.exit, options.seed, options.keep) == (12, 2.5, True, 3, True)
    assert options.json == tmp_path / "f.json"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--pins 0", "'0': expected a whole number of pins, 1 or more"),
        ("--pins -3", "expected a whole number of pins"),
        ("--pins many", "'many': expected a whole number"),
        ("--rate 0", "expected pins a second, more than 0"),
        ("--rate nan", "expected pins a second"),
        ("--rate inf", "at most 1000"),
        ("--seed -1", "from 0 to 9999"),
        ("--json /nowhere/at/all.json", "there is no folder /nowhere/at"),
        ("--json /", "is a folder; give a file"),
        ("--milvus maybe", "'maybe': expected lite, server, or http://HOST:PORT"),
        ("--pictures x", "unrecognized arguments"),
    ],
)
def test_wrong_option_is_a_usage_error_that_says_what_is_expected(
    arguments: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments.split())

    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_quickstart_documents_exactly_the_options_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])

    documented = set(re.findall(r"^\| `(--[a-z]+)", QUICKSTART.read_text(), flags=re.MULTILINE))

    assert documented == set(re.findall(r"--[a-z]+", capsys.readouterr().out)) - {"--help"}
