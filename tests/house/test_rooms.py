"""The rooms are this checkout's, small enough to live in, and only the wheel's package leaves the house."""

import ast
import importlib.util
import re
import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("schemas", "fetch", "inference", "index", "settings", "streams", "api", "samples", "deploy")
MAX_MODULE_LINES = 400
MAX_TEST_MODULE_LINES = 650
MAX_FUNCTION_LINES = 80


def tracked(pattern: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", pattern],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


@pytest.mark.parametrize("room", ROOMS)
def test_no_other_distribution_owns_a_rooms_name(room: str) -> None:
    assert room not in packages_distributions()


@pytest.mark.parametrize("room", (*ROOMS, "pinstream"))
def test_each_room_resolves_inside_the_checkout(room: str) -> None:
    spec = importlib.util.find_spec(room)

    assert spec is not None
    assert [Path(place).resolve() for place in spec.submodule_search_locations or ()] == [ROOT / room]


def test_a_package_that_lists_its_modules_lists_all_of_them() -> None:
    wrong = []
    for package in (ROOT / "pinstream").rglob("__init__.py"):
        listed = set(re.findall(r"\b(\w+\.py)\b", ast.get_docstring(ast.parse(package.read_text())) or ""))
        found = {module.name for module in package.parent.glob("*.py")} - {"__init__.py"}
        if listed and listed != found:
            wrong.append(f"{package.relative_to(ROOT)}: {sorted(listed ^ found)}")

    assert not wrong


def test_modules_and_functions_keep_their_budget() -> None:
    too_long = []
    for module in tracked("*.py"):
        source = module.read_text()
        limit = MAX_TEST_MODULE_LINES if module.is_relative_to(ROOT / "tests") else MAX_MODULE_LINES
        if source.count("\n") > limit:
            too_long.append(f"{module.relative_to(ROOT)}: {source.count(chr(10))} lines")
        too_long += [
            f"{module.relative_to(ROOT)}:{node.lineno} {node.name}: {node.end_lineno - node.lineno} lines"
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.end_lineno is not None
            and node.end_lineno - node.lineno > MAX_FUNCTION_LINES
        ]

    assert not too_long


def test_no_signature_of_ours_takes_arbitrary_keywords() -> None:
    loose = [
        f"{module.relative_to(ROOT)}:{node.lineno} {node.name}"
        for module in tracked("*.py")
        if module.relative_to(ROOT).parts[0] in (*ROOMS, "pinstream")
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.args.kwarg is not None
        and ast.unparse(node.args.kwarg.annotation or ast.Constant(None)) != "P.kwargs"  # a signature passed through
    ]

    assert not loose


def test_no_module_has_a_name_from_the_bin() -> None:
    bin_names = {"utils", "util", "helpers", "common", "manager", "handler", "misc"}

    assert not [module for module in tracked("*.py") if module.stem in bin_names]


def test_every_documented_link_to_a_file_leads_somewhere() -> None:
    broken = []
    for page in tracked("*.md"):
        text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
            if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)} -> {target}")

    assert not broken


def test_wheel_holds_the_package_alone_and_its_types(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")

    names = zipfile.ZipFile(wheel).namelist()

    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"pinstream"}
    assert "pinstream/py.typed" in names
