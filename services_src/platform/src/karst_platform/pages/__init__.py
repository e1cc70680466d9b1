"""Pages for people: templates, forms, tables and confirmations that all services share.

    PAGES = Pages(Site(package="karst_info", service="Info"))

    app.include_router(PAGES.assets())              # style, script and icon, below /static
    Frame(outside=[..., Middleware(ErrorPages, pages=PAGES, prefixes=("/info",))])

    @router.get("/")
    async def index(request: Request, caller: Annotated[UserRecord, Depends(signed_in)]) -> Response:
        return PAGES.answer(request, "index.html.j2", {"datastacks": found}, person=caller)

    @router.post("/admin/datastack/new")
    async def create(request: Request, caller: ..., sent: Posted) -> Response:
        filled = filled_form(FIELDS, sent)
        ...
        values = {"form": filled.refused(error)}
        return PAGES.answer(request, "new.html.j2", values, person=caller, status=error.status_code)

A template says `{% extends "karst/page.html.j2" %}` and has the blocks `title` and `main`; forms and tables stand in
`karst/forms.html.j2` and `karst/tables.html.j2`, imported `with context`. Markdown is in `markdown`, for it needs an
extra of its own.
"""

from karst_platform.pages.csrf import FIELD as CSRF_FIELD
from karst_platform.pages.csrf import csrf_token, is_csrf_token
from karst_platform.pages.errors import ErrorPages, wants_page
from karst_platform.pages.fields import Choice, Field, Form, Kind, empty_form, filled_form
from karst_platform.pages.listings import Listing, Window, window_of
from karst_platform.pages.sent import Posted, Sent, demand_vouched, read_form
from karst_platform.pages.site import Confirmation, Link, Pages, Person, Site, kit_file, root_of, see_other

__all__ = [
    "CSRF_FIELD",
    "Choice",
    "Confirmation",
    "ErrorPages",
    "Field",
    "Form",
    "Kind",
    "Link",
    "Listing",
    "Pages",
    "Person",
    "Posted",
    "Sent",
    "Site",
    "Window",
    "csrf_token",
    "demand_vouched",
    "empty_form",
    "filled_form",
    "is_csrf_token",
    "kit_file",
    "read_form",
    "root_of",
    "see_other",
    "wants_page",
    "window_of",
]
