"""A store with something of every resource, and what its routes answer about it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from karst_clio.settings import ClioSettings
from karst_clio.stores import open_documents
from karst_platform.stores.documents import Documents, Json
from services_src.clio.tests.support import Server, serving

ADMIN, ADA, BOB, NOBODY = (f"{name}@example.org" for name in ("owner", "ada", "bob", "nobody"))
NEURONS = "/v2/json-annotations/mb20/neurons"
PEOPLE: Json = {
    ADA: {
        "name": "Ada Ümlaut",
        "org": "Lab",
        "groups": ["lab"],
        "global_roles": ["proofreader"],
        "datasets": {"mb20": ["clio_general", "clio_write"]},
    },
    BOB: {"groups": ["lab"], "datasets": {"mb20": ["clio_general"], "open": ["clio_read"]}},
    NOBODY: {"disabled": True},
}
DATASETS: Json = {
    "mb20": {
        "description": "d",
        "tag": "v0.2",
        "uuid": "abc",
        "versions": [{"version": "v0.1", "uuid": "ab1"}],
        "position": [1.0, 2.5, 3.0],
        "crossSectionScale": 1.0,
        "neuroglancer": {"layers": [{"name": "{tag}", "transform": [[1, 0.0], [0, [1, 2**53 + 1]]]}]},
        "unknown": {"$bytes": "kept", "nothing": None, "big": 9223372036854775807, "float": 1e300, "tiny": 5e-324},
    },
    "open": {"description": "o", "public": True},
}
LARGE = {f"{number}": [number, number + 1, "x" * 40] for number in range(60_000)}
POSTS: tuple[tuple[str, str, Json], ...] = (
    (ADMIN, "/v2/users", PEOPLE),
    (ADMIN, "/v2/datasets", DATASETS),
    (ADMIN, "/v2/volumes", {"mb20": {"bucket": "b", "path": "p"}, "v": {"bucket": "c", "path": "q", "public": True}}),
    (ADA, "/annotations/mb20?x=50&y=-30&z=50", {"foo": "bär", "n": 1.0, "deep": [[1], []]}),
    (ADA, "/savedsearches/mb20?x=1&y=2&z=3", {"kept": True}),
    (ADA, "/v2/annotations/mb20", [{"kind": "point", "pos": [n, -n, 2**40 + n], "tags": ["a"]} for n in range(30)]),
    (BOB, "/v2/annotations/mb20", {"kind": "sphere", "pos": [0, 0, 0, 1, 1, 1], "prop": {"timestamp": "1700"}}),
    (ADA, "/v2/atlas/mb20?x=1&y=2&z=3", {"title": "T", "user": ADA, "verified": True}),
    (BOB, "/v2/atlas/mb20?x=4&y=5&z=6", {"title": "U", "user": BOB, "prop": {}}),
    (ADA, "/v2/kv/merges-mb20/mainToOthers", LARGE),
    (ADA, "/v2/kv/merges-mb20/small", {"": 1, "__x__": [[1.0, 2]], "$map": {}}),
    (ADA, "/v2/kv/..%20odd/key.with.dots", {"array": []}),
    (ADA, "/v2/pull-request", {"pull": "kv/merges-mb20/small"}),
    (ADA, "/v2/pull-request", {"pull": "kv/merges-mb20/mainToOthers"}),
    (ADA, "/v2/site-reports", {"browser": "x", "speed": 1.0}),
    (ADA, f"{NEURONS}?version=v0.1", [{"bodyid": n, "type": f"T{n % 3}", "soma": [n, 0.5]} for n in range(1, 40)]),
    (ADA, f"{NEURONS}?version=v0.2", [{"bodyid": 7, "type": "new", "tags": ["x"]}, {"bodyid": 8, "type": None}]),
    (ADA, f"{NEURONS}?version=v0.2&designated_user={BOB}", {"bodyid": 7, "status": "Traced"}),
    (ADA, "/v2/subvol/mb20/submit", {"done": [1, 2]}),
)
ASKED: tuple[tuple[str, str, str], ...] = (
    (ADMIN, "GET", "/v2/users"),
    *((user, "GET", "/v2/roles") for user in (ADMIN, ADA, BOB, NOBODY)),
    *((user, "GET", "/v2/datasets?templates=true") for user in (ADMIN, ADA, BOB, NOBODY)),
    (ADA, "GET", "/v2/datasets/mb20"),
    (ADA, "GET", "/v2/volumes"),
    (ADA, "GET", "/annotations/mb20"),
    (ADA, "GET", "/savedsearches/mb20"),
    *((user, "GET", "/v2/annotations/mb20") for user in (ADA, BOB, NOBODY)),
    (BOB, "GET", "/v2/annotations/mb20?groups=lab"),
    (ADA, "GET", "/v2/atlas/mb20"),
    *((user, "GET", "/v2/atlas/all") for user in (ADA, BOB)),
    (ADA, "GET", "/v2/kv/merges-mb20?timestamp=true"),
    (ADA, "GET", "/v2/kv/merges-mb20/mainToOthers"),
    (ADA, "GET", "/v2/kv/..%20odd/key.with.dots?timestamp=true"),
    (ADMIN, "GET", "/v2/pull-request?user_email=all"),
    (ADA, "GET", f"{NEURONS}/all?show=all"),
    (ADA, "GET", f"{NEURONS}/fields"),
    (ADA, "GET", f"{NEURONS}/versions"),
    (ADA, "GET", f"{NEURONS}/id-number/7,8,9?show=all&version=v0.1"),
    (ADA, "GET", f"{NEURONS}/id-number/12"),
    (ADA, "POST", f"{NEURONS}/query?changes=true&show=all"),
)
QUERY: Json = [{"type": "re/^T1"}, {"bodyid": [7, 8]}]
SETTINGS: Mapping[str, object] = {"owner": ADMIN, "subvolume_bucket": "b"}


def documents_at(address: str) -> Documents:
    """The store of an address, as the service opens it."""
    if not address.startswith("firestore://"):
        return open_documents(ClioSettings.model_validate({"KARST_POSTGRES_DSN": address}))
    project, _, database = address.removeprefix("firestore://").partition("/")
    told = {"GOOGLE_CLOUD_PROJECT": project, "KARST_FIRESTORE_DATABASE": database}
    told["FIRESTORE_EMULATOR_HOST"] = os.environ["FIRESTORE_EMULATOR_HOST"]
    return open_documents(ClioSettings.model_validate(told))


async def fill(address: str, buckets: Path) -> None:
    """Fill a store through its routes."""
    documents = documents_at(address)
    async with serving(documents, buckets_folder=buckets, **SETTINGS) as server:
        for user, path, body in POSTS:
            answer = await server.ask("POST", path, user=user, json=body)
            assert answer.status_code == 200, (path, answer.text)
        answer = await server.ask("DELETE", f"{NEURONS}/id-number/12", user=ADA)
        assert answer.status_code == 200
    await documents.close()


async def answers(address: str) -> dict[str, object]:
    """What the routes answer about a store."""
    documents = documents_at(address)
    async with serving(documents, **SETTINGS) as server:
        found = {f"{user} {method} {path}": await _answer(server, user, method, path) for user, method, path in ASKED}
    await documents.close()
    return found


async def _answer(server: Server, user: str, method: str, path: str) -> object:
    answer = await server.ask(method, path, user=user, **({"json": QUERY} if method == "POST" else {}))
    return answer.status_code, answer.json()
