"""Service accounts that a deployment declares: made, put into their groups, and their tokens into the secret store.

A token is kept nowhere but there. Where it can't be, it is made void, and the next run makes another.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from karst_reconcile.auth_seen import AuthSeen
from karst_reconcile.document import Document, ServiceAccount
from karst_reconcile.faults import Exit, ReconcileError, RefusedError
from karst_reconcile.secret_store import SecretStore
from karst_reconcile.steps import Step, Verb

_KIND = "service account"
_TRIES = 5


class AccountPlan:
    """Makes steps."""

    def __init__(self, seen: AuthSeen, document: Document, store: SecretStore | None, *, adopts: bool) -> None:
        self._seen, self._accounts, self._store, self._adopts = seen, document.service_accounts, store, adopts
        self._blocked: set[str] = set()

    async def making(self) -> list[Step]:
        """What is to be made or changed. Raises RefusedError where the store can't be asked."""
        steps: list[Step] = []
        for each in self._accounts:
            steps.append(await self._account(each))
            if each.name not in self._blocked:
                steps += self._groups(each)
        return steps

    def pruning(self) -> Iterator[Step]:
        """What was declared once, and no longer is."""
        seen, wanted = self._seen, {each.name for each in self._accounts}
        for name, id_ in sorted(seen.accounts.items()):
            if name not in wanted and seen.is_declared(f"user/{id_}"):
                do = partial(seen.remove, "service_account", id_)
                yield Step(verb=Verb.PRUNE, kind=_KIND, name=name, detail="with its token", do=do)

    async def _account(self, each: ServiceAccount) -> Step:
        seen = self._seen
        step = partial(Step, kind=_KIND, name=each.name)
        if self._store is None:
            self._blocked.add(each.name)
            detail = f"its token has nowhere to go. Name a folder for it with --tokens: {each.secret}.json is written"
            return step(verb=Verb.BY_HAND, detail=detail)
        is_there = each.name in seen.accounts
        is_foreign = is_there and seen.is_ours and not seen.is_declared(f"user/{seen.accounts[each.name]}")
        if await self._store.has(each.secret) and is_there:
            return step(verb=Verb.FOREIGN if is_foreign else Verb.LEAVE)
        if is_foreign and not self._adopts:
            self._blocked.add(each.name)
            detail = (
                f"people made it, and {each.secret} has no token. Put one there, or --adopt it: its keys are replaced"
            )
            return step(verb=Verb.CONFLICT, detail=detail)
        do = partial(self._mint, each, self._store, is_there)
        detail = f"token to {each.secret}"
        return step(verb=Verb.CHANGE if is_there else Verb.CREATE, detail=detail, do=do)

    def _groups(self, each: ServiceAccount) -> Iterator[Step]:
        inside = self._seen.account_groups.get(each.name, set())
        for group in each.groups:
            is_there = group in inside
            do = None if is_there else partial(self._seen.join_account, group, each.name)
            verb = Verb.LEAVE if is_there else Verb.CREATE
            yield Step(verb=verb, kind="member", name=f"{each.name} of {group}", do=do)

    async def _mint(self, each: ServiceAccount, store: SecretStore, is_there: bool) -> None:  # noqa: FBT001
        token = await (self._seen.new_token(each.name) if is_there else self._seen.create_account(each.name))
        for _ in range(_TRIES):
            token = token or await self._seen.new_token(each.name)
            try:
                await store.put(each.secret, token)
            except RefusedError as error:
                await self._void(each, is_there)
                raise RefusedError(error.status, f"{error}. The new token was made void; nothing is lost") from None
            if await self._works(token):
                return
            token = None  # another run made one at the same time, and this one no longer works
        raise RefusedError(503, "others replace its token all the time. Let one run end before the next")

    async def _void(self, each: ServiceAccount, is_there: bool) -> None:  # noqa: FBT001
        if self._seen.is_ours and is_there:
            await self._seen.new_token(each.name)  # ours replaces the key, and nobody has the new one
        elif not is_there:
            await self._seen.remove("service_account", self._seen.accounts.pop(each.name))

    async def _works(self, token: str) -> bool:
        try:
            await self._seen.calls.with_token(token).get("/api/v1/user/cache")
        except ReconcileError as error:
            if error.code is not Exit.NOT_ALLOWED:
                raise
            return False
        return True
