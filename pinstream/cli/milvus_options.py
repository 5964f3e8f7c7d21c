"""The address of Milvus: from an option, the environment, or the local stack."""

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from pinstream.cli.local_stack import STACK_FILE, stack_endpoint
from pinstream.tls import Tls

_TLS_FIELDS: Final = ("ca_file", "cert_file", "key_file", "server_name")

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
