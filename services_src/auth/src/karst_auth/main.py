"""The application: routes for programs, behind the prefix of the service."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from secrets import token_hex

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse

from karst_auth.account import access, keys, overview, username
from karst_auth.account import terms as account_terms
from karst_auth.admin.routes import administration
from karst_auth.api import audit, datasets, declarations, groups, service_accounts, session, tables, terms, users
from karst_auth.api.document import describe_calls
from karst_auth.api.needs import Needs
from karst_auth.api.refusals import Refusals
from karst_auth.authority import SqlAuthority
from karst_auth.changes.ledger import DEPLOYMENT, Ledger
from karst_auth.changes.tokens import hash_stored_keys
from karst_auth.declared import Declared, apply_declared, declare_reconciler, declare_services, read_declared
from karst_auth.login import routes as login
from karst_auth.login.attempts import Attempts
from karst_auth.login.demo import Demo, DemoProvider
from karst_auth.login.demo import routes as demo_routes
from karst_auth.login.oidc import Oidc, read_client
from karst_auth.login.origins import Origins
from karst_auth.login.providers import Provider
from karst_auth.login.sign_in import SignIn, Windows
from karst_auth.mirror import Mirror
from karst_auth.settings import AuthSettings
from karst_auth.site import account_pages
from karst_auth.start import Start
from karst_auth.uses import Uses
from karst_platform import load_settings, service_app
from karst_platform.app import Frame
from karst_platform.cave.frame import cave_frame
from karst_platform.cave.guard.changes import Changes
from karst_platform.cave.guard.guard import Guard
from karst_platform.cave.guard.memory import Ages
from karst_platform.cave.guard.places import Places
from karst_platform.cave.guard.push import LocalChanges, RedisChanges
from karst_platform.cave.guard.remember import Remembering
from karst_platform.cave.guard.settings import changes_of, redis_of
from karst_platform.cave.operations import describe_document
from karst_platform.logs import configure_logging
from karst_platform.pages import ErrorPages, Pages
from karst_platform.permissions import PUBLIC
from karst_platform.relational import Relational
from karst_platform.stores.documents import StoreUnavailableError
from karst_platform.tasks import end

TITLE = "Karst auth"
UPSTREAM = "2.30.3"
"""Version of CAVE's auth service whose clients find what they know."""
DESCRIPTION = """Who people are, which groups they belong to, and what these may do with which dataset.

Every call carries a token: `Authorization: Bearer ...`. Errors are `{"error": ..., "message": ...}`."""
TAGS = {
    "Session and tokens": "What belongs to whoever calls.",
    "Users": "People.",
    "Service accounts": "Users without a person.",
    "Groups": "Sets of users, who get permissions together.",
    "Datasets": "What permissions are about.",
    "Terms of service": "What people accept before grants are in force.",
    "Permissions": "What one may do.",
    "Tables of services": "Which dataset a table belongs to.",
    "Public roots": "What everybody may see.",
    "Declarations": "What a deployment declares, and nobody made by hand.",
    "Audit": "Who changed what.",
    "Service": "What runs.",
}
AGES = Ages(cached_s=5, recent_s=5, unheard_s=1)
"""Services count on what we say for some time more: both together a minute for reading, ten seconds for editing, and
below five seconds where changes are not heard."""
_ROUTES = (session, users, service_accounts, groups, datasets, terms, tables, declarations, audit)


class Unheard(LocalChanges):
    """Changes where other processes are not told: what they remember is short-lived."""

    @property
    def is_live(self) -> bool:
        """Never."""
        return False


@dataclass(frozen=True, kw_only=True)
class Auth:
    """What the application is made of; others in the same process ask the same authority."""

    needs: Needs
    uses: Uses
    start: Start
    redis: RedisChanges | None = None
    """Carries changes to other processes, where Redis is named."""
    mirror: Mirror | None = None
    """Keeps records there."""


def make_auth(settings: AuthSettings, changes: Changes | None = None) -> Auth:
    """Make what the settings name; nothing is connected before the first use.

    `changes` carries word to whoever remembers something; without it Redis does, where the settings name one. Without
    that too others hear nothing, and remember for some seconds only.
    """
    redis = changes_of(settings) if changes is None else None
    heard = changes or redis or Unheard()
    database = Relational(settings.database)
    uses = Uses(database)
    mirror = _mirror(settings, database)
    saw = mirror.saw if mirror is not None else None
    if mirror is not None:
        heard.listen(mirror.heard)
    direct = SqlAuthority(database, uses, saw)
    needs = Needs(
        database=database,
        ledger=Ledger(database, heard, saw),
        tables=direct,
        authority=Remembering(direct, heard, ages=AGES),
        is_revealed=settings.is_revealed,
    )
    return Auth(needs=needs, uses=uses, start=Start(partial(_begin, settings, needs)), redis=redis, mirror=mirror)


