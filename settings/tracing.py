"""Where traces go, if anybody collects them."""

from pydantic import Field

from settings.group import Group, Ratio


class TracingSettings(Group):
    """Traces of single pins, through the stages and Triton: off unless an endpoint is given."""

    endpoint: str | None = Field(
        None, description="an OTLP/gRPC collector, `http(s)://host:4317`; none turns traces off, and they cost nothing"
    )
    ratio: Ratio = Field(
        0.01,
        description="share of the traces kept, of those that the publisher's `traceparent` marks as sampled; the same "
        "traces in every worker",
    )
