"""Plans stacks, has the plans guarded, and applies exactly the plans that were guarded.

Nothing is applied before every plan has been judged: stacks share no state, so all can be planned at the start.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from karst.plan.approvals import Approval
from karst.plan.guard import Verdict, judge
from karst.plan.model import Plan
from karst.plan.plan_files import keep_plan
from karst.plan.reader import PlanUnreadableError, parse_plan
from karst_cli.deploy_images import BuildImages, images_of, is_complete, registries_below
from karst_cli.diagnosis import unreachable
from karst_cli.stack_graph import Stack, Waits
from karst_cli.state import reason_unreachable
from karst_cli.terraform import Failure, Outcome, StackFailedError, Terraform, run_all

PLAN_FILE = "karst.tfplan"
_CHANGED = 2


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a run does, to which stacks."""

    stacks: Mapping[str, Stack]
    waits: Waits
    """The chosen stacks in order, and what each waits for."""
    plan_options: tuple[str, ...]
    init_options: tuple[str, ...]
    is_color_allowed: bool
    parallelism: int

    def init_arguments(self) -> tuple[str, ...]:
        """How Terraform prepares a stack's folder."""
        return ("init", "-input=false", *self._color(), *self.init_options)

    def plan_arguments(self) -> tuple[str, ...]:
        """How Terraform plans a stack."""
        return ("plan", "-input=false", *self._color(), *self.plan_options, f"-out={PLAN_FILE}")

    def apply_arguments(self) -> tuple[str, ...]:
        """How Terraform applies a guarded plan."""
        return ("apply", "-input=false", *self._color(), PLAN_FILE)

    def _color(self) -> tuple[str, ...]:
        return () if self.is_color_allowed else ("-no-color",)


@dataclass(kw_only=True)
class GuardedRun:
    """One run of diff, deploy or destroy."""

    request: Request
    terraform: Terraform
    say: Callable[[str], None]
    build_images: BuildImages | None
    """None where nothing is deployed, so nothing has to be there."""
    kept_plans: Path | None = None
    """Where plans are kept as JSON, for a report; by default they go with the run."""
    plans: dict[str, Plan] = field(default_factory=dict)
    has_changes: bool = False
    _prepared: set[str] = field(default_factory=set)
    _lost: dict[str, Failure] = field(default_factory=dict)
    """Buckets of state that cannot be used: what failed there fails for every stack, and takes its time."""
    _with_images: set[str] = field(default_factory=set)
    _image_lock: threading.Lock = field(default_factory=threading.Lock)

    def build_all_images(self) -> Outcome:
        """Build missing images before anything is planned, so that a failing build changes nothing.

        Left for later are those of stacks whose foundation is to be made or extended by this very run: the registry
        comes with it.
        """
        if self.build_images is None:
            return Outcome()
        pending: Waits = {name: frozenset() for name in self.request.waits if images_of(self.request.stacks[name])}
        return run_all(pending, self._build_if_possible, parallelism=1)

    def plan_all(self) -> Outcome:
        """Plan every stack, in any order: none needs another's state."""
        free: Waits = {name: frozenset() for name in self.request.waits}
        # First all folders: Terraform writes a provider to the shared cache anew, under the feet of a running plan.
        prepared = run_all(free, self._prepare, parallelism=1)
        if not prepared.is_success:
            return Outcome(failed=prepared.failed, skipped=prepared.skipped)
        return run_all(free, self._plan, parallelism=self.request.parallelism)

    def judge(self, approvals: Iterable[Approval], today: date) -> Verdict:
        """Have all plans judged together."""
        return judge((self.plans[name] for name in self.request.waits), approvals, today=today)

    def apply_all(self) -> Outcome:
        """Apply the saved plans in order."""
        return run_all(self.request.waits, self._apply, parallelism=self.request.parallelism)

    def remove_plans(self) -> None:
        """Take the saved plans away: they hold attribute values, and are stale once applied."""
        for name in self.request.waits:
            (self.request.stacks[name].folder / PLAN_FILE).unlink(missing_ok=True)

    def outputs(self, *, is_sensitive_included: bool) -> dict[str, dict[str, object]]:
        """Read the outputs of every stack of the run."""
        found: dict[str, dict[str, object]] = {}
        for name in self.request.waits:
            _, text = self.terraform.run(self.request.stacks[name], "output", "-json")
            found[name] = {
                key: output.get("value")
                for key, output in sorted(json.loads(text).items())
                if is_sensitive_included or not output.get("sensitive")
            }
        return found

    def _build_if_possible(self, name: str) -> None:
        for registry in registries_below(self.request.stacks, name):
            self._prepare(registry.name)
            _, state = self.terraform.run(registry, "state", "pull")
            if not is_complete(registry, state):
                return
        self._build(name)

    def _build(self, name: str) -> None:
        images = images_of(self.request.stacks[name])
        if self.build_images is None or not images:
            return
        with self._image_lock:
            if name not in self._with_images:
                self.build_images(name, images)
                self._with_images.add(name)

    def _prepare(self, name: str) -> None:
        """Initialize a stack's folder, once."""
        if name in self._prepared:
            return
        stack, arguments = self.request.stacks[name], self.request.init_arguments()
        if stack.bucket in self._lost:
            lost = self._lost[stack.bucket]
            raise StackFailedError(replace(lost, by_hand=self.terraform.by_hand(stack, *arguments)))
        try:
            self._look_for_bucket(stack)
            self.terraform.run(stack, *arguments)
        except StackFailedError as error:
            if stack.bucket is not None and error.failure.cause is not None:
                self._lost[stack.bucket] = error.failure
            raise
        self._prepared.add(name)

    def _look_for_bucket(self, stack: Stack) -> None:
        if stack.bucket is None:
            return
        if reason := reason_unreachable(stack.bucket, self.terraform.environment):
            by_hand = self.terraform.by_hand(stack, *self.request.init_arguments())
            raise StackFailedError(Failure(said="", by_hand=by_hand, cause=unreachable(stack.bucket, reason)))

    def _plan(self, name: str) -> None:
        stack = self.request.stacks[name]
        by_hand = ("plan", "-input=false", *self.request.plan_options)
        status, said = self.terraform.run(
            stack, *self.request.plan_arguments(), rerun=by_hand, accepted=self._accepted_by_plan()
        )
        _, shown = self.terraform.run(stack, "show", "-json", PLAN_FILE)
        try:
            self.plans[name] = parse_plan(shown, stack=name, source=f"plan of {name}")
        except PlanUnreadableError as error:
            raise StackFailedError(Failure(said=str(error))) from error
        if self.kept_plans is not None:
            keep_plan(self.kept_plans, name, shown)
        self.has_changes = self.has_changes or status == _CHANGED
        self.say(f"== {name}: plan\n{said.strip()}")

    def _accepted_by_plan(self) -> tuple[int, ...]:
        return (0, _CHANGED) if "-detailed-exitcode" in self.request.plan_options else (0,)

    def _apply(self, name: str) -> None:
        if not self.plans[name].is_applicable:
            self.say(f"== {name}: nothing to apply")
            return
        # Only what was left for later: the registry has come with a stack that this one waits for.
        self._build(name)
        stack = self.request.stacks[name]
        # A plan that was begun is stale: by hand one plans again, which also shows how far it came.
        by_hand = ("plan", "-input=false", *self.request.plan_options)
        _, said = self.terraform.run(stack, *self.request.apply_arguments(), rerun=by_hand)
        self.say(f"== {name}: apply\n{said.strip()}")
