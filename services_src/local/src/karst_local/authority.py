"""A certificate authority of this machine's own, for HTTPS on this machine.

Some clients speak nothing but HTTPS. The authority can vouch for the names of this machine only, so whoever trusts it
trusts it with nothing else.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from karst_local.state import write_private

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
_LIFE = timedelta(days=3650)
_SERVER_LIFE = timedelta(days=397)  # what browsers accept at the most
_RENEW_BEFORE = timedelta(days=30)
_CLOCKS_DIFFER = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """Paths of what a server and its clients need."""

    certificate: Path
    key: Path
    bundle: Path
    """The authorities that everybody trusts, and ours: for REQUESTS_CA_BUNDLE, SSL_CERT_FILE and the like."""


def certificates(folder: Path, name: str, now: datetime | None = None) -> Certificates:
    """Certificates for this machine, also by `name`, renewed where they are about to end or don't have it."""
    now = now or datetime.now(UTC)
    names = tuple(dict.fromkeys((*LOCAL_NAMES, name)))
    made = Certificates(
        certificate=folder / "server.pem", key=folder / "server-key.pem", bundle=folder / "ca-bundle.pem"
    )
    authority = _good(folder / "ca.pem", folder / "ca-key.pem", now, names)
    if authority is None:
        authority = _make_authority(folder, names, now)
    server = _good(made.certificate, made.key, now, names)
    if server is None or not _is_issued_by(server, authority):
        _make_server(folder, made, names, now)
    bundle = Path(certifi.where()).read_text(encoding="utf-8").rstrip() + "\n" + (folder / "ca.pem").read_text()
    if not made.bundle.exists() or made.bundle.read_text(encoding="utf-8") != bundle:
        write_private(made.bundle, bundle)
    return made


def _good(path: Path, key_path: Path, now: datetime, names: tuple[str, ...]) -> x509.Certificate | None:
    """The certificate, if it is whole, has its key, covers the names and doesn't end soon."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
    except (FileNotFoundError, ValueError):
        return None
    covered = {_text(name) for name in _names_in(certificate)}
    is_timely = now + _RENEW_BEFORE < certificate.not_valid_after_utc
    has_key = key.public_key() == certificate.public_key()
    return certificate if is_timely and has_key and set(names) <= covered else None


def _is_issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, InvalidSignature):
        return False
    return True


def _names_in(certificate: x509.Certificate) -> list[x509.GeneralName]:
    extensions = certificate.extensions
    try:
        return list(extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        permitted = extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
        return list(permitted or ())


def _text(name: x509.GeneralName) -> str:
    return str(name.value).partition("/")[0]


def _make_authority(folder: Path, names: tuple[str, ...], now: datetime) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Karst on this machine")])
    only = [_range(_general(one)) for one in names]
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        _builder(name, name, key, now, _LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=only, excluded_subtrees=None), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    write_private(folder / "ca-key.pem", _pem(key))
    write_private(folder / "ca.pem", _pem(certificate))
    return certificate


def _make_server(folder: Path, made: Certificates, names: tuple[str, ...], now: datetime) -> None:
    authority = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    authority_key = serialization.load_pem_private_key((folder / "ca-key.pem").read_bytes(), password=None)
    assert isinstance(authority_key, ec.EllipticCurvePrivateKey)  # noqa: S101 - we wrote it
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())  # type: ignore[arg-type]
    certificate = (
        _builder(subject, authority.subject, key, now, _SERVER_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general(one) for one in names]), critical=False)
        .add_extension(issuer_key, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    write_private(made.key, _pem(key))
    write_private(made.certificate, _pem(certificate) + _pem(authority))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - _CLOCKS_DIFFER,
        not_valid_after=now - _CLOCKS_DIFFER + life,
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _range(name: x509.GeneralName) -> x509.GeneralName:
    return x509.IPAddress(ipaddress.ip_network(name.value)) if isinstance(name, x509.IPAddress) else name


def _pem(item: ec.EllipticCurvePrivateKey | x509.Certificate) -> str:
    if isinstance(item, x509.Certificate):
        return item.public_bytes(serialization.Encoding.PEM).decode()
    return item.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
