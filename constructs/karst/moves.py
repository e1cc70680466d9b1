"""Resources whose address changed, so that Terraform renames them in its state where it would replace them.

Add a `Move` in the same change that renames a construct, and keep it until every deployment has applied it once: an
address that is missing here is deleted and made anew, with all that it holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from karst.addresses import kind_of, resource_addresses
from karst.stack import KarstStack


@dataclass(frozen=True, kw_only=True)
class Move:
    """One resource that has a new address."""

    stack: str
    """Stacks that it happened in; `*` stands for any part of a name, as in `*-foundation`."""
    before: str
    after: str


MOVES: tuple[Move, ...] = (
    Move(
        stack="*-foundation",
        before="google_service_account.clusters__sql_roles__account",
        after="google_service_account.identities__sql_roles__account",
    ),
)
"""Every renaming so far, oldest first."""


def apply_moves(stacks: Iterable[KarstStack], moves: Iterable[Move] = MOVES) -> None:
    """Write `moved` blocks into the stacks that declare the new address.

    A stack that doesn't declare it (a removed dataset, another kind) gets none: its old resource is judged alone.
    Raises `ValueError` where the old address is still declared.
    """
    listed = tuple(moves)
    for stack in stacks:
        concerned = [move for move in listed if fnmatchcase(stack.node.id, move.stack)]
        if not concerned:
            continue
        kinds = {kind_of(address) for move in concerned for address in (move.before, move.after)}
        declared = resource_addresses(stack, kinds)
        blocks = [_block(stack, move, declared) for move in concerned if move.after in declared]
        if blocks:
            stack.add_override("moved", blocks)


def _block(stack: KarstStack, move: Move, declared: frozenset[str]) -> dict[str, str]:
    if move.before in declared:
        raise ValueError(
            f"stack {stack.node.id!r} still declares {move.before!r}, which has moved to {move.after!r}: take the move "
            "out of karst/moves.py, or rename the construct"
        )
    return {"from": move.before, "to": move.after}
