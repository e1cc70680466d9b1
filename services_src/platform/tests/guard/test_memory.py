"""What is remembered, for how long, and what is asked anew: by a clock that the test moves."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from karst_platform.cave.guard.authority import AuthorityUnavailableError, Freshness, token_hash
from karst_platform.cave.guard.changes import Change
from karst_platform.cave.guard.push import LocalChanges, NoChanges
from karst_platform.cave.guard.record import UserRecord
from karst_platform.cave.guard.remember import ANEW_S, ANEW_TIMES, UNKNOWN_PER_S, Remembering
from karst_platform.rates import BURST_S
from services_src.platform.tests.guard.people import READER, STRANGER, Known, token

pytestmark = pytest.mark.anyio
CACHED, RECENT, ANEW = Freshness.CACHED, Freshness.RECENT, Freshness.ANEW


class World:
    """An authority, whoever remembers what it says, and their time."""

    def __init__(self, *, hears: bool = True, size: int = 64) -> None:
        self.now_s, self.known, self.changes = 1000.0, Known(), LocalChanges()
        changes = self.changes if hears else NoChanges()
        self.memory = Remembering(self.known, changes, size=size, clock=lambda: self.now_s)

    async def record(self, freshness: Freshness = CACHED, user: UserRecord = READER) -> UserRecord | None:
        return await self.memory.record(token(user.id), freshness)

    def questions(self) -> int:
        """How often auth was asked since the last time."""
        count = len(self.known.asked)
        self.known.asked.clear()
        return count


@pytest.mark.parametrize(
    ("hears", "freshness", "age_s"),
    [(True, CACHED, 55), (True, RECENT, 5), (False, CACHED, 2.5), (False, RECENT, 2.5)],
)
async def test_answers_age(hears: bool, freshness: Freshness, age_s: float) -> None:
    world = World(hears=hears)
    assert await world.record() == READER
    world.now_s += age_s
    assert await world.record(freshness) == READER
    assert world.questions() == 1
    world.now_s += 0.01
    assert await world.record(freshness) == READER
    assert world.questions() == 1


async def test_nobody_is_remembered_for_five_seconds() -> None:
    world = World()
    unknown = "f" * 32
    for after_s, questions in ((0, 1), (2.5, 0), (0.01, 1)):
        world.now_s += after_s
        assert await world.memory.record(unknown) is None
        assert world.questions() == questions
    world.known.records[unknown] = STRANGER
    await world.changes.publish(Change(tokens=(token_hash(unknown),)))
    assert await world.memory.record(unknown) == STRANGER


async def test_that_auth_is_gone_is_not_remembered() -> None:
    world = World()
    world.known.is_gone = True
    with pytest.raises(AuthorityUnavailableError):
        await world.record()
    world.known.is_gone = False
    assert await world.record() == READER


async def test_without_auth_views_go_on_for_ten_minutes_and_edits_do_not() -> None:
    world = World()
    assert await world.record() == READER
    assert await world.memory.dataset_of("datastack", "stack") == "h01"
    assert await world.memory.datasets_of("datastack", ["stack"]) == {"stack": "h01"}
    assert await world.memory.is_public("stack", 864)
    world.known.is_gone = True
    for after_s in (61, 539):
        world.now_s += after_s
        assert await world.record() == READER
        assert await world.memory.dataset_of("datastack", "stack") == "h01"
        assert await world.memory.datasets_of("datastack", ["stack"]) == {"stack": "h01"}
        assert await world.memory.is_public("stack", 864)
        for freshness in (RECENT, ANEW):
            with pytest.raises(AuthorityUnavailableError):
                await world.record(freshness)
        with pytest.raises(AuthorityUnavailableError):
            await world.memory.dataset_of("datastack", "stack", RECENT)
    world.now_s += 0.01
    with pytest.raises(AuthorityUnavailableError):
        await world.record()
    with pytest.raises(AuthorityUnavailableError):
        await world.memory.datasets_of("datastack", ["stack"])


async def test_whoever_is_known_to_be_nobody_is_not_let_in_while_auth_is_gone() -> None:
    world = World()
    assert await world.record() == READER
    del world.known.records[token(READER.id)]
    world.now_s += 61
    assert await world.record() is None
    world.questions()
    assert await world.record() is None
    assert world.questions() == 0
    world.known.is_gone = True
    world.now_s += 6
    with pytest.raises(AuthorityUnavailableError):
        await world.record()


async def test_without_auth_nobody_new_is_let_in_and_nobody_is_denied() -> None:
    world = World()
    await world.record()
    world.known.is_gone = True
    with pytest.raises(AuthorityUnavailableError):
        await world.memory.record("f" * 32)
    with pytest.raises(AuthorityUnavailableError):
        await world.memory.datasets_of("datastack", ["stack"])


@pytest.mark.parametrize(
    "change", [Change(users=(READER.id,)), Change(tokens=(token_hash(token(READER.id)),)), Change(is_all=True)]
)
@pytest.mark.parametrize("freshness", [CACHED, RECENT])
async def test_what_changed_counts_at_once(change: Change, freshness: Freshness) -> None:
    world = World()
    await world.record(freshness)
    del world.known.records[token(READER.id)]
    assert await world.record(freshness) == READER
    await world.changes.publish(change)
    assert await world.record(freshness) is None


async def test_a_change_of_others_costs_nothing() -> None:
    world = World()
    await world.record()
    await world.changes.publish(Change(users=(STRANGER.id,), tables=(("a", "b"),), public=("c",)))
    world.questions()
    await world.record()
    assert world.questions() == 0


async def test_what_is_revoked_is_not_let_in_while_auth_is_gone() -> None:
    world = World()
    await world.record()
    await world.changes.publish(Change(users=(READER.id,)))
    world.known.is_gone = True
    with pytest.raises(AuthorityUnavailableError):
        await world.record()


async def test_after_a_gap_views_go_on_while_auth_is_gone() -> None:
    world = World()
    await world.record()
    world.known.is_gone = True
    await world.changes.publish(Change(is_all=True))
    assert await world.record() == READER


async def test_tables_and_roots_that_change_count_at_once() -> None:
    world = World()
    assert await world.memory.dataset_of("datastack", "stack") == "h01"
    assert await world.memory.dataset_of("datastack", "new") is None
    assert await world.memory.is_public("stack", 864)
    assert await world.memory.has_public("stack")
    world.known.tables = {("datastack", "stack"): "other", ("datastack", "new"): "h01"}
    world.known.public = {}
    await world.changes.publish(Change(tables=(("datastack", "stack"), ("datastack", "new")), public=("stack",)))
    assert await world.memory.datasets_of("datastack", ["stack", "new"]) == {"stack": "other", "new": "h01"}
    assert not await world.memory.is_public("stack", 864)
    assert not await world.memory.has_public("stack")


async def test_an_answer_from_before_a_change_is_not_kept() -> None:
    """Auth answers with the old record; before the answer arrives, the change is heard."""
    world = World()
    older, newer = READER, replace(READER, groups=())
    arrived, goes_on = asyncio.Event(), asyncio.Event()

    async def slow(_token: str, _freshness: Freshness) -> UserRecord:
        answer = world.known.records[token(READER.id)]
        arrived.set()
        await goes_on.wait()
        return answer

    world.known.record = slow  # type: ignore[method-assign]
    first = asyncio.create_task(world.record())
    await arrived.wait()
    world.known.records[token(READER.id)] = newer
    await world.changes.publish(Change(users=(READER.id,)))
    second = asyncio.create_task(world.record())
    await asyncio.sleep(0)
    goes_on.set()
    assert await first == older
    assert await second == newer
    assert await world.record() == newer


async def test_many_who_ask_at_once_cost_one_question() -> None:
    world = World()
    assert await asyncio.gather(*(world.record() for _ in range(100))) == [READER] * 100
    assert world.questions() == 1


async def test_whoever_leaves_takes_the_answer_from_nobody() -> None:
    world = World()
    goes_on = asyncio.Event()

    async def slow(_token: str, _freshness: Freshness) -> UserRecord:
        await goes_on.wait()
        return READER

    world.known.record = slow  # type: ignore[method-assign]
    first, second = asyncio.create_task(world.record()), asyncio.create_task(world.record())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    goes_on.set()
    assert await second == READER


async def test_refusals_ask_anew_only_so_often() -> None:
    world = World()
    for _ in range(ANEW_TIMES):
        await world.record(ANEW)
    assert world.questions() == ANEW_TIMES
    await world.record(ANEW)
    assert world.questions() == 0
    await world.record(ANEW, STRANGER)
    assert world.questions() == 1
    world.now_s += 11
    await world.record(ANEW)
    assert world.questions() == 1  # as for an edit
    world.now_s += ANEW_S
    await world.record(ANEW)
    await world.record(ANEW)
    assert world.questions() == 2


async def test_made_up_tokens_are_bounded_and_harm_nobody() -> None:
    world = World(size=64)
    await world.record()
    world.questions()
    refused = 0
    for number in range(5000):
        try:
            assert await world.memory.record(f"{number:031x}f") is None
        except AuthorityUnavailableError:
            refused += 1
        world.now_s += 0.001
    asked = world.questions()
    assert asked <= UNKNOWN_PER_S * (BURST_S + 6)
    assert asked + refused == 5000
    assert world.memory.size() <= 4 * 2 * 64
    assert await world.record() == READER
    world.now_s += 61
    assert await world.record() == READER
    assert world.questions() == 1


async def test_a_known_token_is_renewed_in_a_flood() -> None:
    world = World()
    await world.record()
    for number in range(UNKNOWN_PER_S * BURST_S - 1):
        await world.memory.record(f"{number:031x}f")
    with pytest.raises(AuthorityUnavailableError):
        await world.memory.record("e" * 32)
    assert await world.record(ANEW) == READER


async def test_listings_ask_only_for_what_is_not_known() -> None:
    world = World()
    assert await world.memory.datasets_of("datastack", ["stack", "x"]) == {"stack": "h01"}
    assert await world.memory.datasets_of("datastack", ["stack", "x", "gated_stack"]) == {
        "stack": "h01",
        "gated_stack": "gated",
    }
    assert world.known.asked == ["datasets datastack stack x", "datasets datastack gated_stack"]
