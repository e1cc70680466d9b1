"""A small issuer of OpenID Connect, in the test's own process: it signs whatever a test wants it to say."""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI, Request
from jwt.algorithms import RSAAlgorithm
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

CLIENT_ID, CLIENT_SECRET = "karst-client", "karst-secret"
CLIENT = f'{{"web": {{"client_id": "{CLIENT_ID}", "client_secret": "{CLIENT_SECRET}"}}}}'
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def claims_of(who: str, **more: object) -> dict[str, object]:
    """What the issuer says of somebody."""
    told = {"sub": f"sub-{who}", "email": f"{who}@example.org", "name": who.title(), "email_verified": True}
    return {**told, **more}


@dataclass
class Issuer:
    """Says `claims` of whoever signs in next. `signs` may change the token before it is signed."""

    url: str = "https://issuer.example.org"
    claims: dict[str, object] = field(default_factory=lambda: claims_of("grace"))
    key: rsa.RSAPrivateKey = KEY
    key_id: str = "one"
    algorithm: str = "RS256"
    overrides: dict[str, object] = field(default_factory=dict[str, object])
    published: list[tuple[str, rsa.RSAPrivateKey]] = field(default_factory=lambda: [("one", KEY)])
    is_away: bool = False
    asked: list[str] = field(default_factory=list[str])
    codes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])

    def app(self) -> FastAPI:
        """The issuer as a web application; its page has a button, as that of others."""
        app = FastAPI()

        @app.middleware("http")
        async def note(request: Request, call_next: Any) -> Response:  # noqa: ANN401
            self.asked.append(request.url.path)
            return JSONResponse({}, 503) if self.is_away else await call_next(request)

        @app.get("/.well-known/openid-configuration")
        async def discovery() -> dict[str, str]:
            return {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
            }

        @app.get("/authorize")
        async def authorize(request: Request) -> Response:
            return HTMLResponse(
                '<!doctype html><title>Issuer</title><link rel="icon" href="data:,">'
                f"<h1>Sign in as {self.claims['name']}?</h1>"
                f'<a href="/agree?{request.url.query.replace("&", "&amp;")}">Yes</a>'
            )

        @app.get("/agree")
        async def agree(request: Request) -> Response:
            told = dict(request.query_params)
            return RedirectResponse(
                f"{told['redirect_uri']}?{urlencode({'state': told['state'], 'code': self.code(told)})}"
            )

        @app.post("/token")
        async def token(request: Request) -> Response:
            return self._redeem({name: values[0] for name, values in parse_qs((await request.body()).decode()).items()})

        @app.get("/keys")
        async def keys() -> Response:
            return JSONResponse({"keys": [_jwk(name, key) for name, key in self.published]})

        return app

    def code(self, told: dict[str, str]) -> str:
        """A code for a sign-in that began with these parameters."""
        code = f"code-{len(self.codes)}"
        self.codes[code] = told
        return code

    def token(self, nonce: str) -> str:
        """The token that says who it is."""
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce, **self.claims}
        told = {name: value for name, value in {**claims, **self.overrides}.items() if value is not None}
        if self.algorithm == "none":
            return jwt.encode(told, key="", algorithm="none")
        if self.algorithm == "HS256":
            return jwt.encode(told, CLIENT_SECRET * 3, algorithm="HS256", headers={"kid": self.key_id})
        return jwt.encode(told, self.key, algorithm=self.algorithm, headers={"kid": self.key_id})

    def _redeem(self, sent: dict[str, str]) -> Response:
        told = self.codes.pop(sent.get("code", ""), None)
        challenge = urlsafe_b64encode(sha256(sent.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        is_right = (
            told is not None
            and told["code_challenge"] == challenge
            and told["code_challenge_method"] == "S256"
            and told["redirect_uri"] == sent["redirect_uri"]
            and (sent["client_id"], sent["client_secret"]) == (CLIENT_ID, CLIENT_SECRET)
        )
        if not is_right or told is None:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": self.token(told["nonce"])})


def _jwk(name: str, key: rsa.RSAPrivateKey) -> dict[str, object]:
    told = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**told, "kid": name, "alg": "RS256", "use": "sig"}
