"""Settings of `fetch`: from where pictures may be fetched, and how large and slow they may be."""

from pathlib import Path

from pydantic import Field, IPvAnyNetwork, NonNegativeInt, PositiveFloat, PositiveInt

from fetch.fetcher import FetchPolicy
from fetch.ssrf_policy import DEFAULT_PORTS, AddressPolicy
from settings.group import Group


class FetchSettings(Group):
    """From where pictures may be fetched, and how large and slow they may be."""

    allowed_hosts: tuple[str, ...] = Field(
        (),
        description="hosts that may have any address, private ones included, and any port; `.example.org` stands for "
        "all its subdomains",
    )
    allowed_networks: tuple[IPvAnyNetwork, ...] = Field(
        (), description="networks that pictures may be fetched from in addition to the public Internet, on any port"
    )
    ports: tuple[PositiveInt, ...] = Field(
        tuple(sorted(DEFAULT_PORTS)), description="ports that may be used on public addresses"
    )
    file_roots: tuple[Path, ...] = Field(
        (), description="folders that `file:` addresses may read from; without any, `file:` is refused"
    )
    s3_endpoint: str | None = Field(
        None,
        description="HTTP gateway that serves `s3://bucket/key` as `<endpoint>/bucket/key`, unsigned; without it, "
        "`s3:` is refused",
    )
    max_bytes: PositiveInt = Field(16 * 1024 * 1024, description="largest encoded picture, bytes")
    max_pixels: PositiveInt = Field(40_000_000, description="largest picture, pixels; checked before it is decoded")
    timeout_s: PositiveFloat = Field(10.0, description="time limit of one attempt, redirects included, s")
    max_redirects: NonNegativeInt = Field(4, description="redirects followed in one attempt")
    deadline_s: PositiveFloat = Field(30.0, description="a pin whose host fails for this long becomes a dead letter, s")
    connections_per_host: PositiveInt = Field(16, description="connections open to one host at a time")

    @property
    def policy(self) -> FetchPolicy:
        """For the fetcher."""
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
