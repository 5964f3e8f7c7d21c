"""Certificates for a stack on loopback: a small authority of its own, one for servers, one for clients."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER_NAME: Final = "pinstream.local"
"""A name in the servers' certificate, beside localhost and 127.0.0.1."""
_DAYS: Final = 30
_PEM: Final = serialization.Encoding.PEM


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files in one folder."""

    folder: Path

    @property
    def ca(self) -> Path:
        """Whom to trust."""
        return self.folder / "ca.pem"

    @property
    def server_cert(self) -> Path:
        """Of every server of the stack."""
        return self.folder / "server.pem"

    @property
    def server_key(self) -> Path:
        """Its key."""
        return self.folder / "server.key"

    @property
    def server_store(self) -> Path:
        """Key and certificate in one file, as Kafka's PEM key store wants them."""
        return self.folder / "server-store.pem"

    @property
    def client_cert(self) -> Path:
        """What clients show where they are asked."""
        return self.folder / "client.pem"

    @property
    def client_key(self) -> Path:
        """Its key."""
        return self.folder / "client.key"


def make(folder: Path) -> Certificates:
    """New certificates under ``folder``, valid for a month, unless they are there."""
    files = Certificates(folder)
    if files.client_key.exists():
        return files
    folder.mkdir(parents=True, exist_ok=True)
    authority = ec.generate_private_key(ec.SECP256R1())
    name = _name("pinstream local authority")
    own = _builder(name, name, authority).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    own = own.add_extension(_usage(signs_certificates=True), critical=True)
    signed = own.sign(authority, hashes.SHA256())
    files.ca.write_bytes(signed.public_bytes(_PEM))
    server_names: Sequence[x509.GeneralName] = (
        x509.DNSName("localhost"),
        x509.DNSName(SERVER_NAME),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    )
    for cert, key, purpose, names in (
        (files.server_cert, files.server_key, ExtendedKeyUsageOID.SERVER_AUTH, server_names),
        (files.client_cert, files.client_key, ExtendedKeyUsageOID.CLIENT_AUTH, (x509.DNSName("client"),)),
    ):
        _issue(cert, key, authority, name, purpose, names)
    files.server_store.write_bytes(files.server_key.read_bytes() + files.server_cert.read_bytes())
    files.server_store.chmod(0o600)
    return files


def _issue(
    cert: Path,
    key: Path,
    authority: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    purpose: x509.ObjectIdentifier,
    names: Sequence[x509.GeneralName],
) -> None:
    own = ec.generate_private_key(ec.SECP256R1())
    built = (
        _builder(_name(cert.stem), issuer, own)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
    )
    cert.write_bytes(built.sign(authority, hashes.SHA256()).public_bytes(_PEM))
    unencrypted = serialization.NoEncryption()
    key.touch(mode=0o600)
    key.write_bytes(own.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, unencrypted))


def _builder(name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=_DAYS))
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
