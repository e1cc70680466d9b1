"""Requests by which guards are compared: the table of who is let in, and how others are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from karst_platform.cave.guard.record import UserRecord
from services_src.platform.tests.guard.people import (
    DATASET_ADMIN,
    EDITOR,
    MEMBER,
    READER,
    SERVICE,
    STRANGER,
    SUPERADMIN,
    UNDECIDED,
    WRITER,
    token,
)

UNKNOWN = "f" * 32
ORIGIN = {"Origin": "https://viewer.example.org"}
FETCH = {"X-Requested-With": "Fetch"}
NAME = "middle_auth_token"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A request."""

    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: str = ""


def bearer(user: UserRecord) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(user.id)}"}


def cookie(value: str) -> dict[str, str]:
    return {"Cookie": f"other=1; {NAME}={value}"}


def by_header(path: str, user: UserRecord, **more: str) -> Case:
    return Case(path=path, headers=bearer(user), **more)


READER_TOKEN = token(READER.id)
_QUERY = f"/in?x=1&{NAME}={READER_TOKEN}&token={READER_TOKEN}&middle_auth_url=g&y=a%20b"

CASES: dict[str, Case] = {
    # Tokens, and where they come from.
    "no token, browser": Case(path="/in?x=1&y=a%20b"),
    "no token, page": Case(path="/in", headers=ORIGIN),
    "no token, program": Case(path="/in", headers=FETCH),
    "no token, empty headers": Case(path="/in", headers={"Authorization": "", "X-Requested-With": "", "Origin": ""}),
    "header": by_header("/in", READER),
    "header, POST": by_header("/in", READER, method="POST"),
    "header of an unknown token": Case(path="/in", headers={"Authorization": f"Bearer {UNKNOWN}"}),
    "header without a scheme": Case(path="/in", headers={"Authorization": READER_TOKEN}),
    "header of another scheme": Case(path="/in", headers={"Authorization": "Basic dTpw"}),
    "header in lower case": Case(path="/in", headers={"Authorization": f"bearer {READER_TOKEN}"}),
    "header of the scheme alone": Case(path="/in", headers={"Authorization": "Bearer"}),
    "header of two spaces": Case(path="/in", headers={"Authorization": f"Bearer  {READER_TOKEN}"}),
    "header of two words": Case(path="/in", headers={"Authorization": f"Bearer {READER_TOKEN} {UNKNOWN}"}),
    "header before cookie": Case(path="/in", headers=bearer(EDITOR) | cookie(READER_TOKEN)),
    "unknown header before cookie": Case(
        path="/in", headers={"Authorization": f"Bearer {UNKNOWN}"} | cookie(READER_TOKEN)
    ),
    "header before query": Case(path=_QUERY, headers=bearer(EDITOR)),
    "cookie, browser": Case(path="/in", headers=cookie(READER_TOKEN)),
    "cookie, program": Case(path="/in", headers=FETCH | cookie(READER_TOKEN)),
    "cookie, our page": Case(path="/in", headers={"Origin": "https://x.example.org"} | cookie(READER_TOKEN)),
    "cookie, listed page": Case(path="/in", headers=ORIGIN | cookie(READER_TOKEN)),
    "cookie, foreign page": Case(path="/in", headers={"Origin": "https://evil.example.org"} | cookie(READER_TOKEN)),
    "cookie, nameless page": Case(path="/in", headers={"Origin": "null"} | cookie(READER_TOKEN)),
    "cookie, POST without an origin": Case(path="/in", method="POST", headers=cookie(READER_TOKEN)),
    "cookie, POST by a program": Case(path="/in", method="POST", headers=FETCH | cookie(READER_TOKEN)),
    "cookie, POST of our form": Case(
        path="/in", method="POST", headers={"Origin": "null", "Sec-Fetch-Site": "same-origin"} | cookie(READER_TOKEN)
    ),
    "unknown cookie, browser": Case(path="/in?x=1", headers=cookie(UNKNOWN)),
    "unknown cookie, program": Case(path="/in", headers=FETCH | cookie(UNKNOWN)),
    "empty cookie": Case(path="/in", headers=cookie("")),
    "query, browser": Case(path=_QUERY),
    "query, page": Case(path=_QUERY, headers=ORIGIN),
    "query before cookie": Case(path=_QUERY, headers=FETCH | cookie(UNKNOWN)),
    "unknown query, browser": Case(path=f"/in?{NAME}={UNKNOWN}&x=1"),
    "unknown query, page": Case(path=f"/in?{NAME}={UNKNOWN}", headers=ORIGIN),
    "empty query": Case(path=f"/in?{NAME}=&x=1"),
    "query of the old name alone": Case(path=f"/in?token={READER_TOKEN}", headers=ORIGIN),
    # Permissions.
    "view": by_header("/view/stack", READER),
    "view without": by_header("/view/stack", STRANGER),
    "view, browser without": Case(path="/view/stack", headers=cookie(token(STRANGER.id))),
    "view with edit alone": by_header("/view/stack", WRITER),
    "view as superadmin": by_header("/view/stack", SUPERADMIN),
    "view as dataset admin": by_header("/view/stack", DATASET_ADMIN),
    "view as service": by_header("/view/stack", SERVICE),
    "view what is not mapped": by_header("/view/elsewhere", EDITOR),
    "view what has another case": by_header("/view/STACK", EDITOR),
    "view what is mapped elsewhere": by_header("/view/volume", EDITOR),
    "view without a table": by_header("/nothing", EDITOR),
    "view in a namespace": by_header("/volume/volume", READER),
    "view of a dataset": by_header("/dataset", READER),
    "view of a dataset without": by_header("/dataset", STRANGER),
    "edit": by_header("/edit/stack", EDITOR, method="POST"),
    "edit with view alone": by_header("/edit/stack", READER, method="POST"),
    "edit as superadmin": by_header("/edit/stack", SUPERADMIN, method="POST"),
    "terms, program": by_header("/view/gated_stack", UNDECIDED),
    "terms, browser": Case(path="/view/gated_stack?x=1", headers=cookie(token(UNDECIDED.id))),
    "terms that give nothing": by_header("/edit/gated_stack", UNDECIDED),
    "terms ignored": by_header("/blind/gated_stack", UNDECIDED),
    "terms ignored without": by_header("/blind/gated_stack", STRANGER),
    # Roles.
    "superadmin": by_header("/superadmin", SUPERADMIN),
    "superadmin as another": by_header("/superadmin", EDITOR),
    "dataset admin": by_header("/keeper/stack", DATASET_ADMIN),
    "dataset admin as another": by_header("/keeper/stack", EDITOR),
    "dataset admin of another": by_header("/keeper/gated_stack", DATASET_ADMIN),
    "dataset admin as superadmin": by_header("/keeper/stack", SUPERADMIN),
    "dataset admin of what is not mapped": by_header("/keeper/elsewhere", DATASET_ADMIN),
    "member": by_header("/member", MEMBER),
    "member of nothing": by_header("/member", EDITOR),
    # What is public.
    "public root, nobody": Case(path="/root/stack/864"),
    "public root, page": Case(path="/root/stack/864", headers=ORIGIN),
    "public root, unknown token": Case(path="/root/stack/864", headers={"Authorization": f"Bearer {UNKNOWN}"}),
    "public root, unknown cookie": Case(path="/root/stack/864", headers=cookie(UNKNOWN)),
    "public root, bad header": Case(path="/root/stack/864", headers={"Authorization": "Basic x"}),
    "public root, stranger": by_header("/root/stack/864", STRANGER),
    "public root, query": Case(path=f"/root/stack/864?{NAME}={READER_TOKEN}"),
    "public root, unknown query": Case(path=f"/root/stack/864?{NAME}={UNKNOWN}"),
    "private root, nobody": Case(path="/root/stack/9"),
    "private root, page": Case(path="/root/stack/9", headers=ORIGIN),
    "private root, stranger": by_header("/root/stack/9", STRANGER),
    "private root, reader": by_header("/root/stack/9", READER),
    "public table, nobody": Case(path="/open/stack"),
    "public table, stranger": by_header("/open/stack", STRANGER),
    "private table, nobody": Case(path="/open/gated_stack", headers=FETCH),
    "public roots, nobody": Case(path="/roots/stack", method="POST", body='{"roots": [864, 865]}'),
    "a private root among them": Case(path="/roots/stack", method="POST", headers=FETCH, body='{"roots": [864, 9]}'),
    "no roots": Case(path="/roots/stack", method="POST", headers=FETCH, body='{"roots": []}'),
    "roots that are none": Case(path="/roots/stack", method="POST", headers=FETCH, body='{"roots": ["x"]}'),
    "a list in place of an object": Case(path="/roots/stack", method="POST", headers=FETCH, body="[864]"),
    "no JSON": Case(path="/roots/stack", method="POST", headers=FETCH, body="{"),
}
