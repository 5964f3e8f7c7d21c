"""How the vector index is reached."""

from pydantic import Field, PositiveFloat, SecretStr

from settings.group import Group


class MilvusSettings(Group):
    """The vector index."""

    uri: str = Field("http://127.0.0.1:19530", description="`http(s)://host:port[/database]`")
    token: SecretStr | None = Field(None, description="`user:password` or an API key")
    timeout_s: PositiveFloat = Field(5.0, description="for one call, s")
    staleness_s: PositiveFloat = Field(
        10.0, description="how old a Bounded read may be; version read-backs are Strong for that long, s"
    )
