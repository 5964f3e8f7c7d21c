"""Commands that the operators' pages show exist, with the options that they show."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import typer.main

from deploy.prometheus.tables import ROOT

PAGES = sorted((ROOT / "docs" / "operations").rglob("*.md"))
OPENINGS = re.compile(r"(?:python -m (?:streams|index|inference|api|deploy\.local)|pinstream) [a-z][^`\n]*")


@cache
def command(program: str) -> Any:
    if program == "pinstream":
        from pinstream.cli import app
    elif program == "streams":
        from streams.__main__ import app
    elif program == "index":
        from index.__main__ import app
    elif program == "inference":
        from inference.cli import app
    elif program == "api":
        from api.__main__ import app
    else:
        from deploy.local.cli import app
    return typer.main.get_command(app)


def shown(page: Path) -> Iterator[list[str]]:
    """The commands of a page, as words; those in running text are between backquotes."""
    text = page.read_text()
    for line in re.findall(r"^(?: {4,}|)(?:\$ )?(?:\w+=\S+ )*(?=python -m|pinstream )(.*)$", text, re.MULTILINE):
        if found := OPENINGS.match(line):
            yield shlex.split(found[0].split(" #")[0])
    for quoted in re.findall(r"`([^`\n]+)`", text):
        if found := OPENINGS.match(quoted):
            yield shlex.split(found[0])


def fault(words: list[str]) -> str | None:
    """Why a command is wrong; None if it is right."""
    program, rest = (words[2], words[3:]) if words[0] == "python" else (words[0], words[1:])
    found = command(program)
    while rest and hasattr(found, "commands"):  # typer has a click of its own
        known = found.commands.get(rest[0])
        if known is None:
            return f"{program} has no command {rest[0]!r}"
        found, rest = known, rest[1:]
    options = {name for parameter in found.params for name in (*parameter.opts, *parameter.secondary_opts)}
    for word in rest:
        if word.startswith("-") and word.split("=")[0] not in options:
            return f"{found.name} has no option {word!r}"
    return None


def test_every_command_of_every_page_exists_with_its_options() -> None:
    faults = {
        f"{page.name}: {' '.join(words)}": reason
        for page in PAGES
        for words in shown(page)
        if (reason := fault(words)) is not None
    }

    assert not faults


def test_pages_show_commands_and_a_wrong_one_is_noticed() -> None:
    assert sum(1 for page in PAGES for _ in shown(page)) > 30
    assert fault(["pinstream", "wher", "PIN"]) == "pinstream has no command 'wher'"
    assert fault(["python", "-m", "index", "audit", "--repare"]) == "audit has no option '--repare'"
