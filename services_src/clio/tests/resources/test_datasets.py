"""Datasets: what is kept, who sees it, which tags are refused, what placeholders become."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from karst_clio.resources.dataset_model import is_older
from karst_clio.resources.templates import filled
from karst_platform.stores.documents import Documents
from services_src.clio.tests.support import Server, serving

pytestmark = pytest.mark.anyio
OWNER, ADA = "owner@example.org", "ada@example.org"
STORED = {
    "description": "x",
    "tag": "v0.1",
    "uuid": "abc",
    "neuroglancer": {"layers": [{"name": "seg-{tag}", "source": "dvid://h/{uuid}/s"}], "k-{tag}": 1},
}
SHOWN = {
    "description": "x",
    "tag": "v0.1",
    "uuid": "abc",
    "neuroglancer": {"layers": [{"name": "seg-v0.1", "source": "dvid://h/abc/s"}], "k-v0.1": 1},
}
EVERYTHING = {
    "description": "Ein Gehirn: 脑",
    "title": "T",
    "tag": "v0.3.33",
    "uuid": "abc",
    "dvid": "https://dvid.example.org",
    "mainLayer": "gray",
    "location": "https://images.example.org",
    "public": True,
    "neuroglancer": {"layers": [{"name": "gray", "source": {"url": "precomputed://x"}}]},
    "typing": {"a": 1},
    "bodyAnnotationSchema": {"b": [1, [2, 3]]},
    "dimensions": {"x": [8e-9, "m"]},
    "layers": [{"name": "l"}],
    "orderedLayers": ["a", {"b": 1}],
    "versions": [{"tag": "v0.1", "uuid": "d"}],
    "position": [1.5, 2.0, 3.0],
    "crossSectionScale": 0.5,
    "projectionScale": 100.0,
    "neuprintHTTP": {"dataset": "mb20", "server": "neuprint.example.org"},
    "transfer": ["m:1"],
    "our own": {"deep": [None, 2**63 - 1]},
}

BAD: tuple[object, ...] = (
    {"ds": {}},
    {"ds": {"description": None}},
    {"ds": {"description": 5}},
    {"ds": {"description": "d", "public": "perhaps"}},
    {"ds": {"description": "d", "tag": 3}},
    {"ds": {"description": "d", "layers": ["x"]}},
    {"ds": {"description": "d", "position": ["x"]}},
    {"ds": {"description": "d", "neuprintHTTP": {"dataset": "x"}}},
    {"ds": {"description": "d", "transfer": "m:1"}},
    {"ds": {"description": "d", "": 1}},
    {"a": {"description": "d"}, "b/c": {"description": "d"}},
    {"a": {"description": "d"}, "": {"description": "d"}},
    {"..": {"description": "d"}},
    {"ds": None},
    [],
    "text",
)


@pytest.fixture
async def server(documents: Documents) -> AsyncIterator[Server]:
    async with serving(documents, owner=OWNER) as each:
        yield each


async def post(server: Server, body: object, status: int = 200, method: str = "POST") -> object:
    answer = await server.ask(method, "/v2/datasets", user=OWNER, json=body)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.content == b"null"
    return answer.json()


async def listing(server: Server, user: str = OWNER, query: str = "") -> object:
    answer = await server.ask("GET", f"/v2/datasets{query}", user=user)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    return answer.json()


async def test_every_field_is_kept_and_none_is_added(server: Server) -> None:
    assert await listing(server) == {}
    await post(server, {"all": EVERYTHING, "least": {"description": ""}})
    assert await listing(server) == {"all": EVERYTHING, "least": {"description": ""}}
    answer = await server.ask("GET", "/v2/datasets/all", user=ADA)
    assert answer.json() == EVERYTHING
    assert "脑" in answer.text
    await post(server, {"all": {"description": "new"}}, method="PUT")
    assert (await server.ask("GET", "/datasets/all", user=OWNER)).json() == {"description": "new"}


async def test_placeholders_are_filled_unless_asked_for(server: Server) -> None:
    await post(server, {"ds": STORED})
    assert await listing(server) == {"ds": SHOWN}
    assert await listing(server, query="?templates=True") == {"ds": STORED}
    assert (await server.ask("GET", "/v2/datasets/ds/", user=OWNER)).json() == SHOWN
    assert (await server.ask("GET", "/v2/datasets/ds?templates=1", user=OWNER)).json() == STORED
    assert (await server.ask("GET", "/v2/datasets?templates=perhaps", user=OWNER)).status_code == 422


def test_placeholders_without_a_value_stay() -> None:
    assert filled({"tag": "v1", "a": ["{uuid} {tag}", {"{tag}{tag}": None}]}) == {
        "tag": "v1",
        "a": ["{uuid} v1", {"v1v1": None}],
    }
    assert filled({"uuid": 5, "a": "{uuid}{tag}"}) == {"uuid": 5, "a": "{uuid}{tag}"}


async def test_who_sees_what(server: Server) -> None:
    await post(server, {"open": {"description": "o", "public": True}, "closed": {"description": "c"}})
    await server.add_user(ADA, datasets_ignore_tos={})
    assert await listing(server, ADA) == {"open": {"description": "o", "public": True}}
    closed = await server.ask("GET", "/v2/datasets/closed", user=ADA)
    assert (closed.status_code, closed.content) == (200, b"null")
    assert (await server.ask("GET", "/v2/datasets/unknown", user=ADA)).content == b"null"
    await server.add_user(ADA, datasets={"closed": ["clio_read"], "unknown": ["clio_read"]})
    assert list(await listing(server, ADA)) == ["closed", "open"]  # type: ignore[call-overload]
    assert (await server.ask("GET", "/v2/datasets/closed", user=ADA)).json() == {"description": "c"}
    missing = await server.ask("GET", "/v2/datasets/unknown", user=ADA)
    assert (missing.status_code, set(missing.json())) == (400, {"detail"})
    assert (await server.ask("GET", "/v2/datasets/unknown", user=OWNER)).status_code == 400


async def test_publishing_and_withdrawing_count_at_once(server: Server) -> None:
    for is_public in (True, False, True):
        await post(server, {"ds": {"description": "d", "public": is_public}})
        assert (await server.ask("GET", "/v2/json-annotations/ds/neurons/fields", user=ADA)).status_code == (
            200 if is_public else 401
        )
    await server.ask("DELETE", "/v2/datasets", user=OWNER, json=["ds"])
    assert (await server.ask("GET", "/v2/json-annotations/ds/neurons/fields", user=ADA)).status_code == 401


async def test_older_tags_are_refused_by_their_numbers(server: Server) -> None:
    await post(server, {"ds": {"description": "d", "tag": "v0.9"}})
    await post(server, {"ds": {"description": "d", "tag": "v0.10"}})
    fault = await post(server, {"new": {"description": "n"}, "ds": {"description": "e", "tag": "v0.9"}}, 400)
    assert "v0.10" in str(fault)
    assert await listing(server) == {"ds": {"description": "d", "tag": "v0.10"}}
    await post(server, {"ds": {"description": "d", "tag": "v0.10"}})
    await post(server, {"ds": {"description": "without"}})
    await post(server, {"ds": {"description": "d", "tag": "v0.1"}})


@pytest.mark.parametrize(
    ("tag", "stored", "is_refused"),
    [
        ("v0.9", "v0.10", True),
        ("v0.10", "v0.9", False),
        ("0.3", "v0.3.0", False),
        ("v1", "v0.999.999", False),
        ("v0.1000", "v1", True),
        ("v0.3.32", "v0.3.33", True),
        ("spring", "v1", False),
        ("v1", "spring", False),
        (None, "v1", False),
        ("v1", None, False),
        ("v1.2.3.4", "v9", False),
        ("v\u0661", "v2", False),
    ],
)
def test_order_of_tags(tag: object, stored: object, *, is_refused: bool) -> None:
    assert is_older(tag, stored) is is_refused


async def test_datasets_are_removed_and_unknown_ones_ignored(server: Server) -> None:
    await post(server, {"a": {"description": ""}, "b": {"description": ""}})
    answer = await server.ask("DELETE", "/v2/datasets", user=OWNER, json=["a", "unknown", "", "..", "x/y", "__z__"])
    assert (answer.status_code, answer.content) == (200, b"null")
    assert await listing(server) == {"b": {"description": ""}}


async def test_bad_documents_change_nothing(server: Server) -> None:
    for body in BAD:
        await post(server, body, 422)
    assert await listing(server) == {}
