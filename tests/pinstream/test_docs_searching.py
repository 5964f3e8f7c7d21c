"""What the page on searching shows, runs, and its figures are the code's."""

import ast
import contextlib
import io
import re
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

import pytest

from pinstream.asking import DEFAULT_HITS, MAX_HITS
from pinstream.codes import CODE_BYTES, similarity
from pinstream.collection import Row, collection_name
from pinstream.columns import Shape
from pinstream.hits import NEAR_DUPLICATE_BITS, SearchResult
from pinstream.milvus import TIMEOUT_S, MilvusStore
from pinstream.search import VisualIndex
from pinstream.store import MAX_LIMIT

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack

TEXT = (Path(__file__).parents[2] / "docs" / "searching.md").read_text()
ADDRESS = "http://127.0.0.1:19530"


@pytest.fixture
def milvus(lite_milvus: "LocalStack") -> Iterator[str]:
    """Lite, where the page's pin and one like it were indexed two seconds ago."""
    uri = lite_milvus.endpoints.milvus
    published_at_ms = time.time_ns() // 1_000_000 - 2_000
    rows = [
        Row(
            pin_id=pin_id,
            slot=0,
            alive=True,
            code=bytes(CODE_BYTES),
            version=1,
            title=f"the {pin_id}",
            domain="catalog",
            published_at_ms=published_at_ms,
        )
        for pin_id in ("sunset-1", "sunset-2")
    ]
    with closing(MilvusStore(uri, timeout_s=20)) as store:
        store.create(Shape())
        store.upsert(rows)
        yield uri
        store.delete([row.key for row in rows])


def example(number: int, milvus: str) -> CodeType:
    block = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)[number]
    assert ADDRESS in block
    return compile(block.replace(ADDRESS, milvus), "searching.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.stack
def test_the_first_example_prints_related_pins(milvus: str) -> None:
    printed = io.StringIO()

    with contextlib.redirect_stdout(printed):
        exec(example(0, milvus), {})

    first = printed.getvalue().splitlines()[0]  # other tests share the collection
    assert re.fullmatch(r"sunset-2 0 1\.00 \d+ s old the sunset-2", first)


@pytest.mark.stack
async def test_the_second_example_awaits_them(milvus: str) -> None:
    names: dict[str, Any] = {}

    await eval(example(1, milvus), names)

    found: SearchResult = names["related"]
    assert [hit.pin_id for hit in found] == ["sunset-2"]
    await names["visual"].close()


def test_figures_on_the_page_are_the_codes() -> None:
    for sentence in (
        f"`limit`: 1 to {MAX_HITS:,} pictures, {DEFAULT_HITS} unless told otherwise",
        f"Up to {NEAR_DUPLICATE_BITS} bits a hit is a `near_duplicate`",
        f"`timeout_s`, {TIMEOUT_S:.0f} s",
        f"{MAX_LIMIT:,} rows",
        f"`{collection_name()}`",
    ):
        assert sentence in TEXT
    assert similarity(32) == 1 - 32 / 128


def test_every_call_on_the_page_exists() -> None:
    calls = re.findall(r"^\| `(\w+)\(", TEXT, flags=re.MULTILINE)

    assert calls == ["related", "similar", "by_code", "get", "trace"]
    assert all(callable(getattr(VisualIndex, call)) for call in calls)
