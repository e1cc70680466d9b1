"""The project's `cdktf`: the toolkit's commands, in order of dependencies, with every plan guarded before its apply.

`synth`, `list` and everything unknown go to the maintained toolkit `cdktn`; `diff`, `deploy` and `destroy` run
Terraform on the synthesized stacks (see docs/adr/0003-guarded-deploy.md).
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from karst.config.errors import ConfigError
from karst.plan.approvals import Approval, read_approvals
from karst.plan.report import as_text
from karst_cli.arguments import Arguments, UsageError, parse, strip_own
from karst_cli.guarded_run import GuardedRun, Request
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
from karst_cli.terraform import (
    Outcome,
    StackFailedError,
    Terraform,
    forwarding_interrupts,
    terraform_environment,
)
from karst_cli.toolkit import ProgramMissingError, find_terraform, run_toolkit

OK, FAILED, UNUSABLE_INPUT, REFUSED, INTERRUPTED = 0, 1, 2, 3, 130
_ALIASES = {"apply": "deploy", "plan": "diff", "synthesize": "synth"}
_HELP = """\
Usage: cdktf COMMAND [STACK...] [OPTIONS]

Commands:
  synth     write the stacks as Terraform JSON into cdktf.out
  list      list the stacks
  diff      plan stacks and everything they depend on; guard the plans
  deploy    the same, then apply the guarded plans, in order. Removed stacks last, backwards
  destroy   destroy the named stacks and no others, backwards; guarded too
Any other command goes to the toolkit, `cdktn`.

A stack is named as `cdktf list` prints it; a deployment's own name is its edge stack, so `cdktf deploy global` deploys
all of `global`. `*` stands for any part of a name.

Options of diff, deploy and destroy:
  --environments PATH   folder of deployments (default: environments)
  --only DEPLOYMENT     synthesize only this one
  --approvals FILE      more approvals than those in environments/*/approvals.yaml
  --parallelism N       stacks at a time (default: 4)
  --dry-run             synthesize, then print the stacks in order and the commands; run none of them
  --auto-approve        apply without asking
  --skip-synth          use cdktf.out as it is
  --ignore-missing-stack-dependencies   exactly the named stacks
  --outputs-file FILE   write the outputs of deployed stacks as JSON
Options with one dash (-refresh=false, -target=ADDRESS, -lock-timeout=5m) go to `terraform plan`, others to synthesis.

Exit status: 0 done, 1 a stack failed, 2 the input cannot be used, 3 the plan guard refused, 130 interrupted.
"""


def main() -> None:
    """Run `cdktf` with the words of the command line, and exit."""
    sys.exit(run(sys.argv[1:], Path.cwd()))


def run(arguments: Sequence[str], project: Path) -> int:
    """Run one command in the folder `project`; give its exit status."""
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        print(_HELP, end="")
        return OK
    command, rest = _ALIASES.get(arguments[0], arguments[0]), list(arguments[1:])
    try:
        if command in {"diff", "deploy", "destroy"}:
            if {"-h", "--help"} & set(rest):
                print(_HELP, end="")
                return OK
            return _run_guarded(command, parse(rest), project)
        kept, own = strip_own(rest)
        return run_toolkit(project, [command, *kept], _app_environment(own))
    except (UsageError, StackError, ProgramMissingError, ConfigError) as error:
        _complain(str(error))
        return UNUSABLE_INPUT
    except StackFailedError as error:
        _complain(str(error))
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _run_guarded(command: str, arguments: Arguments, project: Path) -> int:
    _check_usage(command, arguments)
    executable = find_terraform(os.environ)
    environment = _app_environment(arguments)
    if not arguments.has("--skip-synth"):
        status = run_toolkit(project, ["synth", "--output", str(arguments.output), *arguments.synth], environment)
        if status:
            _complain("Synthesis failed; nothing was planned.")
            return FAILED
    stacks = read_stacks(project / arguments.output)
    waits = _waits(command, arguments, stacks)
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
        environment=terraform_environment(
            environment, is_cache_allowed=not arguments.has("--disable-plugin-cache-env")
        ),
    )
    if arguments.has("--dry-run"):
        _print_dry_run(command, request, terraform)
        return OK
    approvals = _approvals(arguments, project)
    guarded = GuardedRun(
        request=request,
        terraform=terraform,
        say=_say,
        build_images=_image_builder(_environments(arguments, project), project),
    )
    with forwarding_interrupts(terraform, _complain_from_signal), _plans_removed(guarded):
        return _plan_guard_apply(command, arguments, guarded, approvals)


def _plan_guard_apply(command: str, arguments: Arguments, guarded: GuardedRun, approvals: tuple[Approval, ...]) -> int:
    planned = guarded.plan_all()
    if not planned.is_success:
        _report(planned, "planned")
        _complain("Not every stack could be planned, so nothing was applied.")
        return _status(guarded, planned)
    verdict = guarded.judge(approvals, datetime.now(UTC).date())
    _say(as_text(verdict))
    if verdict.refusals:
        return REFUSED
    if command == "diff":
        return UNUSABLE_INPUT if guarded.has_changes else OK
    if not _is_agreed(arguments, guarded):
        _complain("Not applied.")
        return FAILED
    applied = guarded.apply_all()
    _report(applied, "destroyed" if command == "destroy" else "deployed")
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
    if "-destroy" in options and command != "destroy":
        raise UsageError(f"{command} adds dependencies, and must not destroy them. Use `cdktf destroy STACK`.")
    if arguments.has("--skip-synth") and arguments.synth:
        raise UsageError(f"{arguments.synth[0]} goes to synthesis, which --skip-synth leaves out. Drop one of them.")


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


def _print_dry_run(command: str, request: Request, terraform: Terraform) -> None:
    print(f"{command} would run these stacks, {request.parallelism} at a time:")
    for number, (name, before) in enumerate(request.waits.items(), start=1):
        stack = request.stacks[name]
        removal = " (removal)" if stack.is_removal else ""
        after = f" after {', '.join(sorted(before))}" if before else ""
        print(f"{number}. {name}{removal}{after}")
    print("First, for every stack, then the plan guard for all of them:")
    steps = [request.init_arguments(), request.plan_arguments(), ("show", "-json", request.apply_arguments()[-1])]
    _print_commands(request, terraform, steps)
    if command != "diff":
        print("Then, once the guard has no objection, in this order:")
        _print_commands(request, terraform, [request.apply_arguments()])


def _print_commands(request: Request, terraform: Terraform, steps: Sequence[tuple[str, ...]]) -> None:
    for name in request.waits:
        for step in steps:
            folder = shlex.quote(str(request.stacks[name].folder))
            print(f"  cd {folder} && {shlex.join(terraform.command(*step))}")


def _approvals(arguments: Arguments, project: Path) -> tuple[Approval, ...]:
    environments = _environments(arguments, project)
    given = [project / path for path in arguments.own.get("--approvals", [])]
    return read_approvals([*sorted(environments.glob("*/approvals.yaml")), *given])


