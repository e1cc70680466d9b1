"""Services, budgets and replicas that a deployment asks for and can't have."""

from __future__ import annotations

from pathlib import Path

import pytest

from karst.config.errors import ConfigError
from karst.config.loader import load_environments
from karst.config.rules import check_environments
from karst.config.rules.services import KnownServices, known_services
from tests.config.base import API, BASE, write

KNOWN = KnownServices(ours=frozenset({"landing", "auth"}), upstream=frozenset({"auth", "dash"}))
NO_SOURCE = (
    "services.dash: there is no source of ours yet. Write image: {source: upstream, version: ...}, "
    "images: {fallback: upstream}, or leave it out."
)
NOT_OFF = (
    "services.landing.enabled: the landing page answers what no other service does, so it can't be turned off. "
    "Remove enabled."
)
NOT_ON_CLUSTER = (
    "services.landing.runtime: the landing page runs on Cloud Run, so that something answers while a cluster is "
    "replaced. Remove runtime."
)


def said(tmp_path: Path, addition: str) -> list[str]:
    """Problems of the base whose services give way to `addition`, as `key: message. remedy`."""
    start, end = BASE[API].index("services:\n"), BASE[API].index("labels:")
    write(tmp_path, {**BASE, API: BASE[API][:start] + addition + BASE[API][end:]})
    try:
        check_environments(load_environments(tmp_path), KNOWN)
    except ConfigError as error:
        return [f"{problem.key}: {problem.message}. {problem.remedy}" for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("services", "message"),
    [
        ("  lading: {}", "services.lading: there is no service 'lading'. Did you mean 'landing'?"),
        (
            "  landing: {image: {source: upstream, version: v1}}",
            "services.landing.image: upstream publishes no such image. Write source: karst, or remove image.",
        ),
        ("  dash: {enabled: true}", NO_SOURCE),
        ("  landing: {enabled: false}", NOT_OFF),
        ("  landing: {runtime: gke}", NOT_ON_CLUSTER),
    ],
)
def test_services_that_cannot_be_had(tmp_path: Path, services: str, message: str) -> None:
    assert said(tmp_path, f"services:\n{services}\n") == [message]


def test_services_that_can_be_had(tmp_path: Path) -> None:
    chosen = "services:\n  landing: {log_level: INFO}\n  dash: {image: {source: upstream, version: v1}}\n"
    assert said(tmp_path, chosen) == []


def test_a_budget_of_which_nobody_hears(tmp_path: Path) -> None:
    addition = "budget: {billing_account: 012345-6789AB-CDEF01, monthly: 100}\n"
    assert "budget: is a sum of which nobody hears. Write alerts: {emails: [ops@example.org]}." in said(
        tmp_path, addition
    )


def test_a_budget_tells_five_mailboxes_at_the_most(tmp_path: Path) -> None:
    emails = ", ".join(f"ops{number}@example.org" for number in range(6))
    addition = f"alerts: {{emails: [{emails}]}}\nbudget: {{billing_account: 012345-6789AB-CDEF01, monthly: 100}}\n"
    assert any(line.startswith("alerts.emails: are 6 addresses") for line in said(tmp_path, addition))


def test_known_services_are_those_of_the_folders() -> None:
    known = known_services(Path("services_src"))
    assert "landing" in known.ours
    assert {"auth", "pychunkedgraph"} <= known.upstream
