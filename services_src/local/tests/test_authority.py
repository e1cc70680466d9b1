"""The machine's own certificate authority: whom it vouches for, for how long, and that it renews in time."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from karst_local.authority import Certificates, certificates

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def verify(folder: Path, made: Certificates, name: str, at: datetime = NOW) -> None:
    authority = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    certificate = x509.load_pem_x509_certificate(made.certificate.read_bytes())
    policy = PolicyBuilder().store(Store([authority])).time(at)
    policy.build_server_verifier(x509.DNSName(name)).verify(certificate, [])


def test_it_vouches_for_this_machine(tmp_path: Path) -> None:
    verify(tmp_path, certificates(tmp_path, "127.0.0.1", NOW), "localhost")


def test_it_vouches_for_nobody_else(tmp_path: Path) -> None:
    made = certificates(tmp_path, "127.0.0.1", NOW)
    with pytest.raises(VerificationError):
        verify(tmp_path, made, "example.org")
    (allowed,) = [
        one.value
        for one in x509.load_pem_x509_certificate((tmp_path / "ca.pem").read_bytes()).extensions
        if isinstance(one.value, x509.NameConstraints)
    ]
    assert [str(one.value) for one in allowed.permitted_subtrees or ()] == ["localhost", "127.0.0.1/32", "::1/128"]


def test_nothing_changes_while_it_is_good(tmp_path: Path) -> None:
    certificates(tmp_path, "127.0.0.1", NOW)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    certificates(tmp_path, "127.0.0.1", NOW + timedelta(days=360))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_server_is_renewed_before_it_ends_and_the_authority_stays(tmp_path: Path) -> None:
    authority = certificates(tmp_path, "127.0.0.1", NOW) and (tmp_path / "ca.pem").read_bytes()
    later = NOW + timedelta(days=380)
    made = certificates(tmp_path, "127.0.0.1", later)
    assert (tmp_path / "ca.pem").read_bytes() == authority
    verify(tmp_path, made, "localhost", later + timedelta(days=390))


def test_the_authority_is_renewed_before_it_ends(tmp_path: Path) -> None:
    certificates(tmp_path, "127.0.0.1", NOW)
    later = NOW + timedelta(days=3640)
    verify(tmp_path, certificates(tmp_path, "127.0.0.1", later), "localhost", later)


def test_another_name_of_this_machine_is_added(tmp_path: Path) -> None:
    certificates(tmp_path, "127.0.0.1", NOW)
    made = certificates(tmp_path, "lab.example.org", NOW)
    verify(tmp_path, made, "lab.example.org")
    verify(tmp_path, made, "localhost")


@pytest.mark.parametrize("name", ["ca.pem", "ca-key.pem", "server.pem", "server-key.pem", "ca-bundle.pem"])
@pytest.mark.parametrize("is_gone", [True, False])
def test_what_is_lost_or_broken_is_made_anew(tmp_path: Path, name: str, is_gone: bool) -> None:
    certificates(tmp_path, "127.0.0.1", NOW)
    if is_gone:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text("half a fi", encoding="utf-8")
    made = certificates(tmp_path, "127.0.0.1", NOW)
    verify(tmp_path, made, "localhost")
    key = made.key.read_bytes()
    certificate = x509.load_pem_x509_certificate(made.certificate.read_bytes())
    private = load_pem_private_key(key, password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    assert private.public_key() == certificate.public_key()
    assert (tmp_path / "ca.pem").read_text(encoding="utf-8") in made.bundle.read_text(encoding="utf-8")


def test_keys_are_their_owners_only(tmp_path: Path) -> None:
    certificates(tmp_path, "127.0.0.1", NOW)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
