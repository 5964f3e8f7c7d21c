"""Settings of OpenTelemetry traces."""

from pydantic import Field

from settings.group import Group, Ratio


class TracingSettings(Group):
    """OpenTelemetry traces of single pins through the worker's stages and Triton; off unless an endpoint is given."""

    endpoint: str | None = Field(
        None, description="OTLP/gRPC collector, `http(s)://host:4317`; without it nothing is traced"
    )
    ratio: Ratio = Field(
        0.01,
        description="share of the traces that are kept, of those that the publisher's `traceparent` marks as "
        "sampled; every "
        "worker keeps the same ones",
    )
