"""As whom this machine asks Google."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import cast

import google.auth
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import DefaultCredentialsError
from google.auth.transport.requests import AuthorizedSession
from google.oauth2.credentials import Credentials as PersonsCredentials

from karst.google.client import ENDPOINT_VARIABLE, Endpoints, GoogleApi
from karst.google.errors import SIGN_IN, SignInError

SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def default_credentials() -> Credentials:
    """Find the credentials of this machine. Raises `SignInError` that says how to get some."""
    try:
        with warnings.catch_warnings():
            # It warns of people's credentials without a project to count calls to, which `connect` gives them.
            warnings.simplefilter("ignore")
            credentials, _ = google.auth.default(scopes=[SCOPE])
    except DefaultCredentialsError:
        raise SignInError(f"There are no credentials. Run: {SIGN_IN}.") from None
    return cast("Credentials", credentials)


def connect(project: str, environment: Mapping[str, str]) -> GoogleApi:
    """A client that asks as this machine, calls being counted to `project`. Raises `SignInError`.

    Where `KARST_GOOGLE_APIS` names another address, no credentials are looked for, and none are sent there.
    """
    base = environment.get(ENDPOINT_VARIABLE)
    if base:
        return GoogleApi(AuthorizedSession(AnonymousCredentials()), Endpoints(base=base))
    credentials = default_credentials()
    if isinstance(credentials, PersonsCredentials):
        # Several APIs refuse people whose calls count to no project.
        credentials = cast("Credentials", credentials.with_quota_project(project))
    return GoogleApi(AuthorizedSession(credentials))
