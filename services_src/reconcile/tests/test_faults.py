"""Runs that are cut off, services that fail, secret stores that refuse, two runs at once: the end is the same."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from karst_reconcile.document import Document
from karst_reconcile.faults import Exit, ReconcileError, RefusedError
from karst_reconcile.steps import Verb
from services_src.reconcile.tests.conftest import Fault, Lab, dataset, document, doing, steps

pytestmark = pytest.mark.anyio


class CutOffError(Exception):
    """Stands for whatever ends a run: no program can catch it."""


def numbered(number: int) -> Document:
    """The same deployment's declaration, with names of its own."""
    name = f"d{number:02}"
    told = document(dataset(name, terms_of_service=f"terms {name}")).model_dump()
    told["service_accounts"] = [{"name": f"robot-{name}", "groups": [f"{name}_editors"], "secret": f"secret-{name}"}]
    return Document.model_validate(told)


def only(state: dict[str, Any], number: int) -> str:
    """What is of these names, with the name taken out."""
    name = f"d{number:02}"
    kept = {key: value for key, value in state.items() if key.startswith((f"dataset {name}", f"group {name}"))}
    for kind in ("terms", "alignedvolume", "imagesource", "datastack"):
        kept[kind] = [each for each in state[kind] if name in json.dumps(each)]
    return json.dumps(kept, sort_keys=True).replace(name, "X").replace(name.title(), "X")


def nth_change(lab: Lab, number: int, *, is_done: bool, has_ended: list[bool]) -> Fault:
    """Cuts off at a change: before the service hears of it, or after it did it."""
    seen = 0

    async def fault(request: httpx.Request, _count: int) -> httpx.Response | None:
        nonlocal seen
        seen += request.method != "GET" and not request.url.path.endswith("/tables/datasets")
        if seen == number and request.method != "GET" and not has_ended:
            has_ended.append(True)
            if is_done:
                await (await lab.both.pass_on(request)).aread()
            raise CutOffError
        return None

    return fault


async def test_a_run_cut_off_at_any_change_is_made_good_by_the_next(lab: Lab) -> None:
    await lab.run(numbered(0))
    reference, changes = only(await lab.state(), 0), len(lab.both.changes)
    assert changes > 12
    for number in range(1, changes + 1):
        has_ended: list[bool] = []
        lab.both.fault = nth_change(lab, number, is_done=number % 2 == 0, has_ended=has_ended)
        wanted = numbered(number)
        if number <= changes - 2:  # the word of a permission and the person are there since the first run
            with pytest.raises(CutOffError):
                await lab.run(wanted)
        lab.both.fault = None
        again = await lab.run(wanted)
        assert (again.code, again.failed) == (Exit.DONE, []), number
    state = await lab.state()
    for number in range(1, changes + 1):
        assert only(state, number) == reference, number
        token = json.loads((lab.tokens / f"secret-d{number:02}.json").read_text())["token"]
        assert await lab.auth.needs.tables.record(token) is not None, number


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_a_service_that_is_away_for_a_moment_is_asked_again(lab: Lab, status: int) -> None:
    async def fault(_: httpx.Request, count: int) -> httpx.Response | None:
        if count % 7 == 3:
            return httpx.Response(status, json={"message": "Try again."})
        if count % 7 == 5:
            raise httpx.ReadTimeout("slow")
        return None

    lab.both.fault = fault
    told = await lab.run(document(dataset()), wait_s=30)
    assert (told.code, told.failed) == (Exit.DONE, [])


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (httpx.Response(503, text="<html>"), Exit.UNAVAILABLE, "answers 503"),
        (httpx.Response(401, json={"error": "invalid_token"}), Exit.NOT_ALLOWED, "doesn't know the token"),
        (httpx.Response(403, json={"message": "No\x1b[31m."}), Exit.NOT_ALLOWED, r"No\\x1b\[31m\."),
        (httpx.Response(200, text="<html>Welcome</html>"), Exit.UNAVAILABLE, "with no JSON"),
        (None, Exit.UNAVAILABLE, "doesn't answer"),
    ],
)
async def test_what_ends_a_run_says_why(lab: Lab, answer: httpx.Response | None, code: Exit, said: str) -> None:
    async def fault(request: httpx.Request, _: int) -> httpx.Response | None:
        if request.method == "GET":
            return None
        if answer is None:
            raise httpx.ConnectError("refused")
        return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)

    lab.both.fault = fault
    with pytest.raises(ReconcileError, match=said) as caught:
        await lab.run(document(dataset()))
    assert caught.value.code is code
    lab.both.fault = None
    assert (await lab.run(document(dataset()))).code is Exit.DONE


