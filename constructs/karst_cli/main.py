"""The command line of Karst."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

import typer


@dataclass(frozen=True, kw_only=True)
class Command:
    """One word of the command line, and where its function lives."""

    name: str
    target: str
    """`module:function`, imported only when the command is asked for: the bindings take longer than `--help` may."""
    summary: str

    def load(self) -> Callable[..., None] | typer.Typer:
        """Import the command's function, or its commands where it has several."""
        module, _, function = self.target.partition(":")
        loaded: Callable[..., None] | typer.Typer = getattr(import_module(module), function)
        return loaded


COMMANDS = (
    Command(name="up", target="karst_cli.up:up", summary="Run the whole platform on this machine."),
    Command(name="token", target="karst_cli.token:token", summary="Print a fresh token of somebody, where `up` runs."),
    Command(
        name="reconcile",
        target="karst_cli.reconcile:reconcile",
        summary="Make declared datasets, groups and datastacks in auth and info.",
    ),
    Command(name="smoke", target="karst_cli.smoke:smoke", summary="Sign in, write and read at each running service."),
    Command(name="auth", target="karst_cli.auth:auth", summary="Take over the users of an existing auth service."),
    Command(name="clio", target="karst_cli.clio:clio", summary="Export, import or migrate a connectomics store."),
    Command(name="info", target="karst_cli.info:info", summary="Take over an existing info service."),
    Command(name="state", target="karst_cli.states:state", summary="Export or import states of viewers."),
    Command(
        name="import", target="karst_cli.import_:import_", summary="Take over a platform that runs already, as YAML."
    ),
    Command(name="new", target="karst_cli.new:new", summary="Write a deployment, a dataset or a lab's repository."),
    Command(name="validate", target="karst_cli.validate:validate", summary="Check deployments and datasets."),
    Command(
        name="bootstrap",
        target="karst_cli.bootstrap:bootstrap",
        summary="Make what must stand before the first deployment.",
    ),
    Command(name="doctor", target="karst_cli.doctor:doctor", summary="Say what is amiss, and what to do about it."),
    Command(name="synth", target="karst_cli.synth:synth", summary="Write the stacks as Terraform JSON and list them."),
    Command(name="explain", target="karst_cli.explain:explain", summary="Show what a stack declares, flat and sorted."),
    Command(name="guard", target="karst_cli.guard:guard", summary="Refuse plans that would lose or open data."),
    Command(name="plan-report", target="karst_cli.plan_report:plan_report", summary="Report what plans would do."),
    Command(name="review", target="karst_cli.review:review", summary="Steps of the workflows on GitHub."),
    Command(name="policy", target="karst_cli.policy:policy", summary="Refuse stacks that break a safety rule."),
    Command(name="build", target="karst_cli.build:build", summary="Build the images of services that are missing."),
    Command(name="schemas", target="karst_cli.schemas:schemas", summary="Write the JSON schemas of the configuration."),
    Command(name="docs", target="karst_cli.docs:docs", summary="Write the reference pages that follow from the code."),
)


def create_app(arguments: Sequence[str]) -> typer.Typer:
    """Build the command line for `arguments`; only the command they name is imported."""
    requested = next((argument for argument in arguments if not argument.startswith("-")), None)
    app = typer.Typer(
        name="karst",
        help="Declare, check and package a connectomics platform.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    app.callback()(_keep_commands_named)
    for command in COMMANDS:
        if command.name == requested:
            _add(app, command.name, command.load())
        else:
            app.command(command.name, help=command.summary)(_listed_only)
    return app


def _add(app: typer.Typer, name: str, loaded: Callable[..., None] | typer.Typer) -> None:
    if isinstance(loaded, typer.Typer):
        app.add_typer(loaded, name=name)
    else:
        app.command(name)(loaded)


def main() -> None:
    """Run the command line of this process."""
    # Commands live for seconds: what they drop, their end frees.
    gc.disable()
    arguments = sys.argv[1:]
    create_app(arguments)(args=arguments)


def _keep_commands_named() -> None:
    """Declare, check and package a connectomics platform."""


def _listed_only() -> None:
    raise AssertionError("a command that was not asked for has been run")


if __name__ == "__main__":
    main()
