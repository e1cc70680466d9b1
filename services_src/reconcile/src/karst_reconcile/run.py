"""One run: look, plan, do, and look again until nothing is left to do.

Each step is one call or a few, and is safe to do again. So a run that ends anywhere leaves whole steps behind, and the
next one goes on; and of two at once each finds what the other did.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from karst_reconcile.account_plan import AccountPlan
from karst_reconcile.auth_plan import AuthPlan
from karst_reconcile.auth_seen import see_auth
from karst_reconcile.calls import Calls
from karst_reconcile.document import Document
from karst_reconcile.faults import Exit, ReconcileError, RefusedError, TakenError
from karst_reconcile.info_plan import InfoPlan, see_info
from karst_reconcile.secret_store import SecretStore
from karst_reconcile.steps import DOING, Step, Verb

_ROUNDS = 5


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to do, and with whose leave."""

    document: Document
    auth: Calls
    info: Calls | None
    """None where the deployment has no info service."""
    store: SecretStore | None = None
    is_pruning: bool = False
    is_adopting: bool = False
    is_planning: bool = False
    """Whether nothing is done but to look."""


@dataclass
class Outcome:
    """What came of it."""

    plan: list[Step] = field(default_factory=list[Step])
    """As it was at the beginning."""
    done: list[Step] = field(default_factory=list[Step])
    failed: list[tuple[Step, str]] = field(default_factory=list[tuple[Step, str]])
    is_planned_only: bool = False

    @property
    def code(self) -> Exit:
        """How the run ends."""
        if self.failed:
            return Exit.FAILED
        return Exit.CONFLICT if any(step.verb is Verb.CONFLICT for step in self.plan) else Exit.DONE


async def make_plan(order: Order) -> list[Step]:
    """Look at everything, and say what is to be done. Raises ReconcileError."""
    auth = await see_auth(order.auth, order.document)
    of_auth = AuthPlan(auth, order.document, adopts=order.is_adopting)
    of_accounts = AccountPlan(auth, order.document, order.store, adopts=order.is_adopting)
    try:
        steps = [*of_auth.making(), *await of_accounts.making()]
    except RefusedError as error:
        raise ReconcileError(Exit.UNAVAILABLE, f"The secret store can't be asked: {error}") from None
    old = [*of_auth.pruning(), *of_accounts.pruning()]
    if order.info is not None:
        of_info = InfoPlan(await see_info(order.info, order.document), order.document, adopts=order.is_adopting)
        steps += of_info.making()
        old = [*of_info.pruning(), *old]
    return steps + old


async def reconcile(
    order: Order, planned: Callable[[list[Step]], None], did: Callable[[Step], None], outcome: Outcome | None = None
) -> Outcome:
    """Do what the plan says; `planned` is told of it first, `did` of each step. Raises ReconcileError.

    `outcome` is filled as the run goes, also where it ends early.
    """
    outcome = Outcome() if outcome is None else outcome
    outcome.is_planned_only = order.is_planning
    for turn in range(_ROUNDS):
        plan = await make_plan(order)
        if turn == 0:
            outcome.plan = plan
            planned(plan)
        todo = [step for step in plan if _is_due(step, order)]
        if not todo or order.is_planning:
            return outcome
        outcome.failed = []
        was_taken = False
        for step in todo:
            was_taken |= await _do(step, outcome, did)
        if not was_taken:
            return outcome
    raise ReconcileError(
        Exit.UNAVAILABLE, "Others change the same things all the time. Let one run end before the next"
    )


async def _do(step: Step, outcome: Outcome, did: Callable[[Step], None]) -> bool:
    """Do a step; say whether somebody else did it meanwhile, or is about to."""
    if step.do is None:
        return False
    try:
        await step.do()
    except TakenError:
        return True
    except RefusedError as error:
        outcome.failed.append((step, str(error)))
    except KeyError as error:
        outcome.failed.append((step, f"it needs {error.args[0]}, which couldn't be made"))
    else:
        outcome.done.append(step)
        did(step)
    return False


def _is_due(step: Step, order: Order) -> bool:
    return step.verb in DOING and (step.verb is not Verb.PRUNE or order.is_pruning)
