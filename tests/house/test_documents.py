"""Documents that cannot drift: figures come from a stored report, commands and examples are run by a test."""

import json
import re
from pathlib import Path

import pytest

from tests.bench.figures import percentiles, steady_rate
from tests.bench.products.report import page_block as products_block
from tests.bench.report import (
    END,
    PATH,
    PRODUCTS,
    SEARCH,
    SERVICE,
    STORAGE,
    begin,
    page_block,
    readme_block,
    replace_block,
    sizing_block,
)
from tests.bench.search import table as search_table
from tests.bench.service import table as service_table
from tests.bench.storage import table as storage_table

ROOT = Path(__file__).parents[2]

# Every command that the README shows, and the test that runs it (the Makefile's targets run the module named there).
RUN_BY = {
    "make demo": "tests/integration/test_demo.py",
    "make demo ARGS": "tests/integration/test_demo.py",
    "make test": ".ci/run",
    "make wheel": "tests/integration/test_readme.py",
    "python -m deploy.local up": "tests/integration/test_local_stack.py",
    "python -m deploy.local status": "tests/integration/test_local_stack.py",
    "python -m streams init": "tests/integration/test_worker.py",
    "python -m index init": "tests/index/test_cli.py",
    "python -m streams watch": "tests/integration/test_watch.py",
    "python -m streams canary": "tests/integration/test_drill.py",
    "python -m streams dead-letters": "tests/integration/test_dead_letters.py",
    "python -m index audit": "tests/integration/test_audit.py",
    "python -m index sweep": "tests/integration/test_audit.py",
    "pinstream publish": "tests/integration/test_publish.py",
    "pinstream watch": "tests/pinstream/cli/test_watch.py",
    "pinstream related": "tests/pinstream/cli/test_search.py",
    "pinstream similar": "tests/pinstream/cli/test_search.py",
    "pinstream where": "tests/pinstream/cli/test_search.py",
    "pinstream delete": "tests/pinstream/cli/test_publish.py",
}


def measured(page: str, source: str) -> str:
    found = re.search(
        f"{re.escape(begin(source))}\n(.*?)\n?{re.escape(END)}", (ROOT / page).read_text(), flags=re.DOTALL
    )
    assert found is not None, f"{page} has no place for measurements"
    return found[1]


def test_figures_in_the_documents_are_those_of_the_stored_report() -> None:
    path, products, search, service, storage = (
        json.loads((ROOT / source).read_text()) for source in (PATH, PRODUCTS, SEARCH, SERVICE, STORAGE)
    )

    assert measured("README.md", PATH) == readme_block(path)
    assert measured("docs/benchmarks.md", PATH) == page_block(path)
    assert measured("docs/products.md", PRODUCTS) == products_block(products)
    assert measured("docs/searching.md", SEARCH) == search_table(search)
    assert measured("docs/api.md", SERVICE) == service_table(service)
    assert measured("docs/operations/sizing.md", PATH) == sizing_block(path)
    assert measured("docs/operations/sizing.md", STORAGE) == storage_table(storage)


def test_no_rate_or_cost_is_typed_by_hand() -> None:
    typed = []
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "operations").glob("*.md")]:
        outside = re.sub(r"<!-- measured: .*?<!-- /measured -->", "", page.read_text(), flags=re.DOTALL)
        typed += [
            f"{page.name}: {figure}" for figure in re.findall(r"\d[\d.,]* ?(?:pins|rows)/s|\d[\d.]* ms of CPU", outside)
        ]

    assert not typed


def test_every_command_in_the_readme_is_run_by_a_test() -> None:
    text = (ROOT / "README.md").read_text()
    shown = re.findall(
        r"(?:`|^)(?:\.venv/bin/)?((?:python -m \S+ |pinstream |make )[a-z-]+(?: ARGS)?)", text, re.MULTILINE
    )

    assert set(shown) == set(RUN_BY)
    assert not [test for test in RUN_BY.values() if not (ROOT / test).exists()]


def test_percentiles_and_rates_are_those_a_person_would_compute() -> None:
    assert percentiles([10.0, 20.0, 30.0]) == {"p50": 20.0, "p95": 29.0, "p99": 29.8}
    assert percentiles([]) == {}
    assert steady_rate([float(ms) for ms in range(0, 1000, 10)]) == pytest.approx(100.0)
    with pytest.raises(ValueError, match="too few"):
        steady_rate([1.0])


def test_a_page_without_the_marks_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing here")

    with pytest.raises(ValueError, match="no place for measurements"):
        replace_block(page, "figures")