def create_app(
    settings: AuthSettings, auth: Auth | None = None, *, provider: Provider | None = None, demo: Demo | None = None
) -> FastAPI:
    """Make the application. It starts whatever becomes of its database, and answers 503 while that is away.

    `provider` vouches for people instead of the issuer that the settings name. With `demo`, which is for one machine
    that nobody else reaches, nobody need do so: people choose who they are, unless the settings have a client.
    """
    made = auth or make_auth(settings)
    places = Places(
        sticky_auth_url=settings.sticky_auth_url,
        token_name=settings.token_name,
        origins=frozenset(settings.own_origins),
    )
    sign_in = _sign_in(settings, made.needs, places, provider, demo)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        if made.redis is not None:
            made.redis.start()
        tasks = [asyncio.create_task(made.uses.keep_writing()), asyncio.create_task(made.start.until_done())]
        if made.mirror is not None:
            tasks.append(asyncio.create_task(made.mirror.keep_writing()))
        yield
        await end(*tasks)
        await made.uses.write()
        if made.redis is not None:
            await made.redis.stop()
        if made.mirror is not None:
            await made.mirror.close()
        await made.needs.database.close()

    app = service_app(
        name="auth",
        title=TITLE,
        version=version("karst-auth"),
        settings=settings,
        ready={"database": partial(_missing, made.needs.database), "start": made.start.missing},
        lifespan=lifespan,
        frame=_frame(settings, sign_in.pages),
    )
    app.state.refusals = Refusals(made.needs.ledger, made.needs.authority)
    app.state.guard = Guard(made.needs.authority, places)
    for each in _ROUTES:
        app.include_router(each.routes(made.needs), prefix="/api/v1")
    app.include_router(login.routes(sign_in), prefix="/api/v1")
    for page in (overview, keys, username, account_terms, access):
        app.include_router(page.routes(sign_in))
    if demo is not None:
        app.include_router(demo_routes(sign_in, demo))
    app.include_router(administration(made.needs, sign_in.pages))
    app.include_router(sign_in.pages.assets())
    app.include_router(_version())
    describe_calls(app)
    describe_document(app, TAGS)
    return app


def _mirror(settings: AuthSettings, database: Relational) -> Mirror | None:
    redis = redis_of(settings)
    return Mirror(database, redis, is_published=settings.redis_records == "published") if redis is not None else None


async def _begin(settings: AuthSettings, needs: Needs) -> None:
    """What each start does first: hash keys that an import brought, and make what is declared."""
    async with needs.ledger.change(DEPLOYMENT) as change:
        await hash_stored_keys(change, is_revealed=needs.is_revealed)
    if settings.default_admins:
        await apply_declared(needs.ledger, Declared(admins=settings.default_admins))
    if settings.declared is not None:
        await apply_declared(needs.ledger, read_declared(settings.declared))
    if settings.service_token.get_secret_value():
        await declare_services(needs.ledger, settings.service_token.get_secret_value())
    if settings.reconcile_token.get_secret_value():
        await declare_reconciler(needs.ledger, settings.reconcile_token.get_secret_value())


def _version() -> APIRouter:
    router, told = APIRouter(tags=["Service"], dependencies=[PUBLIC]), f"{UPSTREAM}+karst.{version('karst-auth')}"

    @router.get("/version", response_class=PlainTextResponse)
    async def version_of_the_service() -> str:
        """Say which version runs, and with which one of CAVE it agrees."""
        return told

    return router


async def _missing(database: Relational) -> str | None:
    try:
        await database.check()
    except StoreUnavailableError:
        return "The database does not answer."
    return None


def _sign_in(
    settings: AuthSettings, needs: Needs, places: Places, provider: Provider | None, demo: Demo | None
) -> SignIn:
    client = settings.oauth_client.get_secret_value()
    if provider is None and client:
        provider = Oidc(settings.oidc_issuer, read_client(client))
    elif provider is None and demo is not None:
        provider = DemoProvider(demo, needs, places.login_url)
    return SignIn(
        needs=needs,
        places=places,
        origins=Origins(needs.database, places, settings.sign_in_origins),
        attempts=Attempts(settings.secret_key.get_secret_value() or token_hex(32)),
        pages=account_pages(places),
        provider=provider,
    )


def _frame(settings: AuthSettings, pages: Pages) -> Frame:
    # Whoever signs in may come back to any replica, so each answers by both prefixes.
    sticky = "/" + settings.sticky_auth_url.partition("/")[2] if "/" in settings.sticky_auth_url else ""
    prefixes = tuple(dict.fromkeys((settings.url_prefix, sticky)))
    return cave_frame(
        *prefixes,
        description=DESCRIPTION,
        exposed=("WWW-Authenticate", "X-Requested-With"),
        outside=[Middleware(ErrorPages, pages=pages, prefixes=prefixes), Middleware(Windows)],
    )


def application() -> FastAPI:
    """Make the application with the settings of the environment; what the server starts."""
    settings = load_settings(AuthSettings, os.environ)
    configure_logging(settings.log_level)
    return create_app(settings)
