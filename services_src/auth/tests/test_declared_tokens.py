"""Tokens that a deployment makes for its own programs: they work from the first start, and are followed."""

from __future__ import annotations

from karst_auth.changes import users
from karst_auth.changes.ledger import DEPLOYMENT
from karst_auth.declared import declare_reconciler, declare_services
from karst_auth.main import Auth
from services_src.auth.tests.world import World


async def test_the_services_token_works_from_the_first_start_and_is_followed(auth: Auth) -> None:
    for token in ("a" * 48, "a" * 48, "b" * 48):
        await declare_services(auth.needs.ledger, token)
        found = await auth.needs.tables.record(token)
        assert found is not None
        assert (found.email, found.admin, found.has_role) == ("karst@serviceaccount", False, True)
    assert await auth.needs.tables.record("a" * 48) is None


async def test_the_token_of_the_job_is_a_superadmins(auth: Auth) -> None:
    for token in ("a" * 48, "b" * 48):
        await declare_reconciler(auth.needs.ledger, token)
        found = await auth.needs.tables.record(token)
        assert found is not None
        assert (found.email, found.admin) == ("karst-reconcile@serviceaccount", True)
    assert await auth.needs.tables.record("a" * 48) is None


async def test_a_token_that_was_taken_over_stays_whose_it_is(auth: Auth, world: World) -> None:
    for declare in (declare_services, declare_reconciler):
        await declare(auth.needs.ledger, world.tokens["robot"])
        found = await auth.needs.tables.record(world.tokens["robot"])
        assert found is not None
        assert (found.id, found.admin) == (world.users["robot"], False)
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        await users.remove(change, user_id=world.users["robot"])