async def test_one_step_that_is_refused_keeps_no_other_from_being_done(lab: Lab) -> None:
    crooked = dataset("crooked", image_source="gs://no-precomputed")
    told = await lab.run(document(crooked, dataset()))
    assert told.code is Exit.FAILED
    failed = {step.title: why for step, why in told.failed}
    assert "Images" in failed["aligned volume crooked_v1"]
    assert failed.keys() == {"aligned volume crooked_v1", "image mirror crooked_v1/mirror", "datastack crooked"}
    assert "datastack tiny" in {step.title for step in told.done}


async def test_two_runs_at_once_both_end_well(lab: Lab) -> None:
    wanted = document(dataset(), dataset("cortex"))
    outcomes = await asyncio.gather(*(lab.run(wanted, wait_s=10) for _ in range(3)))
    assert [each.code for each in outcomes] == [Exit.DONE] * 3
    assert [each.failed for each in outcomes] == [[]] * 3
    token = json.loads((lab.tokens / "uploads-token.json").read_text())["token"]
    assert await lab.auth.needs.tables.record(token) is not None
    last = await lab.run(wanted)
    assert (last.code, doing(last)) == (Exit.DONE, [])


class Refusing:
    """A secret store that takes nothing, until it does."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.refuses = True
        self.offered: list[str] = []

    async def has(self, name: str) -> bool:
        return name in self.kept

    async def put(self, name: str, value: str) -> None:
        self.offered.append(value)
        if self.refuses:
            raise RefusedError(403, "Secret Manager answers 403")
        self.kept[name] = value


async def test_a_store_that_refuses_loses_no_token_and_leaves_none(lab: Lab) -> None:
    store = Refusing()
    for _ in range(2):
        told = await lab.run(document(dataset()), store=store)
        (failed, member) = told.failed
        assert (failed[0].title, "The new token was made void" in failed[1]) == ("service account uploads", True)
        assert "it needs uploads, which couldn't be made" in member[1]
        assert store.offered[-1] not in failed[1]
        assert await lab.auth.needs.tables.record(store.offered[-1]) is None
    store.refuses = False
    told = await lab.run(document(dataset()), store=store)
    assert told.code is Exit.DONE
    assert await lab.auth.needs.tables.record(store.kept["uploads-token"]) is not None
    before = dict(store.kept)
    store.kept.clear()
    store.refuses = True
    told = await lab.run(document(dataset()), store=store)
    assert (told.code, await lab.auth.needs.tables.record(store.offered[-1])) == (Exit.FAILED, None)
    store.refuses = False
    assert (await lab.run(document(dataset()), store=store)).code is Exit.DONE
    assert store.kept != before, "a token that the store lost is replaced"
    assert await lab.auth.needs.tables.record(store.kept["uploads-token"]) is not None


async def test_without_a_place_for_tokens_no_account_is_made(lab: Lab) -> None:
    told = await lab.run(document(dataset()), store=None)
    (step,) = steps(told, Verb.BY_HAND)
    assert (step.title, "uploads-token.json" in step.detail) == ("service account uploads", True)
    assert told.code is Exit.DONE
