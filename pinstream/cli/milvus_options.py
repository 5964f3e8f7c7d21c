"""The options of all commands that search Milvus, and the index that they open."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from pinstream.cli.local_stack import STACK_FILE, stack_endpoint
from pinstream.cli.screen import print_error
from pinstream.errors import PinUnknown, QueryInvalid, VectorIndexError
from pinstream.search.index import VisualIndex
from pinstream.tls import Tls

_TLS_FIELDS: Final = ("ca_file", "cert_file", "key_file", "server_name")

PinArgument = Annotated[str, typer.Argument(metavar="PIN", help="A pin id.")]
MilvusOption = Annotated[
    str | None,
    typer.Option(
        "--milvus",
        metavar="URI",
        envvar=["PINSTREAM_MILVUS", "PINSTREAM_MILVUS__URI"],
        help="http(s)://host:port; the local stack's if left out.",
    ),
]
TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token",
        metavar="TEXT",
        envvar=["PINSTREAM_MILVUS_TOKEN", "PINSTREAM_MILVUS__TOKEN"],
        help="API key or user:password.",
        show_envvar=True,
    ),
]
EmbeddingVersionOption = Annotated[
    int, typer.Option("--embedding-version", min=1, help="Which collection: each embedding version has its own.")
]


@contextmanager
def open_index(milvus: str | None, token: str | None, embedding_version: int) -> Iterator[VisualIndex]:
    """The index that the options name; an error inside the block is printed, and the command exits."""
    try:
        index = VisualIndex(milvus_uri(milvus), token=token, embedding_version=embedding_version, tls=milvus_tls())
    except ImportError as exc:
        print_error(str(exc))
        raise typer.Exit(1) from exc
    with index:
        try:
            yield index
        except QueryInvalid as exc:
            raise typer.BadParameter(str(exc)) from exc
        except (PinUnknown, VectorIndexError) as exc:
            print_error(str(exc))
            if type(exc) is PinUnknown:
                print_error("`pinstream where` says which of these, if it can ask Kafka")
            raise typer.Exit(1) from exc


def milvus_tls() -> Tls | None:
    """Certificates for an https address, from a worker's environment variables: PINSTREAM_MILVUS__CA_FILE etc."""
    given = {name: os.environ.get(f"PINSTREAM_MILVUS__{name.upper()}", "") for name in _TLS_FIELDS}
    files = {name: Path(path) for name, path in given.items() if path and name != "server_name"}
    if "cert_file" in files and "ca_file" not in files:
        raise typer.BadParameter("PINSTREAM_MILVUS__CERT_FILE: name the authority too, PINSTREAM_MILVUS__CA_FILE")
    missing = [str(path) for path in files.values() if not path.is_file()]
    if missing:
        raise typer.BadParameter(f"PINSTREAM_MILVUS__*_FILE: no file {', '.join(missing)}")
    try:
        return Tls(
            ca_file=files.get("ca_file"),
            cert_file=files.get("cert_file"),
            key_file=files.get("key_file"),
            server_name=given["server_name"],
        )
    except ValueError as exc:
        raise typer.BadParameter(f"PINSTREAM_MILVUS__CERT_FILE, __KEY_FILE: {exc}") from exc


def milvus_uri(given: str | None) -> str:
    """The given URI or the local stack's; raises BadParameter (exit status 2) if there is neither."""
    uri = given or stack_endpoint("milvus")
    if not uri:
        raise typer.BadParameter(
            f"give --milvus URI or PINSTREAM_MILVUS, or start a stack here with `python -m deploy.local up`:"
            f" no {STACK_FILE} names one"
        )
    return uri
