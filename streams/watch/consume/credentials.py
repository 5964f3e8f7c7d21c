"""librdkafka's keys for TLS and SASL as aiokafka takes them, which is Faust's Kafka client."""

import ssl
from collections.abc import Mapping
from typing import Any

from faust import SASLCredentials, SSLCredentials
from faust.types.auth import CredentialsT

from streams.errors import StartRefused

_SUPPORTED = frozenset(
    {
        "security.protocol", "sasl.mechanism", "sasl.mechanisms", "sasl.username", "sasl.password",
        "ssl.ca.location", "ssl.certificate.location", "ssl.key.location", "ssl.key.password",
        "ssl.endpoint.identification.algorithm",
    }
)  # fmt: skip


def credentials(client: Mapping[str, Any]) -> CredentialsT | None:
    """From the keys of ``PINSTREAM_KAFKA__CLIENT``; raises StartRefused for those that aiokafka does not have."""
    protocol = str(client.get("security.protocol", "PLAINTEXT")).upper()
    security = [key for key in client if key.startswith(("sasl.", "ssl.", "security."))]
    unsupported = sorted(key for key in security if key not in _SUPPORTED)
    if unsupported:
        supported = ", ".join(sorted(_SUPPORTED))
        raise StartRefused(f"the watch cannot pass {', '.join(unsupported)} on to aiokafka; it supports {supported}")
    if protocol == "PLAINTEXT":
        return None
    context = _context(client) if protocol.endswith("SSL") else None
    if protocol == "SSL":
        return SSLCredentials(context=context)
    mechanism = str(client.get("sasl.mechanism") or client.get("sasl.mechanisms") or "PLAIN").upper()
    if mechanism not in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"):
        raise StartRefused(f"sasl.mechanism={mechanism}: the watch supports PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512")
    return SASLCredentials(
        mechanism=mechanism,
        username=str(client.get("sasl.username", "")),
        password=str(client.get("sasl.password", "")),
        ssl_context=context,
    )


def _context(client: Mapping[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=client.get("ssl.ca.location"))
    if str(client.get("ssl.endpoint.identification.algorithm", "https")).lower() == "none":
        context.check_hostname = False
    certificate = client.get("ssl.certificate.location")
    if certificate:
        context.load_cert_chain(certificate, client.get("ssl.key.location"), client.get("ssl.key.password"))
    return context
