"""`cdktf diff`, `deploy` and `destroy`: plan every stack, guard all plans at once, only then apply them in order."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from karst.plan.approvals import Approval, check_stacks, read_approvals
from karst.plan.report import as_text
from karst_cli.arguments import Arguments, UsageError
from karst_cli.deploy_images import image_builder
from karst_cli.guarded_run import GuardedRun, Request
from karst_cli.run_report import complain, print_dry_run, report, say
from karst_cli.stack_graph import (
    Stack,
    StackError,
    Waits,
    choose,
    dependents,
    deploy_order,
    destroy_order,
    read_stacks,
    with_dependencies,
)
from karst_cli.state import copy_without_state
from karst_cli.synthesis import (
    FAILED,
    INTERRUPTED,
    OK,
    REFUSED,
    UNUSABLE_INPUT,
    app_environment,
    check_synthesis,
    synthesize,
)
from karst_cli.terraform import Outcome, Terraform, forwarding_interrupts, terraform_environment
from karst_cli.toolkit import find_terraform


def run_guarded(command: str, arguments: Arguments, project: Path) -> int:
    """Run one of the three in the folder `project`; give its exit status."""
    _check_usage(command, arguments)
    executable = find_terraform(os.environ)
    if status := synthesize(arguments, project):
        return status
    stacks = read_stacks(project / arguments.output)
    waits = _waits(command, arguments, stacks)
    if arguments.has("--without-state"):
        stacks = _without_state(stacks, waits, project / arguments.output)
    request = Request(
        stacks=stacks,
        waits=waits,
        plan_options=(*(("-destroy",) if command == "destroy" else ()), *arguments.plan),
        init_options=("-migrate-state", "-force-copy") if arguments.has("--migrate-state") else (),
        is_color_allowed=not arguments.has("--no-color") and sys.stdout.isatty(),
        parallelism=arguments.parallelism,
    )
    terraform = Terraform(
        executable=executable,
        environment=terraform_environment(os.environ, is_cache_allowed=not arguments.has("--disable-plugin-cache-env")),
    )
    if arguments.has("--dry-run"):
        print_dry_run(command, request, terraform)
        return OK
    approvals = _approvals(arguments, project, stacks)
    guarded = GuardedRun(
        request=request,
        terraform=terraform,
        say=say,
        build_images=image_builder(_environments(arguments, project), project) if command == "deploy" else None,
        kept_plans=project / plans if (plans := arguments.last("--plans")) else None,
    )
    with forwarding_interrupts(terraform, _complain_from_signal), _plans_removed(guarded):
        return _plan_guard_apply(command, arguments, guarded, approvals)


def _plan_guard_apply(command: str, arguments: Arguments, guarded: GuardedRun, approvals: tuple[Approval, ...]) -> int:
    built = guarded.build_all_images()
    if not built.is_success:
        report(built, "deployed")
        complain("Not every image could be built, so nothing was planned or applied.")
        return _status(guarded, built)
    planned = guarded.plan_all()
    if not planned.is_success:
        report(planned, "planned")
        complain("Not every stack could be planned, so nothing was applied.")
        return _status(guarded, planned)
    verdict = guarded.judge(approvals, datetime.now(UTC).date())
    say(as_text(verdict))
    if verdict.refusals:
        return REFUSED
    if command == "diff":
        return UNUSABLE_INPUT if guarded.has_changes else OK
    if not _is_agreed(arguments, guarded):
        complain("Not applied.")
        return FAILED
    applied = guarded.apply_all()
    report(applied, "destroyed" if command == "destroy" else "deployed")
    if not applied.is_success:
        complain(
            f"What was applied stays applied. Once the reason is gone, the same `cdktf {command}` goes on from there. "
            "By hand, in the folder above: `terraform plan`, then `terraform apply`, which the guard does not see."
        )
    if applied.is_success and (file := arguments.last("--outputs-file")):
        is_sensitive_included = arguments.has("--outputs-file-include-sensitive-outputs")
        outputs = guarded.outputs(is_sensitive_included=is_sensitive_included)
        Path(file).write_text(json.dumps(outputs, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return _status(guarded, applied)


@contextmanager
def _plans_removed(guarded: GuardedRun) -> Generator[None]:
    try:
        yield
    finally:
        guarded.remove_plans()


def _check_usage(command: str, arguments: Arguments) -> None:
    options = {option.partition("=")[0] for option in arguments.plan}
    if "-out" in options:
        raise UsageError("-out is Karst's own: it applies exactly the plan that it guarded. Leave it out.")
    if arguments.has("--without-state") and command != "diff":
        raise UsageError(
            f"--without-state only plans: {command} needs the state to know what exists. Use `cdktf diff STACK "
            "--without-state`, or leave it out."
        )
    if "-destroy" in options and command != "destroy":
        raise UsageError(f"{command} adds dependencies, and must not destroy them. Use `cdktf destroy STACK`.")
    check_synthesis(arguments)


def _without_state(stacks: dict[str, Stack], waits: Waits, output: Path) -> dict[str, Stack]:
    copies = copy_without_state(stacks, waits, output)
    say("Planning from an empty state, without credentials: what exists already shows as to be created.")
    if copies.import_count:
        say(f"Imports are left out ({copies.import_count}): what they would take over shows as to be created too.")
    return copies.stacks


def _waits(command: str, arguments: Arguments, stacks: dict[str, Stack]) -> Waits:
    chosen = choose(stacks, arguments.stacks)
    is_exact = arguments.has("--ignore-missing-stack-dependencies")
    if command != "destroy":
        return deploy_order(stacks, chosen if is_exact else with_dependencies(stacks, chosen))
    if not is_exact and (others := dependents(stacks, chosen)):
        raise StackError(
            f"Other stacks depend on what would be destroyed: {', '.join(others)}. Name them too, or, if they hold "
            "nothing, add --ignore-missing-stack-dependencies."
        )
    return destroy_order(stacks, chosen)


def _approvals(arguments: Arguments, project: Path, stacks: Collection[str]) -> tuple[Approval, ...]:
    environments = _environments(arguments, project)
    given = [project / path for path in arguments.own.get("--approvals", [])]
    approvals = read_approvals([*sorted(environments.glob("*/approvals.yaml")), *given])
    # Of some deployments only, the stacks of the others are unknown.
    if not app_environment(arguments).get("KARST_ONLY"):
        check_stacks(approvals, stacks)
    return approvals


def _environments(arguments: Arguments, project: Path) -> Path:
    return project / (arguments.last("--environments") or os.environ.get("KARST_ENVIRONMENTS", "environments"))


def _is_agreed(arguments: Arguments, guarded: GuardedRun) -> bool:
    if arguments.has("--auto-approve") or not any(plan.is_applicable for plan in guarded.plans.values()):
        return True
    if not sys.stdin.isatty():
        complain("Nobody is here to ask. Add --auto-approve to apply without asking.")
        return False
    return input("Apply these plans? Only 'yes' applies them: ").strip() == "yes"


def _status(guarded: GuardedRun, outcome: Outcome) -> int:
    if guarded.terraform.is_interrupted:
        return INTERRUPTED
    return OK if outcome.is_success else FAILED


def _complain_from_signal(text: str) -> None:
    # Straight to the descriptor: a signal may come while the buffered stream is in use.
    os.write(2, f"{text}\n".encode())
