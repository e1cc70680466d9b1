"""Plans stacks, has the plans guarded, and applies exactly the plans that were guarded.

Nothing is applied before every plan has been judged: stacks share no state, so all can be planned at the start.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from karst.plan.approvals import Approval
from karst.plan.guard import Verdict, judge
from karst.plan.model import Plan
from karst.plan.reader import PlanUnreadableError, parse_plan
from karst_cli.images import images_in
from karst_cli.stack_graph import Stack, Waits
from karst_cli.terraform import Outcome, StackFailedError, Terraform, run_all

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
    build_images: Callable[[str, tuple[str, ...]], None]
    """Builds those of a stack's images that are missing in their registry."""
    plans: dict[str, Plan] = field(default_factory=dict)
    has_changes: bool = False
    _init_lock: threading.Lock = field(default_factory=threading.Lock)
    _image_lock: threading.Lock = field(default_factory=threading.Lock)

    def plan_all(self) -> Outcome:
        """Plan every stack, in any order: none needs another's state."""
        free: Waits = {name: frozenset() for name in self.request.waits}
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
            (self._folder(name) / PLAN_FILE).unlink(missing_ok=True)

    def outputs(self, *, is_sensitive_included: bool) -> dict[str, dict[str, object]]:
        """Read the outputs of every stack of the run."""
        found: dict[str, dict[str, object]] = {}
        for name in self.request.waits:
            _, text = self.terraform.run(self._folder(name), "output", "-json")
            found[name] = {
                key: output.get("value")
                for key, output in sorted(json.loads(text).items())
                if is_sensitive_included or not output.get("sensitive")
            }
        return found

    def _plan(self, name: str) -> None:
        folder = self._folder(name)
        # One at a time: Terraform's shared provider cache does not bear two writers.
        with self._init_lock:
            self.terraform.run(folder, *self.request.init_arguments())
        by_hand = ("plan", "-input=false", *self.request.plan_options)
        status, said = self.terraform.run(
            folder, *self.request.plan_arguments(), rerun=by_hand, accepted=self._accepted_by_plan()
        )
        _, shown = self.terraform.run(folder, "show", "-json", PLAN_FILE)
        try:
            self.plans[name] = parse_plan(shown, stack=name, source=f"plan of {name}")
        except PlanUnreadableError as error:
            raise StackFailedError(str(error)) from error
        self.has_changes = self.has_changes or status == _CHANGED
        self.say(f"== {name}: plan\n{said.strip()}")

    def _accepted_by_plan(self) -> tuple[int, ...]:
        return (0, _CHANGED) if "-detailed-exitcode" in self.request.plan_options else (0,)

    def _apply(self, name: str) -> None:
        if not self.plans[name].is_applicable:
            self.say(f"== {name}: nothing to apply")
            return
        folder = self._folder(name)
        images = images_in((folder / "cdk.tf.json").read_text(encoding="utf-8"))
        if images and not self.request.stacks[name].is_removal:
            # Not earlier: the registry may be part of this very run, in a stack that this one waits for.
            with self._image_lock:
                self.build_images(name, images)
        # A plan that was begun is stale: by hand one plans again, which also shows how far it came.
        by_hand = ("plan", "-input=false", *self.request.plan_options)
        _, said = self.terraform.run(folder, *self.request.apply_arguments(), rerun=by_hand)
        self.say(f"== {name}: apply\n{said.strip()}")

    def _folder(self, name: str) -> Path:
        return self.request.stacks[name].folder
