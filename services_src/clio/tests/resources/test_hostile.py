"""No route fails, whatever is sent to it: every route, with names, numbers and bodies that nobody should send."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from karst_platform.stores.documents import Documents
from services_src.clio.tests.routes import Found, all_routes
from services_src.clio.tests.support import Server, serving

pytestmark = pytest.mark.anyio
ADA = "ada@example.org"
ROUTES = all_routes()
NAMES = ("..", "__x__", "脑\u202e", "a\x00b", "x" * 2000, "%", "ds", "-1", "9" * 30, "' OR 1=1 --", "{tag}", "é/b")
QUERIES = (
    "",
    "?x=1&y=2&z=3",
    "?x=1&y=2&z=99999999999999999999",
    "?x=nan&y=1e5&z=0x1",
    "?x=1&x=2&y=&z=%00",
    "?user=%00&groups=%00,..&user_email=%2F..%2F&timestamp=1&replace=0&conditional=%00,,&move_key=%2F",
    "?user_email=all&groups=lab&show=all&version=v0.1&cursor=-1&size=-5&onlyid=1&changes=1",
)
BODIES: tuple[object, ...] = (
    None,
    True,
    0,
    -(2**63),
    1.5e308,
    "",
    [],
    [[]],
    [None],
    [{}],
    ["..", "", "a/b", "__x__", "\x00", "x" * 3000],
    {},
    {"": {}},
    {"a/b": {"description": "d", "bucket": "b", "path": "p"}},
    {"x" * 3000: {"description": "d", "bucket": "b", "path": "p"}},
    {"ds2": {"description": "\x00", "bucket": "b", "path": "p"}},
    {"ds2": {"description": "d", "tag": ["v1"], "layers": [[[]]], "bucket": {}, "path": []}},
    {"title": "T", "user": ADA, "a": "\x00"},
    {"title": "T", "user": "", "verified": True, "timestamp": "soon", "location": 5},
    {"title": "T", "user": "a/b", "__x__": 1},
    {"kind": "point", "pos": [1, 2, 3], "user": "a/b", "prop": {"a": [[[[]]]]}},
    {"kind": "point", "pos": [1, 2, 3], "prop": json.loads('{"a":' * 40 + "1" + "}" * 40)},
    [{"kind": "point", "pos": ["1", 2.5, -0.0]}, {"kind": "point", "pos": [1, 2, 3], "tags": ["\x00"]}],
    {"pull": "kv/\x00/\x00"},
    {"pull": "kv/" + "x" * 3000 + "/.."},
    {"cypher": "", "dataset": "\x00"},
    {"dataset": "\x00", "model_name": "", "center": [0, 0, 0]},
    {"focus": [0, 0, 0], "layer": 2**62},
    {"bodyid": -1, "a": None},
    [{"bodyid": 2**63 - 1, "a": {"": 1}}, {"bodyid": 5, "_a": 1}],
    {"a": "re/(", "b": "exists/2", "bodyid": "x"},
)
RAW = (b"", b"\xff\xfe", b"{", b"NaN", b'{"a":1e999}', b'["\\ud800"]', b'{"a":' * 3000 + b"1" + b"}" * 3000)


@pytest.fixture
async def server(documents: Documents, tmp_path: Path) -> AsyncIterator[Server]:
    (tmp_path / "b").mkdir()
    settings = {"transfer_function": "https://w.example.org", "transfer_bucket": "b", "subvolume_bucket": "b"}
    async with serving(documents, owner=ADA, buckets_folder=tmp_path, test_user=ADA, **settings) as made:
        await made.store(
            (("clio_users", ADA), {"global_roles": ["admin", "clio_general", "clio_write"], "groups": ["lab"]}),
            (
                ("clio_datasets", "ds"),
                {"description": "d", "public": True, "tag": 5, "transfer": 5, "neuroglancer": []},
            ),
            (("clio_volumes", "ds"), {"bucket": 5, "path": None}),
            # What others may have written.
            (("clio_annotations", "ATLAS", "annotations", "odd"), {"dataset": "ds", "locationkey": 5, "user": 5}),
            (("clio_annotations", "USER", "annotations", "odd"), {"dataset": "ds", "email": ADA, "timestamp": "x"}),
            (("clio_annotations_v2", "ds", ADA, "odd"), {"pos": "x"}),
            (("clio_keyvalue", ADA, "ds", "odd"), {"_timestamp": "x"}),
            (("clio_pull_requests", ADA, "ds", "odd"), {"a": [[1]]}),
        )
        yield made


def _urls(route: Found) -> list[str]:
    """The route's path with each odd name in place of all its variables."""
    if "{" not in route.path:
        return [route.path]
    return [
        _filled(route.path, "".join(f"%{byte:02X}" for byte in name.encode()) if "." in name else quote(name, safe=""))
        for name in NAMES
    ]


def _filled(path: str, name: str) -> str:
    start, found, rest = path.partition("{")
    return f"{start}{name}{_filled(rest.partition('}')[2], name)}" if found else start


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_no_route_fails(server: Server, method: str) -> None:
    faults: list[str] = []
    for route in ROUTES:
        if route.method != method or route.path.startswith(("/clio_toplevel", "/docs")):
            continue
        for place, url in enumerate(_urls(route)):
            answer = await server.ask(method, url + QUERIES[place % len(QUERIES)], user=ADA)
            faults += [f"{route} {url} {answer.text}"] if answer.status_code == 500 else []
        for query in QUERIES:
            answer = await server.ask(method, route.url("ds") + query, user=ADA)
            faults += [f"{route} {query} {answer.text}"] if answer.status_code == 500 else []
        if method == "GET":
            continue
        for body in (*RAW, *(json.dumps(each).encode() for each in BODIES)):
            answer = await server.ask(method, route.url("ds") + QUERIES[1], user=ADA, content=body)
            faults += [f"{route} {body[:200]!r} {answer.text}"] if answer.status_code == 500 else []
    assert faults == []
