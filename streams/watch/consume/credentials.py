"""Faust speaks to Kafka through aiokafka: librdkafka's keys for TLS and SASL, said again in its words."""

import ssl
from collections.abc import Mapping
from typing import Any

from faust import SASLCredentials, SSLCredentials
from faust.types.auth import CredentialsT

from streams.errors import StartRefused

_UNDERSTOOD = frozenset(
    {
        "security.protocol", "sasl.mechanism", "sasl.mechanisms", "sasl.username", "sasl.password",
        "ssl.ca.location", "ssl.certificate.location", "ssl.key.location", "ssl.key.password",
        "ssl.endpoint.identification.algorithm",
    }
)  # fmt: skip


def credentials(client: Mapping[str, Any]) -> CredentialsT | None:
    """What ``PINSTREAM_KAFKA__CLIENT`` says of security; raises StartRefused for what aiokafka cannot do."""
    protocol = str(client.get("security.protocol", "PLAINTEXT")).upper()
    unknown = sorted(key for key in client if key.startswith(("sasl.", "ssl.", "security.")) and key not in _UNDERSTOOD)
    if unknown:
        raise StartRefused(f"the watch cannot pass {', '.join(unknown)} on to aiokafka; it knows {_known()}")
    if protocol == "PLAINTEXT":
        return None
    context = _context(client) if protocol.endswith("SSL") else None
    if protocol == "SSL":
        return SSLCredentials(context=context)
    mechanism = str(client.get("sasl.mechanism") or client.get("sasl.mechanisms") or "PLAIN").upper()
    if mechanism not in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"):
        raise StartRefused(f"sasl.mechanism={mechanism}: the watch knows PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512")
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


def _known() -> str:
    return ", ".join(sorted(_UNDERSTOOD))
