"""Whether people can sign in: the web client that only a person can make, and the addresses registered with it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qs, urljoin, urlsplit

from karst.config.deployment import Deployment
from karst.config.types import Kind
from karst.derived.secrets import parse_reference
from karst.google.client import GoogleApi, quoted
from karst.google.errors import as_mapping

CALLBACKS = ("/auth/api/v1/oauth2callback", "/sticky_auth/api/v1/oauth2callback")
_CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{1,200}\.apps\.googleusercontent\.com")
_HOPS = 5


class Client(StrEnum):
    """How the web client stands."""

    THERE = "there"
    NO_SECRET = "no secret"  # noqa: S105 - words for people
    NO_VALUE = "no value"
    NO_JSON = "no client"


class Registration(StrEnum):
    """What Google makes of an address to which people come back."""

    REGISTERED = "registered"
    MISSING = "missing"
    NO_CLIENT = "no such client"
    UNCLEAR = "unclear"


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """What a web client has to know of a deployment."""

    origins: tuple[str, ...]
    redirects: tuple[str, ...]


def addresses_of(deployment: Deployment) -> Addresses:
    """All of it, for every host; nothing where people sign in elsewhere."""
    if Kind.GLOBAL not in deployment.kinds:
        return Addresses(origins=(), redirects=())
    return Addresses(
        origins=tuple(f"https://{host}" for host in deployment.hosts),
        redirects=tuple(f"https://{host}{path}" for host in deployment.hosts for path in CALLBACKS),
    )


def secret_path(deployment: Deployment) -> str:
    """Version of the secret that holds the client, as the API names it."""
    place = parse_reference(deployment.auth.oauth_client)
    secret = place.secret if "/" in place.secret else f"projects/{deployment.gcp.project}/secrets/{place.secret}"
    return f"{secret}/versions/{place.version}"


def read_client(api: GoogleApi, deployment: Deployment) -> tuple[Client, str]:
    """How the client stands, and its id, which is no secret. Its secret goes nowhere. Raises `GoogleError`."""
    path = secret_path(deployment)
    secret = path.partition("/versions/")[0]
    doing = f"read the web client in {secret}"
    if api.find("secretmanager", f"v1/{quoted(secret)}", doing) is None:
        return Client.NO_SECRET, ""
    answer = api.find("secretmanager", f"v1/{quoted(path)}:access", doing)
    if answer is None:
        return Client.NO_VALUE, ""
    found = client_id_in(str(as_mapping(answer.get("payload")).get("data", "")))
    return (Client.THERE, found) if found else (Client.NO_JSON, "")


def client_id_in(data: str) -> str | None:
    """The id in the JSON file of a web client, as Secret Manager hands it out."""
    try:
        document = as_mapping(json.loads(base64.b64decode(data, validate=True)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    client = as_mapping(document.get("web")) or document
    found, secret = str(client.get("client_id", "")), client.get("client_secret")
    return found if _CLIENT_ID.fullmatch(found) and secret else None


def registration_of(api: GoogleApi, client_id: str, redirect: str) -> Registration:
    """Begin to sign in as a browser does, and see whether Google knows the address. Raises `UnreachableError`."""
    url = api.public("accounts", "o/oauth2/v2/auth")
    home = urlsplit(url).netloc
    query = {"client_id": client_id, "redirect_uri": redirect, "response_type": "code", "scope": "openid"}
    for _ in range(_HOPS):
        response = api.ask_openly(url, query, f"begin to sign in with {client_id}")
        told = response.headers.get("Location", "")
        verdict = _verdict(told or response.text)
        if verdict is not None:
            return verdict
        if not told:
            return Registration.REGISTERED if response.ok and "identifier" in response.text else Registration.UNCLEAR
        url, query = urljoin(url, told), {}
        if urlsplit(url).netloc != home:
            return Registration.UNCLEAR
    return Registration.UNCLEAR


def _verdict(text: str) -> Registration | None:
    """What an address, or a page, says; an error stands in the address in base64."""
    errors = parse_qs(urlsplit(text).query).get("authError", []) if text.startswith(("http", "/")) else []
    told = text + "".join(_decoded(one) for one in errors)
    if "redirect_uri_mismatch" in told:
        return Registration.MISSING
    if "invalid_client" in told or "deleted_client" in told:
        return Registration.NO_CLIENT
    if "/signin/identifier" in text or "ServiceLogin" in text or "/oauthchooseaccount" in text:
        return Registration.REGISTERED
    return None


def _decoded(text: str) -> str:
    padded = text + "=" * (-len(text) % 4)
    try:
        return base64.urlsafe_b64decode(padded).decode("latin-1")
    except (binascii.Error, ValueError):
        return ""