def _environments(arguments: Arguments, project: Path) -> Path:
    return project / (arguments.last("--environments") or os.environ.get("KARST_ENVIRONMENTS", "environments"))


def _app_environment(arguments: Arguments) -> dict[str, str]:
    """Pass to the application, which reads them itself, where deployments lie and which is wanted."""
    environment = dict(os.environ)
    if environments := arguments.last("--environments"):
        environment["KARST_ENVIRONMENTS"] = environments
    if only := arguments.last("--only"):
        environment["KARST_ONLY"] = only
    return environment


def _is_agreed(arguments: Arguments, guarded: GuardedRun) -> bool:
    if arguments.has("--auto-approve") or not any(plan.is_applicable for plan in guarded.plans.values()):
        return True
    if not sys.stdin.isatty():
        _complain("Nobody is here to ask. Add --auto-approve to apply without asking.")
        return False
    return input("Apply these plans? Only 'yes' applies them: ").strip() == "yes"


def _image_builder(environments: Path, project: Path) -> Callable[[str, tuple[str, ...]], None]:
    """Have `karst build` look after the images of a stack; it asks the registry, and builds only what is missing."""

    def build_images(stack: str, images: tuple[str, ...]) -> None:
        import typer

        from karst_cli.build import build

        deployments = [path.parent.name for path in environments.glob("*/deployment.yaml")]
        owners = [name for name in deployments if stack == name or stack.startswith(f"{name}-")]
        if not owners:
            raise StackFailedError(f"no deployment below {environments} owns {stack}, so its images cannot be built")
        for service in sorted({image.rpartition("/")[2].partition(":")[0] for image in images}):
            try:
                build(service, max(owners, key=len), environments, project / "services_src", dry_run=False)
            except typer.Exit as error:
                raise StackFailedError(f"`karst build {service}` failed; what it said stands above") from error

    return build_images


def _report(outcome: Outcome, verb: str) -> None:
    for name, said in outcome.failed.items():
        _complain(f"== {name}: failed\n{said}")
    for name, reason in outcome.skipped.items():
        _complain(f"== {name}: not {verb}, {reason}")
    if outcome.done:
        _say(f"{verb}: {', '.join(outcome.done)}")


def _status(guarded: GuardedRun, outcome: Outcome) -> int:
    if guarded.terraform.is_interrupted:
        return INTERRUPTED
    return OK if outcome.is_success else FAILED


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _complain(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _complain_from_signal(text: str) -> None:
    # Straight to the descriptor: a signal may come while the buffered stream is in use.
    os.write(2, f"{text}\n".encode())
