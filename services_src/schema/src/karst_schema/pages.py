"""Pages for people: which types there are, what annotations of one hold, and what its tables look like in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files

from fastapi import APIRouter, Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import Response

from karst_platform.cave.errors import CaveError
from karst_platform.pages import kit_file
from karst_platform.permissions import PUBLIC
from karst_schema.prepared import Prepared
from karst_schema.types import AnnotationType, PointField, columns

_HTML = "text/html; charset=utf-8"
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
STYLE = "schema.css"
SHARED_STYLE = "karst.css"


class _Pages:
    """All pages, made at the start."""

    def __init__(self, types: Mapping[str, AnnotationType], version: str, root: str) -> None:
        environment = Environment(
            loader=PackageLoader("karst_schema"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )

        def page(template: str, **values: object) -> Prepared:
            html = environment.get_template(template).render(values, root=root, version=version)
            return Prepared(html.encode(), _HTML, {"Content-Security-Policy": _POLICY})

        self.index = page("index.html.j2", types=types.values())
        self.fields = {name: page("fields.html.j2", type=each, points=_points(each)) for name, each in types.items()}
        self.flat = {name: page("columns.html.j2", type=each, columns=columns(each)) for name, each in types.items()}


def pages(types: Mapping[str, AnnotationType], version: str, root: str) -> APIRouter:
    """Routes of the pages; `root` is the prefix behind which they stand."""
    router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])
    made = _Pages(types, version, root)
    own = (files("karst_schema") / "static" / STYLE).read_bytes()
    styles = {
        name: Prepared(content, "text/css; charset=utf-8")
        for name, content in ((STYLE, own), (SHARED_STYLE, kit_file(SHARED_STYLE)))
    }

    @router.get("/")
    @router.get("/views")
    async def index(request: Request) -> Response:
        return made.index.answer(request)

    @router.get("/views/type/{name}/view")
    async def fields(request: Request, name: str) -> Response:
        return _found(made.fields, name).answer(request)

    @router.get("/views/type/{name}/flatview")
    async def flat(request: Request, name: str) -> Response:
        return _found(made.flat, name).answer(request)

    @router.get("/static/{name}")
    async def static(request: Request, name: str) -> Response:
        return _found(styles, name).answer(request)

    return router


def _found(among: Mapping[str, Prepared], name: str) -> Prepared:
    if name not in among:
        raise CaveError(404, "not_found", "There is no such page. /views lists the types.")
    return among[name]


def _points(annotation: AnnotationType) -> Iterable[object]:
    """Each kind of point that the type has, once."""
    return {each.point.class_name: each.point for each in annotation.members if isinstance(each, PointField)}.values()
