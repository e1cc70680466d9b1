"""The command line as a person types it."""

from __future__ import annotations

import inspect

import pytest
from typer.testing import CliRunner

from karst_cli.main import COMMANDS, Command, create_app

runner = CliRunner()


def test_help_lists_every_command_with_its_summary() -> None:
    result = runner.invoke(create_app(["--help"]), ["--help"])
    assert result.exit_code == 0
    for command in COMMANDS:
        assert command.name in result.output
        assert command.summary.split()[0] in result.output


def test_an_unknown_command_is_refused_with_the_nearest_one() -> None:
    result = runner.invoke(create_app(["validat"]), ["validat"])
    assert result.exit_code == 2
    assert "validate" in result.output


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_command_loads_and_explains_itself(command: Command) -> None:
    assert inspect.getdoc(command.load())
    result = runner.invoke(create_app([command.name, "--help"]), [command.name, "--help"])
    assert result.exit_code == 0, result.output
