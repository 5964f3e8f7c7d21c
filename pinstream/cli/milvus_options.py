"""Where Milvus is, from an option, the environment or the stack that runs here."""

from typing import Annotated

import typer

from pinstream.cli.connection import STACK_FILE, stack_endpoint

MilvusOption = Annotated[
    str | None,
    typer.Option(
        "--milvus", metavar="URI", envvar="PINSTREAM_MILVUS", help="http(s)://host:port; default: the local stack's."
    ),
]
TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token", metavar="TEXT", envvar="PINSTREAM_MILVUS_TOKEN", help="API key or user:password.", show_envvar=True
    ),
]
EmbeddingVersionOption = Annotated[
    int, typer.Option("--embedding-version", min=1, help="Each version of the embedding has its own collection.")
]


def milvus_uri(given: str | None) -> str:
    """The URI that the options name; raises BadParameter (exit status 2) where there is none."""
    uri = given or stack_endpoint("milvus")
    if not uri:
        raise typer.BadParameter(
            f"give --milvus URI or PINSTREAM_MILVUS, or start a stack here: no {STACK_FILE} names one"
        )
    return uri
