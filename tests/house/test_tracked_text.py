"""What no tracked file may say: where packages came from, and who people are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from source_files import ROOT, tracked_files

# Joined here, so that this file passes its own test.
HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("proxy", "golang", "org"),
        ("crates", "io"),
        ("repo", "maven", "apache", "org"),
        ("deb", "debian", "org"),
    )
)
EMAIL = re.compile(r"[A-Za-z0-9_.+{}-]+@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})")
GOOGLES_OWN = frozenset({"cloud-storage-analytics@google.com"})
"""Groups that stand for services of Google."""
# Cloud SQL names a service account `name@project.iam`; below `invalid` there will never be a domain.
NOBODYS_DOMAINS = ("iam", "invalid", "example.org", "example.com", "gserviceaccount.com", "localhost.localdomain")


def text_of(path: Path) -> str:
    """Read a text file; a binary one has nothing to say."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def hosts_in(text: str) -> list[str]:
    """List the hosts of package indexes that `text` names."""
    return [host for host in HOSTS if re.search(rf"(?<![\w-]){re.escape(host)}(?![\w-])", text)]


def strangers_in(text: str) -> list[str]:
    """List the mail addresses in `text` that could be somebody's."""
    return [
        match.group()
        for match in EMAIL.finditer(text)
        if match.group() not in GOOGLES_OWN
        and not any(f".{match[1].lower()}".endswith(f".{domain}") for domain in NOBODYS_DOMAINS)
    ]


def test_no_file_names_a_package_index() -> None:
    assert {str(p.relative_to(ROOT)): found for p in tracked_files() if (found := hosts_in(text_of(p)))} == {}


def test_no_file_holds_a_real_mail_address() -> None:
    assert {str(p.relative_to(ROOT)): found for p in tracked_files() if (found := strangers_in(text_of(p)))} == {}


def test_lock_files_hold_hashes_and_no_address() -> None:
    locks = sorted(ROOT.glob("requirements*.lock"))
    assert len(locks) >= 3
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text, lock.name
        pinned = re.findall(r"^[\w.\[\]-]+==", text, re.MULTILINE)
        assert pinned, lock.name
        assert text.count("--hash=sha256:") >= len(pinned), lock.name
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_is_caught(host: str) -> None:
    assert hosts_in(f"see https://{host}/simple") == [host]


@pytest.mark.parametrize(
    ("text", "caught"),
    [
        ("ada@" + "lab.edu", True),
        ("ada@example.org", False),
        ("x@p.iam.gserviceaccount.com", False),
        ("app@project.iam", False),
        ("nobody@karst.invalid", False),
        ("ada@" + "invalid.net", True),
        ("ada@not-" + "example.org", True),
        ("actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd", False),
    ],
)
def test_mail_addresses_are_told_apart(text: str, *, caught: bool) -> None:
    assert bool(strangers_in(text)) is caught
