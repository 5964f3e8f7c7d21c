"""Credentials of a secured stack: SCRAM over TLS for Kafka, mutual TLS for Triton and Milvus, a key and a token."""

import json
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.parts import certificates
from deploy.local.parts.certificates import SERVER_NAME, Certificates

KAFKA_USER: Final = "pinstream"
TRITON_HEADER: Final = "pinstream-key"
MILVUS_TOKEN: Final = "root:Milvus"  # noqa: S105 (the public default)
"""The only user of a new Milvus server, with its default password; in production, change it first."""
ENVIRONMENT_FILE: Final = "secure.env"
PARTS: Final = frozenset({"kafka", "triton", "milvus"})


@dataclass(frozen=True, slots=True)
class Security:
    """Certificates and secrets of one stack, made once for its folder."""

    certificates: Certificates
    kafka_password: str
    triton_key: str
    parts: frozenset[str] = PARTS
    """Which of the stack's servers require credentials."""

    @property
    def kafka_client(self) -> Mapping[str, str]:
        """librdkafka's settings."""
        return {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": KAFKA_USER,
            "sasl.password": self.kafka_password,
            "ssl.ca.location": str(self.certificates.ca),
        }

    @property
    def triton_headers(self) -> Mapping[str, str]:
        """gRPC's metadata: Triton's name for the header of a restricted protocol has this prefix."""
        return {f"triton-grpc-protocol-{TRITON_HEADER}": self.triton_key}

    @property
    def environment(self) -> Mapping[str, str]:
        """The settings of a worker, the API and the commands."""
        files = self.certificates
        pem = {"CA_FILE": files.ca, "CERT_FILE": files.client_cert, "KEY_FILE": files.client_key}
        files_of = {name: str(path) for name, path in pem.items()}
        settings: Mapping[str, Mapping[str, str]] = {
            "kafka": {"CLIENT": json.dumps(self.kafka_client)},
            "triton": {**files_of, "HEADERS": json.dumps(self.triton_headers), "SERVER_NAME": SERVER_NAME},
            "milvus": {**files_of, "TOKEN": MILVUS_TOKEN},
        }
        return {
            f"PINSTREAM_{part.upper()}__{name}": value
            for part in sorted(self.parts)
            for name, value in settings[part].items()
        }


def security(root: Path, parts: frozenset[str] = PARTS) -> Security:
    """The credentials of a folder, made if it has none; writes ``secure.env``, which a shell can read."""
    made = certificates.make(root / "certificates")
    kept = root / "certificates" / "secrets.json"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(json.dumps([secrets.token_urlsafe(18), secrets.token_urlsafe(18)]))
    kafka_password, triton_key = json.loads(kept.read_text())
    found = Security(made, kafka_password, triton_key, parts)
    environment = root / ENVIRONMENT_FILE
    environment.touch(mode=0o600)
    environment.write_text("".join(f"export {key}={shlex.quote(value)}\n" for key, value in found.environment.items()))
    return found
