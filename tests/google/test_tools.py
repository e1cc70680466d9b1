"""Doctor's look at programs: versions that fit, that don't, and programs that say nonsense."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from karst.doctor.finding import Severity
from karst.doctor.tools import Programs, tools

HERE = Programs(terraform="terraform", gcloud="gcloud", node="node")
GOOD = {"terraform": '{"terraform_version": "1.11.4"}', "node": "v24.1.0\n", "gcloud": "Google Cloud SDK 528.0.0\n"}


def judged(said: dict[str, str], programs: Programs = HERE) -> dict[str, Severity]:
    def run(command: Sequence[str]) -> str:
        return {**GOOD, **said}[command[0]]

    return {one.check: one.severity for one in tools(programs, run)}


def test_versions_that_fit() -> None:
    assert set(judged({}).values()) == {Severity.OK}


@pytest.mark.parametrize(
    ("said", "severity"),
    [
        ('{"terraform_version": "1.11.0"}', Severity.OK),
        ('{"terraform_version": "1.14.9"}', Severity.OK),
        ('{"terraform_version": "1.12.0-rc1"}', Severity.OK),
        ('{"terraform_version": "1.10.5"}', Severity.ERROR),
        ('{"terraform_version": "2.0.0"}', Severity.ERROR),
        ('{"terraform_version": 7}', Severity.ERROR),
        ("[]", Severity.ERROR),
        ("not json", Severity.ERROR),
        ("", Severity.ERROR),
    ],
)
def test_terraform_is_one_of_those_that_karst_is_tested_with(said: str, severity: Severity) -> None:
    assert judged({"terraform": said})["terraform"] is severity


def test_programs_that_are_missing_or_silent() -> None:
    nothing = Programs(terraform=None, gcloud=None, node=None)
    expected = {
        "python": Severity.OK,
        "terraform": Severity.ERROR,
        "node": Severity.ERROR,
        "gcloud": Severity.WARNING,
    }
    assert judged({}, nothing) == expected
    assert judged({"terraform": "", "gcloud": "", "node": "?"}) == expected


def test_every_finding_that_is_not_well_has_a_remedy() -> None:
    for programs in (HERE, Programs(terraform=None, gcloud=None, node=None)):
        assert all(one.remedy for one in tools(programs, lambda _: "") if one.severity is not Severity.OK)
