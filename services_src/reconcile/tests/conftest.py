"""Auth and info in this process, each with a database of the test's own, and the program against them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from karst_auth.declared import declare_reconciler
from karst_auth.main import Auth, create_app, make_auth
from karst_auth.migrations import MIGRATIONS as AUTH_MIGRATIONS
from karst_auth.settings import AuthSettings
from karst_info.main import create_app as create_info
from karst_info.migrations import MIGRATIONS as INFO_MIGRATIONS
from karst_info.settings import InfoSettings
from karst_platform.cave.guard.push import LocalChanges
from karst_platform.stores.embedded_postgres import EmbeddedPostgres
from karst_platform.testing_databases import database_of_its_own, make_database
from karst_reconcile.calls import Calls
from karst_reconcile.document import Document
from karst_reconcile.run import Order, Outcome, reconcile
from karst_reconcile.secret_store import Folder
from karst_reconcile.steps import DOING, Step, Verb
from services_src.info.tests.support import fill

_AUTH, _INFO = "reconcile_auth", "reconcile_info"
TOKEN = "5eed" * 12
HOST = "https://karst.example.org"
Fault = Callable[[httpx.Request, int], Awaitable[httpx.Response | None]]


def dataset(name: str = "tiny", **other: object) -> dict[str, Any]:
    """One as `datasets.json` has it."""
    return {
        "name": name,
        "auth_dataset": name,
        "terms_of_service": "Terms",
        "groups": {
            f"{name}_viewers": {"permissions": ["view"], "members": ["jill@example.org"]},
            f"{name}_editors": {"permissions": ["view", "edit", "admin_view"]},
        },
        "table_mappings": [
            {"service": "aligned_volume", "table": f"{name}_v1", "dataset": name},
            {"service": "datastack", "table": name, "dataset": name},
        ],
        "aligned_volume": f"{name}_v1",
        "aligned_volume_display_name": name.title(),
        "image_source": f"precomputed://gs://{name}-bucket/em",
        "image_mirrors": [{"name": "mirror", "source": f"precomputed://gs://{name}-mirror/em"}],
        "database": name,
        "datastacks": [
            {
                "name": name,
                "segmentation_source": f"graphene://https://local.example.org/segmentation/table/{name}",
                "local_server": "https://local.example.org",
                "viewer_site": "https://viewer.example.org/",
                "viewer_resolution": [8.0, 8.0, 40.0],
            }
        ],
        **other,
    }


def document(*datasets: dict[str, Any], deployment: str = "demo", accounts: bool = True) -> Document:
    """A whole one, with a service account."""
    listed = [{"name": "uploads", "groups": ["tiny_editors"], "secret": "uploads-token"}] if accounts else []
    told = {"version": 1, "deployment": deployment, "datasets": list(datasets), "service_accounts": listed}
    return Document.model_validate(told)


class Both(httpx.AsyncBaseTransport):
    """Auth and info behind one host; `fault` may answer in their stead, and is told how many calls came before."""

    def __init__(self, auth: FastAPI, info: FastAPI) -> None:
        self._auth, self._info = httpx.ASGITransport(auth), httpx.ASGITransport(info)
        self.count = 0
        self.changes: list[str] = []
        self.fault: Fault | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.count += 1
        if self.fault is not None and (answer := await self.fault(request, self.count)) is not None:
            return answer
        if request.method != "GET" and not request.url.path.endswith("/tables/datasets"):
            self.changes.append(f"{request.method} {request.url.path}")
        return await self.pass_on(request)

    async def pass_on(self, request: httpx.Request) -> httpx.Response:
        """Let the service answer."""
        of_info = request.url.path.startswith("/info/")
        return await (self._info if of_info else self._auth).handle_async_request(request)


@dataclass
class Lab:
    """The two services."""

    auth: Auth
    both: Both
    client: httpx.AsyncClient
    tokens: Path
    said: list[str] = field(default_factory=list[str])

    def order(self, wanted: Document, **told: Any) -> Order:  # noqa: ANN401 - whatever an order has
        """What a run is told."""
        wait_s = told.pop("wait_s", 0)
        auth, info = (
            Calls(self.client, name, f"{HOST}/{name}", TOKEN, wanted.deployment, wait_s) for name in ("auth", "info")
        )
        store = told.pop("store", Folder(self.tokens))
        return Order(document=wanted, auth=auth, info=info, store=store, **told)

    async def run(self, wanted: Document, **told: object) -> Outcome:
        """Run the program."""
        return await reconcile(self.order(wanted, **told), lambda _: None, lambda step: self.said.append(step.title))

    async def call(self, method: str, path: str, *, json: object = None, params: dict[str, str] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Call a service as a person."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = await self.both.pass_on(
            self.client.build_request(method, HOST + path, headers=headers, json=json, params=params)
        )
        await answer.aread()
        assert answer.status_code < 400, answer.text
        return answer.json()

    async def state(self) -> dict[str, Any]:
        """Everything that the services hold, without ids and times."""
        found: dict[str, Any] = {}
        api = "/auth/api/v1"
        datasets = await self.call("GET", f"{api}/dataset")
        groups = await self.call("GET", f"{api}/group")
        for each in datasets:
            rows = await self.call("GET", f"{api}/dataset/{each['id']}/group")
            found[f"dataset {each['name']}"] = sorted((row["name"], row["permission"]) for row in rows)
        for each in groups:
            people = await self.call("GET", f"{api}/group/{each['id']}/user")
            robots = await self.call("GET", f"{api}/group/{each['id']}/service_account")
            found[f"group {each['name']}"] = sorted(one["name"] for one in (*people, *robots))
        found["terms"] = [each["name"] for each in await self.call("GET", f"{api}/tos")]
        found["permissions"] = sorted(each["name"] for each in await self.call("GET", f"{api}/permission"))
        for kind in ("alignedvolume", "imagesource", "datastack"):
            rows = await self.call("GET", f"/info/api/v2/rows/{kind}")
            found[kind] = [{name: value for name, value in row.items() if name != "id"} for row in rows]
        marks = await self.call("GET", f"{api}/declaration/demo")
        found["marks"] = sorted(mark.partition("/")[0] for mark in marks)
        return found


def doing(outcome: Outcome, *verbs: Verb) -> list[str]:
    """Titles of planned steps with these verbs; by default of all that change something."""
    return [step.title for step in outcome.plan if step.verb in (verbs or DOING)]


def steps(outcome: Outcome, verb: Verb) -> list[Step]:
    """Planned steps with this verb."""
    return [step for step in outcome.plan if step.verb is verb]


@pytest.fixture(scope="session")
def templates(embedded_postgres: EmbeddedPostgres) -> str:
    """A server with a database of each service: auth's with nothing in it, info's with rows that people made."""
    dsn = embedded_postgres.start()
    AUTH_MIGRATIONS.run(make_database(dsn, _AUTH))
    made = make_database(dsn, _INFO)
    INFO_MIGRATIONS.run(made)
    fill(made)
    return dsn


@pytest.fixture
def auth_dsn(templates: str) -> Iterator[str]:
    """Auth's database."""
    with database_of_its_own(templates, _AUTH) as dsn:
        yield dsn


@pytest.fixture
def info_dsn(templates: str) -> Iterator[str]:
    """Info's database."""
    with database_of_its_own(templates, _INFO) as dsn:
        yield dsn


@pytest.fixture
async def lab(auth_dsn: str, info_dsn: str, tmp_path: Path) -> AsyncIterator[Lab]:
    """Both services, with nothing of the deployment's in them; info knows some rows that people made."""
    settings = AuthSettings(postgres_dsn=SecretStr(auth_dsn), rate_per_user=0, rate_per_address=0)
    auth = make_auth(settings, LocalChanges())
    await declare_reconciler(auth.needs.ledger, TOKEN)
    authority = auth.needs.authority
    info = create_info(InfoSettings(postgres_dsn=SecretStr(info_dsn), rate_per_user=0, rate_per_address=0), authority)
    both = Both(create_app(settings, auth), info)
    async with httpx.AsyncClient(transport=both) as client:
        yield Lab(auth=auth, both=both, client=client, tokens=tmp_path / "tokens")
    await auth.needs.database.close()
    await info.state.info.database.close()
