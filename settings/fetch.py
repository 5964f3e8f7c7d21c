"""Which pictures may be fetched."""

from pathlib import Path

from pydantic import Field, IPvAnyNetwork, NonNegativeInt, PositiveFloat, PositiveInt

from fetch.fetcher import FetchPolicy
from fetch.ssrf_policy import DEFAULT_PORTS, AddressPolicy
from settings.group import Group


class FetchSettings(Group):
    """Which pictures may be fetched from where, and how large and slow they may be."""

    allowed_hosts: tuple[str, ...] = Field(
        (), description="hosts trusted with any address and port; `.example.org` stands for all names under it"
    )
    allowed_networks: tuple[IPvAnyNetwork, ...] = Field((), description="networks trusted beside the public Internet")
    ports: tuple[PositiveInt, ...] = Field(tuple(sorted(DEFAULT_PORTS)), description="ports that may be asked")
    file_roots: tuple[Path, ...] = Field((), description="folders that `file:` addresses may name; none turns them off")
    s3_endpoint: str | None = Field(None, description="gateway for unsigned reads of `s3://bucket/key`")
    max_bytes: PositiveInt = Field(16 * 1024 * 1024, description="of one encoded picture")
    max_pixels: PositiveInt = Field(40_000_000, description="of one picture, looked at before it is decoded")
    timeout_s: PositiveFloat = Field(10.0, description="for one attempt, redirects included, s")
    max_redirects: NonNegativeInt = Field(4, description="of one attempt")
    deadline_s: PositiveFloat = Field(30.0, description="a host failing for this long makes the pin a dead letter, s")
    connections_per_host: PositiveInt = Field(16, description="open at once")

    @property
    def policy(self) -> FetchPolicy:
        """The same as the fetcher takes it."""
        return FetchPolicy(
            addresses=AddressPolicy(
                allowed_hosts=frozenset(host.lower() for host in self.allowed_hosts),
                allowed_networks=self.allowed_networks,
                ports=frozenset(self.ports),
            ),
            max_bytes=self.max_bytes,
            total_timeout_s=self.timeout_s,
            max_redirects=self.max_redirects,
            connections_per_host=self.connections_per_host,
            file_roots=self.file_roots,
            s3_endpoint=self.s3_endpoint,
        )
