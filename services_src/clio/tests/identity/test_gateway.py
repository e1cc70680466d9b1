"""The auth gateway: what it says about users and groups, for how long that counts, and its pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
import pytest
from starlette.requests import Request

from karst_clio.identity.user import Caller
from karst_platform.stores.documents import Documents
from services_src.clio.tests.identity.google import AUDIENCE, Google, google_token
from services_src.clio.tests.support import HOST, KEY, Server, serving, token

pytestmark = pytest.mark.anyio
ADA = "ada@example.org"
GATEWAY = "https://auth.example.org"
TOKEN = "0123456789abcdef"
USER: dict[str, Any] = {
    "email": ADA,
    "name": "Ada",
    "picture_url": "https://pictures.example.org/ada",
    "admin": False,
    "permissions_v2": {"ds1": ["view"], "ds2": ["view", "edit"], "ds3": []},
    "permissions_v2_ignore_tos": {"ds4": ["view"]},
    "datasets_admin": ["ds2", "ds5"],
    "missing_tos": [{"dataset_id": 4, "tos_name": "terms"}],
    "groups": ["lab"],
}


@dataclass
class FakeGateway:
    """Knows one token; answers as a test says."""

    user: Any = field(default_factory=lambda: dict(USER))
    status: int = 200
    is_away: bool = False
    members: dict[str, list[str]] = field(default_factory=dict)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert str(request.url).startswith(f"{GATEWAY}/api/v1/")
        if self.is_away:
            raise httpx.ReadTimeout("away", request=request)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return httpx.Response(401, text="unknown token")
        path = request.url.raw_path.decode().removeprefix("/api/v1/")
        if path == "user/cache?service=clio":
            return httpx.Response(self.status, json=self.user)
        if path == "create_token" and request.method == "POST":
            return httpx.Response(self.status, json="opaque-token")
        if path.startswith("groups/"):
            return self._group(path)
        return httpx.Response(200 if path == "logout" else 404)

    def _group(self, path: str) -> httpx.Response:
        found = self.members.get(path.removeprefix("groups/").removesuffix("/members"))
        return httpx.Response(404) if found is None else httpx.Response(200, json=found)


@pytest.fixture
async def served() -> AsyncIterator[tuple[Server, FakeGateway]]:
    async with serving(gateway_url=GATEWAY, signing_keys=()) as server:
        server.calls.answer = gateway = FakeGateway()
        yield server, gateway


async def ask(server: Server, path: str = "/v2/roles", method: str = "GET", text: str = TOKEN) -> httpx.Response:
    return await server.ask(method, path, headers={"Authorization": f"Bearer {text}"})


ROLES = {
    "email": ADA,
    "name": "Ada",
    "org": None,
    "picture": "https://pictures.example.org/ada",
    "disabled": False,
    "global_roles": [],
    "datasets": {
        "ds1": ["clio_general"],
        "ds2": ["clio_general", "clio_write", "dataset_admin"],
        "ds3": [],
        "ds5": ["dataset_admin"],
    },
    "datasets_ignore_tos": {"ds4": ["clio_general"], "ds2": ["dataset_admin"], "ds5": ["dataset_admin"]},
    "missing_tos": [{"dataset_id": 4, "tos_name": "terms"}],
    "groups": ["lab"],
}


async def test_a_user_of_the_gateway_in_our_words(served: tuple[Server, FakeGateway]) -> None:
    server, _ = served
    assert (await ask(server)).json() == ROLES


async def test_administrators_and_the_owner() -> None:
    async with serving(gateway_url=GATEWAY, owner=ADA) as server:
        server.calls.answer = gateway = FakeGateway()
        assert (await ask(server)).json()["global_roles"] == ["admin"]
        gateway.user = USER | {"email": "b@example.org", "admin": True, "permissions_v2_ignore_tos": {}}
        found = (await ask(server, "/profile")).json()
        assert found["global_roles"] == ["admin"]
        assert found["datasets_ignore_tos"] == found["datasets"]


async def test_answers_are_kept_for_ten_minutes_and_refetched_for_the_profile(
    served: tuple[Server, FakeGateway],
) -> None:
    server, gateway = served
    await asyncio.gather(*(ask(server) for _ in range(20)))
    assert len(server.calls.requests) == 1
    server.clock.now_s += 599
    gateway.user = USER | {"name": "Countess"}
    assert (await ask(server)).json()["name"] == "Ada"
    profile = (await ask(server, "/profile/")).json()
    assert profile["name"] == "Countess"
    assert (await ask(server)).json()["name"] == "Countess"
    server.clock.now_s += 601
    gateway.user = USER | {"name": "Later"}
    assert (await ask(server)).json()["name"] == "Later"


async def test_the_profile_is_asked_for_anew_behind_a_prefix_too() -> None:
    async with serving(gateway_url=GATEWAY, url_prefix="/clio") as server:
        server.calls.answer = FakeGateway()
        for _ in range(2):
            assert (await ask(server, "/clio/profile")).status_code == 200
        assert len(server.calls.requests) == 2


@pytest.mark.parametrize("status", [401, 403, 404, 500])
async def test_other_answers_are_refusals_and_not_kept(served: tuple[Server, FakeGateway], status: int) -> None:
    server, gateway = served
    gateway.status = status
    assert (await ask(server)).status_code == 401
    gateway.status = 200
    assert (await ask(server)).status_code == 200
    assert (await ask(server, text="another")).status_code == 401


@pytest.mark.parametrize("text", ["\u00e9.\u00e9.\u00e9", "脑", "a b", "a\nb", "a\x00b", "a\x7fb", "x" * 8193])
async def test_what_no_header_can_carry_is_no_token(served: tuple[Server, FakeGateway], text: str) -> None:
    server, _ = served
    for answer in (
        await server.ask("GET", "/v2/roles", params={"dsg_token": text}),
        await server.ask("GET", "/v2/roles", headers={"Authorization": b"Bearer " + text.encode()}),
        await server.ask("GET", "/v2/roles", headers={"Cookie": b"dsg_token=" + text.encode()}),
    ):
        assert (answer.status_code, answer.json()) == (401, {"detail": "Could not validate credentials"})
    answer = await server.ask("GET", "/logout", headers={"Cookie": b"dsg_token=" + text.encode()})
    assert answer.status_code == 302
    assert server.calls.requests == []


@pytest.mark.parametrize("user", [{}, [], "x", [None], {"email": 7}, {"email": "a/b"}])
async def test_users_without_an_email_are_refused(served: tuple[Server, FakeGateway], user: object) -> None:
    server, gateway = served
    gateway.user = user
    assert (await ask(server)).status_code == 401


async def test_odd_users_get_in_without_roles(served: tuple[Server, FakeGateway]) -> None:
    server, gateway = served
    odd = {"permissions_v2": {"a": "view"}, "permissions_v2_ignore_tos": 1, "datasets_admin": "b", "groups": {"c": 1}}
    gateway.user = {"email": ADA, "admin": "true", "name": 1, "missing_tos": None, **odd}
    found = (await ask(server)).json()
    assert (found["global_roles"], found["datasets"], found["groups"]) == ([], {"a": []}, [])


async def test_while_it_is_away_new_tokens_get_502(served: tuple[Server, FakeGateway]) -> None:
    server, gateway = served
    assert (await ask(server)).status_code == 200
    gateway.is_away = True
    assert (await ask(server)).status_code == 200
    answer = await ask(server, text="another")
    assert (answer.status_code, answer.json()) == (502, {"detail": "Auth service unavailable"})
    gateway.is_away = False
    assert (await ask(server, text="another")).status_code == 401


async def test_tokens_of_the_gateway_are_relayed(served: tuple[Server, FakeGateway]) -> None:
    server, gateway = served
    assert (await ask(server, "/v2/server/token", "POST")).json() == "opaque-token"
    gateway.status = 418
    answer = await ask(server, "/v2/server/token", "POST")
    assert (answer.status_code, answer.json()) == (418, {"detail": '"opaque-token"'})
    gateway.is_away = True
    answer = await ask(server, "/v2/server/token", "POST")
    assert (answer.status_code, answer.json()) == (502, {"detail": "Auth service unavailable"})


async def test_our_token_carries_the_gateways_unreadably() -> None:
    async with serving(gateway_url=GATEWAY) as server:
        server.calls.answer = gateway = FakeGateway()
        ours = (await ask(server, "/v2/server/token", "POST")).json()
        claims = jwt.decode(ours, KEY, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False})
        assert (claims["email"], claims["iss"]) == (ADA, "flyem-clio-store")
        assert TOKEN not in str(claims)
        server.needs.identity.forget()
        assert (await ask(server, text=ours)).json() == ROLES
        gateway.status = 401
        server.needs.identity.forget()
        assert (await ask(server, text=ours)).status_code == 401
        gateway.status, gateway.user = 200, USER | {"email": "b@example.org"}
        assert (await ask(server, text=ours)).status_code == 401, "the sealed token is another user's"


async def test_tokens_of_ours_that_their_user_ended_are_refused_beside_a_gateway_too(documents: Documents) -> None:
    async with serving(documents, gateway_url=GATEWAY) as server:
        server.calls.answer = FakeGateway()
        ours = (await ask(server, "/v2/server/token", "POST")).json()
        await server.add_user(ADA, token_epoch=server.clock.now_s, disabled=True)
        assert (await ask(server, text=ours)).json() == ROLES
        await server.add_user(ADA, token_epoch=server.clock.now_s + 1)
        assert (await ask(server, text=ours)).status_code == 401
        assert (await ask(server)).json() == ROLES, "what the gateway made ends at the gateway"


async def test_older_tokens_of_ours_have_what_the_store_knows() -> None:
    async with serving(gateway_url=GATEWAY) as server:
        await server.add_user(ADA, global_roles=["x"])
        assert (await ask(server, text=token(ADA))).json()["global_roles"] == ["x"]
        assert (await ask(server, text=token(ADA, gateway="rubbish"))).json()["global_roles"] == ["x"]
        assert (await ask(server, text=token(ADA, gateway=7))).status_code == 200


@pytest.mark.parametrize(("audiences", "status"), [("", 401), (AUDIENCE, 200)])
async def test_google_tokens_count_beside_a_gateway_only_for_named_audiences(audiences: str, status: int) -> None:
    async with serving(gateway_url=GATEWAY, google_audiences=audiences) as server:
        google, gateway = Google(), FakeGateway()
        server.calls.answer = lambda each: gateway(each) if each.url.host == "auth.example.org" else google(each)
        assert (await ask(server, text=google_token())).status_code == status
        assert len(google.asked) == (1 if audiences else 0)


async def test_members_of_groups(served: tuple[Server, FakeGateway]) -> None:
    server, gateway = served
    gateway.members = {"lab": [ADA, "b@example.org"], "a%2Fb%20c": ["c@example.org"]}
    identity = server.needs.identity
    caller = await _caller(server)
    found = await identity.members(caller, ["lab", "a/b c", "unknown"])
    assert found == {ADA, "b@example.org", "c@example.org"}
    asked = len(server.calls.requests)
    assert await identity.members(caller, ["lab"]) == {ADA, "b@example.org"}
    assert len(server.calls.requests) == asked
    gateway.members = {"lab": [], "unknown": ["d@example.org"]}
    assert await identity.members(caller, ["unknown"]) == {"d@example.org"}, "failures are not kept"
    server.clock.now_s += 601
    assert await identity.members(caller, ["lab"]) == frozenset()


async def test_members_are_asked_for_at_the_same_time() -> None:
    together, most = 0, 0

    async def slowly(request: httpx.Request) -> httpx.Response:
        nonlocal together, most
        together += 1
        most = max(most, together)
        await asyncio.sleep(0.01)
        together -= 1
        return httpx.Response(200, json=USER if "user" in request.url.path else [request.url.path])

    async with serving(gateway_url=GATEWAY) as server:
        server.needs.http._transport = httpx.MockTransport(slowly)  # type: ignore[assignment]
        caller = await _caller(server)
        found = await server.needs.identity.members(caller, [f"group{place}" for place in range(8)])
        assert (len(found), most) == (8, 8)


async def _caller(server: Server) -> Caller:
    headers = [(b"authorization", f"Bearer {TOKEN}".encode())]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
    return await server.needs.identity.caller(Request(scope))


async def test_the_profile(served: tuple[Server, FakeGateway]) -> None:
    server, _ = served
    shown = {name: value for name, value in ROLES.items() if name not in ("org", "disabled")}
    assert (await ask(server, "/profile")).json() == shown | {"dsg_url": GATEWAY}
    assert (await server.ask("GET", "/profile")).status_code == 401
    async with serving() as alone:
        assert (await alone.ask("GET", "/profile", user=ADA)).json()["dsg_url"] is None


async def test_login_goes_to_the_gateway(served: tuple[Server, FakeGateway]) -> None:
    server, _ = served
    target = f"{HOST}/a?b=c&d= e".replace(" ", "%20")
    answer = await server.client.get("/login", params={"redirect": target, "dataset": "d s", "service": "other"})
    quoted = "https%3A%2F%2Fclio.example.org%2Fa%3Fb%3Dc%26d%3D%2520e"
    expected = f"{GATEWAY}/api/v1/authorize?redirect={quoted}&service=clio&dataset=d+s"
    assert (answer.status_code, answer.headers["location"]) == (302, expected)
    answer = await server.client.get("/login", params={"redirect": "/"})
    assert answer.headers["location"] == f"{GATEWAY}/api/v1/authorize?redirect=%2F&service=clio"
    assert (await server.client.get("/login")).status_code == 422
    async with serving() as alone:
        assert (await alone.client.get("/login", params={"redirect": "/"})).status_code == 404


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_logout_ends_the_token_and_clears_the_cookie(method: str) -> None:
    async with serving(gateway_url=GATEWAY, auth_cookie_domain=".example.org") as server:
        server.calls.answer = gateway = FakeGateway()
        for is_away in (False, True):
            gateway.is_away = is_away
            answer = await server.client.request(method, "/logout", headers={"Cookie": f"dsg_token={TOKEN}"})
            assert (answer.status_code, answer.headers["location"]) == (302, "/")
            cookies = answer.headers.get_list("set-cookie")
            assert any(
                each.startswith('dsg_token="";') and "Domain=.example.org" in each and "Path=/" in each
                for each in cookies
            )
            request = server.calls.requests[-1]
            assert (str(request.url), request.headers["authorization"]) == (
                f"{GATEWAY}/api/v1/logout",
                f"Bearer {TOKEN}",
            )
        asked = len(server.calls.requests)
        assert (await server.client.request(method, "/logout")).status_code == 302
        assert len(server.calls.requests) == asked


GOOD = ["/", "/page?x=//y", "/#here", f"{HOST}/page", "https://page.example.org", "https://page.example.org/a/b"]
BAD = [
    "//evil.example.org",
    "///evil.example.org",
    "/\\evil.example.org",
    "\\\\evil.example.org",
    "/\t/evil.example.org",
    "https://evil.example.org",
    "https:evil.example.org",
    "https:/evil.example.org",
    "https:///evil.example.org",
    "http://page.example.org",
    "https://page.example.org.evil.example.org",
    "https://page.example.org@evil.example.org",
    "https://clio.example.org@evil.example.org/",
    "https://clio.example.org\\@evil.example.org/",
    "https://page.example.org:8443/",
    "javascript:alert(1)",
    "data:text/html,x",
    "page",
    "",
    " /",
    "https://[x",
    "x" * 5000,
]


@pytest.mark.parametrize("route", ["/login", "/logout"])
async def test_redirects_stay_here_or_go_to_named_pages(route: str) -> None:
    async with serving(gateway_url=GATEWAY, allowed_origins="https://page.example.org") as server:
        server.calls.answer = FakeGateway()
        for target in GOOD:
            assert (await server.client.get(route, params={"redirect": target})).status_code == 302, target
        for target in BAD:
            answer = await server.client.get(route, params={"redirect": target})
            assert answer.status_code in (400, 422), target
            assert "location" not in answer.headers
