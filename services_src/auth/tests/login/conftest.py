"""Auth with an issuer, and a browser that goes from one to the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from karst_auth.changes import institutions
from karst_auth.changes.ledger import DEPLOYMENT
from karst_auth.login.oidc import Client, Oidc
from karst_auth.main import Auth, create_app
from karst_auth.settings import AuthSettings
from services_src.auth.tests.login.issuer import CLIENT_ID, CLIENT_SECRET, Issuer

HOST = "https://g.example.org"
STICKY = f"{HOST}/sticky_auth"
AUTHORIZE, CALLBACK = f"{STICKY}/api/v1/authorize", f"{STICKY}/api/v1/oauth2callback"
VIEWER, LISTED, DATA = "https://viewer.example.org", "https://listed.example.org:8443", "https://data.example.org"
COOKIE = "middle_auth_token"
FROM_US = {"Origin": HOST, "Sec-Fetch-Site": "same-origin"}


@dataclass
class Browser:
    """Follows the way of a sign-in by hand, so that a test sees each answer."""

    client: httpx.AsyncClient
    issuer: Issuer
    seen: list[httpx.Response] = field(default_factory=list[httpx.Response])

    async def get(self, url: str, **headers: str) -> httpx.Response:
        """Open an address; nothing is followed."""
        self.seen.append(await self.client.get(url, headers=headers))
        return self.seen[-1]

    async def post(self, url: str, sent: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        """Send a form from a page of ours."""
        self.seen.append(await self.client.post(url, data=sent or {}, headers={**FROM_US, **headers}))
        return self.seen[-1]

    async def begin(self, query: str = "") -> dict[str, str]:
        """Begin to sign in; return what the issuer is told."""
        answer = await self.get(AUTHORIZE + query)
        assert answer.status_code == 302, answer.text
        assert answer.headers["location"].startswith(f"{self.issuer.url}/authorize?")
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}

    async def come_back(self, told: dict[str, str]) -> httpx.Response:
        """Agree at the issuer, and come back."""
        return await self.get(f"{CALLBACK}?state={told['state']}&code={self.issuer.code(told)}")

    async def sign_in(self, query: str = "") -> httpx.Response:
        """All of it; the last answer of ours."""
        return await self.come_back(await self.begin(query))

    @property
    def token(self) -> str | None:
        """The token that the browser has."""
        return self.client.cookies.get(COOKIE)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def auth_settings(auth_dsn: str) -> AuthSettings:
    return AuthSettings(
        postgres_dsn=SecretStr(auth_dsn),
        rate_per_user=0,
        rate_per_address=0,
        sticky_auth_url="g.example.org/sticky_auth",
        sign_in_origins=(VIEWER, DATA),
        secret_key=SecretStr("k" * 32),
    )


@pytest.fixture
async def client(auth: Auth, auth_settings: AuthSettings, issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    provider = Oidc(
        issuer.url, Client(client_id=CLIENT_ID, secret=CLIENT_SECRET), transport=httpx.ASGITransport(issuer.app())
    )
    app = create_app(auth_settings, auth, provider=provider)
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        await institutions.allow_viewer(change, origin=LISTED)
    transport = httpx.ASGITransport(app=app, client=("192.0.2.7", 50000))
    headers = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    async with httpx.AsyncClient(transport=transport, base_url=STICKY, headers=headers) as made:
        yield made
    await provider.close()
    await auth.needs.database.close()


@pytest.fixture
def browser(client: httpx.AsyncClient, issuer: Issuer) -> Browser:
    return Browser(client, issuer)
