"""The project's `cdktf`: the toolkit's commands, in order of dependencies, with every plan guarded before its apply.

`synth` and `list` run the application that `cdktf.json` names; `diff`, `deploy` and `destroy` do so too, and then run
Terraform on the synthesized stacks (see docs/adr/0003-guarded-deploy.md). Everything unknown goes to the maintained
toolkit `cdktn`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from karst.config.errors import ConfigError
from karst_cli.arguments import Arguments, UsageError, only_synthesis_options, parse, strip_own
from karst_cli.run_report import complain, list_stacks, say
from karst_cli.stack_graph import StackError, read_stacks
from karst_cli.synthesis import FAILED, INTERRUPTED, OK, UNUSABLE_INPUT, app_environment, check_synthesis, synthesize
from karst_cli.terraform import StackFailedError
from karst_cli.toolkit import ProgramMissingError, run_toolkit

_ALIASES = {"apply": "deploy", "plan": "diff", "synthesize": "synth"}
_HELP = """\
Usage: cdktf COMMAND [STACK...] [OPTIONS]

Commands:
  synth     write the stacks as Terraform JSON into cdktf.out
  list      list the stacks
  diff      plan stacks and everything they depend on; guard the plans
  deploy    build missing images, plan and guard likewise, then apply in order; removed stacks last, backwards
  destroy   destroy the named stacks and no others, backwards; guarded too
Any other command goes to the toolkit, `cdktn`.

A stack is named as `cdktf list` prints it; a deployment's own name is its edge stack, so `cdktf deploy global` deploys
all of `global`. `*` stands for any part of a name.

Options:
  --environments PATH   folder of deployments (default: environments)
  --only DEPLOYMENT     synthesize only this one
  --skip-synth          use cdktf.out as it is

Options of diff, deploy and destroy:
  --approvals FILE      more approvals than those in environments/*/approvals.yaml
  --plans FOLDER        keep each plan there as <stack>.json, for `karst plan-report FOLDER`; it holds values of
                        attributes, so mind who reads it
  --parallelism N       stacks at a time (default: 4)
  --dry-run             synthesize, then print the stacks in order and the commands; run none of them
  --auto-approve        apply without asking
  --without-state       diff only: plan from an empty state, needing neither its bucket nor credentials
  --ignore-missing-stack-dependencies   exactly the named stacks
  --outputs-file FILE   write the outputs of deployed stacks as JSON
Options with one dash (-refresh=false, -target=ADDRESS, -lock-timeout=5m) go to `terraform plan`, others to
the toolkit's own synthesis, `cdktn synth`.

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
    is_ours = command in {"synth", "list", "diff", "deploy", "destroy"}
    if is_ours and {"-h", "--help"} & set(rest):
        print(_HELP, end="")
        return OK
    try:
        if is_ours:
            return _run_ours(command, parse(rest), project)
        kept, own = strip_own(rest)
        return run_toolkit(project, [command, *kept], app_environment(own))
    except (UsageError, StackError, ProgramMissingError, ConfigError) as error:
        complain(str(error))
        return UNUSABLE_INPUT
    except StackFailedError as error:
        complain(str(error))
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _run_ours(command: str, arguments: Arguments, project: Path) -> int:
    if command in {"synth", "list"}:
        return _run_synthesis(command, arguments, project)
    # Here, for it brings the model of the configuration, which a synthesis reads in programs of its own.
    from karst_cli.guarded_command import run_guarded

    return run_guarded(command, arguments, project)


def _run_synthesis(command: str, arguments: Arguments, project: Path) -> int:
    only_synthesis_options(arguments)
    check_synthesis(arguments)
    status = synthesize(arguments, project)
    if status == OK:
        stacks = read_stacks(project / arguments.output)
        if command == "list":
            list_stacks(stacks, str(arguments.output))
        else:
            say(f"Wrote to {arguments.output}: {', '.join(stacks)}")
    return status
