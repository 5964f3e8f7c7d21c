"""The README's example runs as shown, but for the addresses of the servers."""

import contextlib
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.bootstrap import init
from pinstream.store.collection import Row
from pinstream.store.milvus import MilvusStore
from schemas.topics import topics
from streams.topic_setup import TopicSetup

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.stack
def test_the_example_publishes_a_pin_and_prints_what_is_like_it(stack: "LocalStack") -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    TopicSetup({"bootstrap.servers": stack.endpoints.kafka}).ensure(topics())
    store = MilvusStore(stack.endpoints.milvus)
    init(store)
    code = bytes(range(100, 132))
    store.upsert(
        [
            Row(pin_id=pin, slot=0, alive=True, code=code, version=1, image_sha256=pin)
            for pin in ("sunset-1", "sunset-9")
        ]
    )
    store.close()
    printed = io.StringIO()
    here = example.replace("127.0.0.1:9092", stack.endpoints.kafka).replace(
        "http://127.0.0.1:19530", stack.endpoints.milvus
    )

    with contextlib.redirect_stdout(printed):
        exec(here, {})

    assert printed.getvalue().startswith("sunset-9  similarity 1.00  ")
