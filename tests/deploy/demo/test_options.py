import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.demo.options import Options, command

QUICKSTART = Path(__file__).parents[3] / "docs" / "quickstart.md"


def invoke(arguments: str, read: list[Options]) -> Result:
    def run(options: Options) -> int:
        read.append(options)
        return 0

    return CliRunner().invoke(command(run), arguments.split())


def parse(arguments: str) -> Options:
    read: list[Options] = []
    assert invoke(arguments, read).exit_code == 0
    return read[0]


def test_defaults_are_sample_pins_that_stay_up() -> None:
    options = parse("")

    assert (options.images, options.pins, options.rate, options.exit, options.json) == (None, None, 5.0, False, None)


def test_every_documented_option_is_taken(tmp_path: Path) -> None:
    options = parse(f"--images {tmp_path} --pins 12 --rate 2.5 --exit --json {tmp_path}/f.json --seed 3 --keep")

    assert options.images == tmp_path
    assert (options.pins, options.rate, options.exit, options.seed, options.keep) == (12, 2.5, True, 3, True)
    assert options.json == tmp_path / "f.json"


def test_home_folder_is_found_where_the_shell_leaves_the_tilde() -> None:
    options = parse("--images=~/Pictures --out=~/demo --json=~/figures.json")

    assert options.images == Path.home() / "Pictures"
    assert options.out == Path.home() / "demo"
    assert options.json == Path.home() / "figures.json"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--pins 0", "greater than or equal to 1"),
        ("--pins -3", "greater than or equal to 1"),
        ("--pins many", "valid integer"),
        ("--rate 0", "expected pins a second, more than 0"),
        ("--rate nan", "expected pins a second"),
        ("--rate inf", "at most 1000"),
        ("--seed -1", "greater than or equal to 0"),
        ("--json /nowhere/at/all.json", "there is no folder /nowhere/at"),
        ("--json /", "is a folder; give a file"),
        ("--milvus maybe", "'maybe': expected lite, server, or http://HOST:PORT"),
        ("--pictures x", "No such option"),
    ],
)
def test_wrong_option_is_a_usage_error_that_says_what_is_expected(arguments: str, message: str) -> None:
    read: list[Options] = []

    result = invoke(arguments, read)

    assert result.exit_code == 2
    assert message in result.stderr
    assert arguments.split(maxsplit=1)[0] in result.stderr
    assert read == []


def test_quickstart_documents_exactly_the_options_there_are() -> None:
    shown = invoke("--help", []).stdout

    documented = set(re.findall(r"^\| `(--[a-z]+)", QUICKSTART.read_text(), flags=re.MULTILINE))

    assert documented == set(re.findall(r"--[a-z]+", shown)) - {"--help"}
