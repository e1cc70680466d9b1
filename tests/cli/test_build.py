"""`karst build` looks at what was asked for before it asks a cloud."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from karst_cli.main import create_app

UNUSABLE_INPUT = 2


def build(*arguments: str) -> Result:
    return CliRunner().invoke(create_app(["build"]), ["build", *arguments])


@pytest.mark.parametrize(
    "more", [(), ("--environment", "absent"), ("--environment", "demo", "--dry-run")], ids=["alone", "absent", "demo"]
)
def test_the_name_of_a_service_is_checked_first(more: tuple[str, ...]) -> None:
    result = build("nope", *more)
    assert result.exit_code == UNUSABLE_INPUT
    assert result.stderr.startswith("There is no service 'nope' in services_src. Services: ")
    assert "'landing'" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_deployment_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEPLOYMENT", raising=False)
    result = build("landing")
    assert (result.exit_code, result.stderr) == (
        UNUSABLE_INPUT,
        "Which deployment? Write --environment NAME, or set DEPLOYMENT.\n",
    )


def test_a_service_and_its_image_without_a_cloud() -> None:
    result = build("landing", "--environment", "demo", "--dry-run")
    assert result.exit_code == 0, result.output
    assert "/landing:" in result.stdout


def test_sources_that_are_absent(tmp_path: Path) -> None:
    result = build("nope", "--sources", str(tmp_path / "absent"))
    assert result.exit_code == UNUSABLE_INPUT
    assert "Traceback" not in result.output
