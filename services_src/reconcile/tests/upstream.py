"""Auth and info as upstream's answer, as far as they are asked: no marks, no rows, datasets by parts of names."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

Row = dict[str, Any]


@dataclass
class Upstream(httpx.AsyncBaseTransport):
    """Both services behind one host."""

    datasets: list[Row] = field(default_factory=list[Row])
    groups: list[Row] = field(default_factory=lambda: [{"id": 1, "name": "default"}])
    permissions: list[Row] = field(default_factory=lambda: [{"id": 1, "name": "view"}, {"id": 2, "name": "edit"}])
    terms: list[Row] = field(default_factory=list[Row])
    users: list[Row] = field(default_factory=list[Row])
    accounts: list[Row] = field(default_factory=list[Row])
    grants: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    members: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    tables: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    volumes: dict[str, Row] = field(default_factory=dict[str, Row])
    changes: list[str] = field(default_factory=list[str])

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        parts = request.url.path.strip("/").split("/")
        told = json.loads(request.content) if request.content else {}
        if request.method != "GET":
            self.changes.append(f"{request.method} {request.url.path}")
        if parts[0] == "info":
            return self._info(parts[1:])
        if parts[1] == "version":
            return httpx.Response(200, text="2.30.3")
        return self._auth(request.method, parts[3:], told, dict(request.url.params))

    def _info(self, parts: list[str]) -> httpx.Response:
        if parts == ["version"]:
            return httpx.Response(200, json="4.3.3")
        if parts[:3] == ["api", "v2", "aligned_volume"] and parts[3] in self.volumes:
            return httpx.Response(200, json=self.volumes[parts[3]])
        if parts[:3] == ["api", "v2", "rows"]:
            return httpx.Response(404, json={"message": "Not Found"})
        return httpx.Response(400, json={"error": "invalid_table_id", "message": "Invalid table_id"})

    def _auth(  # noqa: C901, PLR0912 - one case a route
        self, method: str, parts: list[str], told: Row, query: dict[str, str]
    ) -> httpx.Response:
        match method, parts:
            case "GET", ["user", "cache"]:
                return httpx.Response(200, json={"id": 1, "email": "ada@example.org", "admin": True})
            case "GET", ["dataset"]:
                return httpx.Response(200, json=self.datasets)
            case "GET", ["group" | "permission" | "tos" | "service_account" as kind]:
                rows = {
                    "group": self.groups,
                    "permission": self.permissions,
                    "tos": self.terms,
                    "service_account": self.accounts,
                }[kind]
                return httpx.Response(200, json=[each for each in rows if query.get("name", "") in each["name"]])
            case "GET", ["user"]:
                return httpx.Response(200, json=[each for each in self.users if query["email"] in each["email"]])
            case "POST", ["dataset" | "group" | "permission" | "tos" | "user" | "service_account" as kind]:
                return self._make(kind, told)
            case "GET", ["dataset", id_, "group"]:
                rows = [{"id": g, "permission_id": p} for d, g, p in self.grants if d == int(id_)]
                return httpx.Response(200, json=rows)
            case "POST", ["dataset", id_, "group"]:
                self.grants += [(int(id_), told["group_id"], each) for each in told["permission_ids"]]
            case "GET", ["group", id_, "user"]:
                return httpx.Response(200, json=[{"id": user} for group, user in self.members if group == int(id_)])
            case "GET", ["group", _, _] | ["service_account", _, "group"]:
                return httpx.Response(200, json=[])
            case "POST", ["group", id_, "user" | "service_account"]:
                self.members.append((int(id_), told.get("user_id") or told["sa_id"]))
            case "GET", ["service_account", id_, "token"]:
                return httpx.Response(200, json=f"{int(id_):032x}")
            case "GET", ["service", service, "table", table, "dataset"]:
                found = self.tables.get((service, table))
                return httpx.Response(200, json=found) if found else httpx.Response(404, text="table not found")
            case "POST", ["service", service, "table", table, "dataset", name]:
                self.tables[service, table] = next(each["name"] for each in self.datasets if name in each["name"])
            case "DELETE", ["service", service, "table", table, "dataset", _]:
                del self.tables[service, table]
            case _:
                return httpx.Response(404, text="Not Found")
        return httpx.Response(200, json="success")

    def _make(self, kind: str, told: Row) -> httpx.Response:
        rows = {
            "dataset": self.datasets,
            "group": self.groups,
            "permission": self.permissions,
            "tos": self.terms,
            "user": self.users,
            "service_account": self.accounts,
        }[kind]
        if any(each["name"] == told["name"] for each in rows) and kind != "user":
            return httpx.Response(422, text=f"{kind} already exists")
        rows.append({"id": len(rows) + 10, **told})
        if kind == "group":
            self.members.append((rows[-1]["id"], 1))
            return httpx.Response(200, json="success")
        return httpx.Response(200, json=rows[-1])
