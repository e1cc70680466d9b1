"""Limits on how often an address or a user may ask."""

from __future__ import annotations

import pytest
from fastapi import FastAPI, Request
from starlette.types import Scope

from karst_platform import Settings
from karst_platform.app import Frame
from karst_platform.rates import RateLimit, address_of
from karst_platform.requests import admit_user
from karst_platform.wire import answer_detail
from services_src.platform.tests.frame_client import ask, plain_app


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize("per_s", [0.5, 2, 50])
def test_ten_seconds_worth_at_once_then_as_many_as_the_limit_says(per_s: float) -> None:
    limit = RateLimit(per_s, clock=(clock := Clock()))
    assert [limit.wait_s("a") for _ in range(int(per_s * 10))] == [0] * int(per_s * 10)
    wait_s = limit.wait_s("a")
    assert 1 <= wait_s <= max(1, 1 / per_s)
    assert limit.wait_s("b") == 0, "others are not concerned"
    clock.now_s += wait_s
    assert limit.wait_s("a") == 0
    clock.now_s += 3600
    assert sum(limit.wait_s("a") == 0 for _ in range(int(per_s * 20))) == int(per_s * 10)


def test_who_is_refused_may_come_back_when_told_however_often_it_asked() -> None:
    limit = RateLimit(1, clock=(clock := Clock()))
    waits = [limit.wait_s("a") for _ in range(1000)]
    assert waits[-1] == 1
    clock.now_s += waits[-1]
    assert limit.wait_s("a") == 0


def test_memory_is_bounded_and_the_busy_are_not_forgotten() -> None:
    limit = RateLimit(0.1, clock=Clock(), keys=100)
    assert limit.wait_s("busy") == 0
    for place in range(1000):
        limit.wait_s(str(place))
        assert limit.wait_s("busy") > 0
    assert len(limit) <= 100


def scope(client: str | None, *forwarded: str) -> Scope:
    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    return {"type": "http", "client": (client, 1) if client else None, "headers": headers}


@pytest.mark.parametrize(
    ("given", "hops", "address"),
    [
        (scope("10.0.0.1"), 0, "10.0.0.1"),
        (scope("10.0.0.1", "1.1.1.1, 2.2.2.2"), 0, "10.0.0.1"),
        (scope("10.0.0.1", "6.6.6.6, 1.1.1.1, 2.2.2.2"), 2, "1.1.1.1"),
        (scope("10.0.0.1", "6.6.6.6", "1.1.1.1,2.2.2.2"), 2, "1.1.1.1"),
        (scope("10.0.0.1", "2.2.2.2"), 2, "10.0.0.1"),
        (scope("10.0.0.1"), 1, "10.0.0.1"),
        (scope("2001:db8:1:2:3:4:5:6"), 0, "2001:db8:1:2::/64"),
        (scope("2001:db8:1:2::9"), 0, "2001:db8:1:2::/64"),
        (scope("fe80::1%eth0", "not:an:address"), 1, "not:an:address"),
        (scope(None), 0, ""),
    ],
)
def test_the_client_is_whom_our_own_proxies_name(given: Scope, hops: int, address: str) -> None:
    assert address_of(given, hops) == address


def app(**settings: float) -> FastAPI:
    made = plain_app(Settings.model_validate(settings), Frame(answer=answer_detail))

    @made.get("/me")
    async def me(request: Request) -> None:
        admit_user(request, request.headers["x-test-user"])

    return made


@pytest.mark.anyio
async def test_an_address_that_asks_too_often_gets_429_and_others_are_served() -> None:
    made = app(rate_per_address=0.1, rate_per_user=0)
    assert (await ask(made, "/nowhere", client="10.1.1.1")).status_code == 404
    refused = await ask(made, "/nowhere", client="10.1.1.1")
    assert (refused.status_code, refused.json()) == (429, {"detail": "Too many requests. Try again in 10 s."})
    assert refused.headers["retry-after"] == "10"
    assert refused.headers["x-request-id"]
    assert (await ask(made, "/nowhere", client="10.1.1.2")).status_code == 404


@pytest.mark.anyio
async def test_a_user_is_one_whatever_the_address_and_the_spelling() -> None:
    made = app(rate_per_address=0, rate_per_user=0.1)
    statuses = [
        (await ask(made, "/me", client=client, headers={"X-Test-User": user})).status_code
        for client, user in (("10.1.1.1", "ada@x"), ("10.1.1.2", "Ada@x"), ("10.1.1.1", "bob@x"))
    ]
    assert statuses == [200, 429, 200]


@pytest.mark.anyio
async def test_nothing_is_limited_where_nothing_is_said() -> None:
    made = app(rate_per_address=0, rate_per_user=0)
    for _ in range(50):
        assert (await ask(made, "/me", headers={"X-Test-User": "ada"})).status_code == 200
