"""Every example of docs/searching.md runs and prints what it says, and its figures are those of the code."""

import ast
import contextlib
import io
import re
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

import pytest

from pinstream.search.blend import PICTURE_WEIGHTS, SECOND_WEIGHT
from pinstream.search.cursor import MAX_PAGED
from pinstream.search.hits import NEAR_DUPLICATE_BITS, SAME_PRODUCT_BITS, SearchResult
from pinstream.search.index import VisualIndex
from pinstream.search.pin_reader import MAX_REMEMBERED
from pinstream.search.query import DEFAULT_CANDIDATES, DEFAULT_HITS, FRESHNESS_WEIGHT, MAX_HITS
from pinstream.store.codes import CODE_BITS, CODE_BYTES, similarity
from pinstream.store.collection import Row, collection_name
from pinstream.store.collection_schema import Shape
from pinstream.store.milvus import TIMEOUT_S, MilvusStore
from pinstream.store.vector_store import MAX_LIMIT

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack

TEXT = (Path(__file__).parents[2] / "docs" / "searching.md").read_text()
ADDRESS = "http://127.0.0.1:19530"


@pytest.fixture
def milvus(lite_milvus: "LocalStack") -> Iterator[str]:
    """Lite, where the page's pins were indexed two seconds ago: three alike, each with a hat."""
    uri = lite_milvus.endpoints.milvus
    published_at_ms = time.time_ns() // 1_000_000 - 2_000
    wholes = [
        Row(
            pin_id=f"sunset-{number}",
            slot=0,
            alive=True,
            code=bytes(CODE_BYTES - 1) + bytes([number - 1]),
            version=1,
            object_count=1,
            title=f"the sunset-{number}",
            label="Hat",
            domain="catalog",
            published_at_ms=published_at_ms,
            price=19.0,
            currency="EUR",
            link="https://shop.example/hat",
        )
        for number in (1, 2, 3)
    ]
    rows = [*wholes, *(replace(whole, slot=1) for whole in wholes)]
    with closing(MilvusStore(uri, timeout_s=20)) as store:
        store.create(Shape())
        store.delete([row.key for row in store.rows()])
        store.upsert(rows)
        yield uri
        store.delete([row.key for row in rows])


def example(text: str, milvus: str) -> CodeType:
    """The block of the page that holds ``text``."""
    (block,) = (block for block in re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL) if text in block)
    assert ADDRESS in block
    source = block.replace(ADDRESS, milvus)
    compiled: CodeType = compile(source, "searching.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    return compiled


PRINTED = {
    'related("sunset-1", limit=5):': "".join(rf"sunset-{i} 1 0\.99 \d+ s old the sunset-{i}\n" for i in (2, 3)),
    "label=ANY_LABEL": "".join(f"sunset-{i} the same 19.0 EUR https://shop.example/hat\n" for i in (2, 3)),
    "Freshness(half": r"sunset-2 1\.24 = 0\.99 and the boost of \d+ s\nsunset-3 1\.24 = .*\n",
    "Rerank(scorer": r"sunset-2 1\.112\nsunset-3 0\.999\n",
    "limit=2, cursor": r"sunset-2, sunset-3\n",
    "related_many": r"sunset-1 \['sunset-2', 'sunset-3'\]\nsunset-2 .*\nnobody pin 'nobody' is not in the index.*\n",
    "CodeQuery(": r"sunset-1 1\.00 as a whole\nsunset-2 1\.00 as a whole\nsunset-3 1\.00 as a whole\n",
}


@pytest.mark.stack
@pytest.mark.parametrize("text", PRINTED)
def test_an_example_prints_what_it_says(milvus: str, text: str) -> None:
    printed = io.StringIO()

    with contextlib.redirect_stdout(printed):
        exec(example(text, milvus), {})

    assert re.fullmatch(PRINTED[text], printed.getvalue())


@pytest.mark.stack
async def test_the_example_for_services_awaits_related_pins(milvus: str) -> None:
    names: dict[str, Any] = {}

    await eval(example("AsyncVisualIndex(", milvus), names)

    found: SearchResult = names["related"]
    assert [hit.pin_id for hit in found] == ["sunset-2", "sunset-3"]
    await names["visual"].close()


def test_every_example_on_the_page_is_run() -> None:
    assert len(re.findall("```python\n", TEXT)) == len(PRINTED) + 1


def test_figures_on_the_page_are_the_codes() -> None:
    for sentence in (
        f"`limit`: 1 to {MAX_HITS:,} pictures, by default {DEFAULT_HITS}",
        f"Up to {NEAR_DUPLICATE_BITS} bits a hit is a `near_duplicate`",
        f"within `timeout_s`, {TIMEOUT_S:.0f} s",
        f"{MAX_LIMIT:,} rows",
        f"{FRESHNESS_WEIGHT} * 2 ** (-age_s / half_life_s)",
        f"counts as {FRESHNESS_WEIGHT * CODE_BITS / 2:.0f} bits nearer",
        f"by at most\n{SAME_PRODUCT_BITS} bits",
        f"reaches {MAX_PAGED} hits deep",
        f"the last\n{MAX_REMEMBERED:,} pictures and objects",
        f"that of the others {SECOND_WEIGHT} times",
        "is {} with no object on it, {} with one and {} with several".format(*PICTURE_WEIGHTS),
        f"candidates={DEFAULT_CANDIDATES}",
        f"`{collection_name()}`",
    ):
        assert sentence in TEXT
    assert similarity(32) == 1 - 32 / 128


def test_every_call_on_the_page_exists() -> None:
    calls = set(re.findall(r"^\| `(\w+)\(", TEXT, flags=re.MULTILINE)) | set(re.findall(r"`(\w+_many)\(", TEXT))

    assert calls == {name for name in vars(VisualIndex) if not name.startswith("_")} - {"over", "close"}
