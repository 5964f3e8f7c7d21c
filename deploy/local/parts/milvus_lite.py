"""Milvus Lite as a TCP server, and the check that any Milvus has to pass."""

import importlib.util
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.local.cache import Progress, need_free_space
from deploy.local.errors import NotReady, Prerequisite
from deploy.local.parts.part import Part
from deploy.local.parts.security import MILVUS_TOKEN, Security
from deploy.local.ports import HOST, accepts, free_ports
from deploy.local.process import Launch

_DIM: Final = 64
_NO_PINGS: Final = {"grpc.keepalive_time_ms": 2**31 - 1}
"""Lite answers pymilvus' default, a ping every 10 s, by closing the connection."""


class MilvusLite(Part):
    """Milvus Lite's server over one file under ``folder``, at a random free port of loopback."""

    name = "milvus"
    ready_timeout_s = 30.0
    stop_grace_s = 5.0

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (self._port,) = free_ports(1)

    @property
    def addresses(self) -> Mapping[str, str]:
        """The URI that pymilvus takes."""
        return {"milvus": f"http://{HOST}:{self._port}"}

    def prepare(self, progress: Progress) -> Launch:
        """The binary of the wheel and its libraries."""
        progress("starting", None)
        need_free_space(self._folder, megabytes=100, what="Milvus Lite")
        package = importlib.util.find_spec("milvus_lite")
        if package is None or package.origin is None:
            raise Prerequisite("the package milvus-lite is missing; `make setup` installs it.")
        libraries = Path(package.origin).parent / "lib"
        self._folder.mkdir(parents=True, exist_ok=True)
        argv = (str(libraries / "milvus"), str(self._folder / "milvus.db"), f"{HOST}:{self._port}", "ERROR")
        return Launch(argv=argv, env={"LD_LIBRARY_PATH": str(libraries)}, cwd=self._folder)

    def check(self) -> None:
        check_milvus(self.addresses["milvus"])


def _login(security: Security) -> dict[str, str]:
    files = security.certificates
    pem = {"ca_pem_path": files.ca, "client_pem_path": files.client_cert, "client_key_path": files.client_key}
    return {"token": MILVUS_TOKEN, **{key: str(path) for key, path in pem.items()}}


def check_milvus(uri: str, security: Security | None = None, *, timeout_s: float = 10.0) -> None:
    """Create a collection of binary codes, upsert a row, find it, drop the collection."""
    if not accepts(uri.removeprefix("http://").removeprefix("https://").rstrip("/")):
        raise NotReady(f"nothing listens at {uri}")
    from pymilvus import DataType, MilvusClient, MilvusException  # noqa: PLC0415 (1 s; meanwhile others start)

    name = f"check_{uuid.uuid4().hex}"
    code = bytes(range(_DIM // 8))
    try:
        # Dedicated: pymilvus otherwise shares one connection per address and never closes it.
        login = {} if security is None else _login(security)
        client = MilvusClient(uri, timeout=timeout_s, dedicated=True, grpc_options=_NO_PINGS, **login)
    except MilvusException as exc:
        raise NotReady(f"Milvus at {uri}: {exc.message}") from exc
    try:
        schema = client.create_schema(auto_id=False)
        schema.add_field("key", DataType.VARCHAR, max_length=16, is_primary=True)
        schema.add_field("code", DataType.BINARY_VECTOR, dim=_DIM)
        index = client.prepare_index_params()
        index.add_index("code", index_type="BIN_FLAT", metric_type="HAMMING")
        client.create_collection(name, schema=schema, index_params=index, timeout=timeout_s)
        client.upsert(name, [{"key": "only", "code": code}], timeout=timeout_s)
        hits = client.search(name, [code], limit=1, consistency_level="Strong", timeout=timeout_s)
        if [hit["distance"] for hit in hits[0]] != [0]:
            raise NotReady(f"Milvus at {uri} does not find a row that it acknowledged: {hits}")
        client.drop_collection(name, timeout=timeout_s)
    except MilvusException as exc:
        raise NotReady(f"Milvus at {uri}: {exc.message}") from exc
    finally:
        client.close()
