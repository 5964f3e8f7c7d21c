"""What other teams import, and what that costs them."""

import subprocess
import sys

import pytest

import pinstream

HEAVY = ("confluent_kafka", "pydantic", "pymilvus", "numpy", "orjson", "typer", "grpc")


def test_every_public_name_is_there_and_documented() -> None:
    undocumented = [name for name in pinstream.__all__ if not getattr(pinstream, name).__doc__]

    assert not undocumented


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Publishr'"):
        pinstream.Publishr  # noqa: B018


def test_dir_lists_the_public_names() -> None:
    assert set(dir(pinstream)) == set(pinstream.__all__)


def test_importing_the_package_imports_nothing_heavy() -> None:
    program = f"import sys, pinstream; print([name for name in {HEAVY!r} if name in sys.modules])"

    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert printed.strip() == "[]"


@pytest.mark.parametrize("module", ["pinstream.publish", "pinstream.cli", "pinstream.testing"])
def test_publishing_and_the_command_line_do_without_the_search_extra(module: str) -> None:
    program = f"import sys; sys.modules['pymilvus'] = sys.modules['numpy'] = None; import {module}"

    subprocess.run([sys.executable, "-c", program], check=True)
