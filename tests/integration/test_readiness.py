"""A service beside a Triton with other models is taken out of service, and says what is served and what is due."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from inference import model_repository
from tests.integration.running_service import RunningService
from tests.integration.running_worker import Site

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack
    from pinstream.store.milvus import MilvusStore

pytestmark = pytest.mark.stack


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A model repository of the test's own."""
    return Path(
        shutil.copytree(model_repository.REPOSITORY, tmp_path / "models", ignore=shutil.ignore_patterns("__pycache__"))
    )


@pytest.fixture
def others(stack: "LocalStack", store: "MilvusStore", models: Path, tmp_path: Path, spoil: str) -> Iterator[Site]:
    """The test stack, with a Triton that serves the spoilt repository."""
    from deploy.local.stack import LocalStack, StackOptions

    version = models / "embed" / "1"
    if spoil == "codes":
        model = version / "model.py"
        model.write_text(model.read_text().replace("zip(self.outputs, arrays,", "zip(self.outputs, [~arrays[0]],"))
    else:
        version.rename(models / "embed" / "2")
    with LocalStack(StackOptions(root=tmp_path / "other", kafka="none", milvus="none", models=models)) as other:
        yield Site(replace(stack.endpoints, triton_grpc=other.endpoints.triton_grpc))


@pytest.mark.parametrize(
    ("spoil", "kind", "named"),
    [
        ("codes", "embedding-mismatch", "256 bits from the expected one: Triton serves"),
        ("version", "models-mismatch", "does not serve the models of embedding version 1, which the index holds"),
    ],
)
def test_other_models_than_those_of_the_index_take_it_out_of_service(
    others: Site, tmp_path: Path, kind: str, named: str
) -> None:
    with RunningService(others, tmp_path) as service:
        answer = httpx.get(f"{service.address}/readyz", timeout=30)
        said = service.said()

    assert answer.status_code == 503
    assert answer.json()["type"] == f"urn:pinstream:problem:{kind}"
    assert named in answer.json()["detail"]
    assert (answer.json()["ready"], answer.json()["index"]) == (False, "ok")
    assert kind == "embedding-mismatch" or "embed has versions 2; this program needs 1" in said
