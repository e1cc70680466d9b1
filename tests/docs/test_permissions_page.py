"""The page of permissions is that of the routes as they are."""

from __future__ import annotations

from pathlib import Path

from fastapi import Depends, FastAPI

from karst_platform.permissions import Requires, declared
from karst_platform.permissions_page import applications, page

ROOT = Path(__file__).parents[2]


def test_the_page_is_current_and_leaves_no_route_out() -> None:
    text = (ROOT / "docs" / "reference" / "permissions.md").read_text("utf-8")
    services = applications(ROOT / "services_src")
    assert {"clio", "landing"} <= set(services)
    assert text == page(services), "run `make docs`"
    routes = [route for app in services.values() for route in declared(app)]
    assert text.count("\n| ") == len(routes) + 1


def test_a_new_route_and_another_permission_change_the_page() -> None:
    def can_fly(*, refusal: int) -> FastAPI:
        app = FastAPI()
        needs = Requires("can_fly", lambda _caller, _about: True, refusal=refusal)
        app.get("/new", dependencies=[Depends(needs)])(lambda: None)
        return app

    assert page({"x": FastAPI()}) + "| x | `GET /new` | can_fly | 403 |\n" == page({"x": can_fly(refusal=403)})
    assert page({"x": can_fly(refusal=401)}) != page({"x": can_fly(refusal=403)})
