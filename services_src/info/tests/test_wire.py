"""What each route answers, to the letter where clients read it, and the same with slashes doubled or at the end."""

from __future__ import annotations

import json
import re

import psycopg
import pytest
from fastapi import FastAPI

from services_src.info.tests.conftest import Client
from services_src.info.tests.support import API, MAPPED, ROOT, TOKEN_OF, Told, caller

pytestmark = pytest.mark.anyio
FISH_VOLUME = {
    "id": 1,
    "name": "fish_v1",
    "display_name": "Fish",
    "description": "A larva.",
    "image_source": "precomputed://gs://fish/em",
}
MOUSE_VOLUME = {
    "id": 2,
    "name": "mouse_v1",
    "display_name": None,
    "description": None,
    "image_source": "precomputed://https://images.example.org/mouse",
}
FISH_COLUMNS = {
    "segmentation_source": "graphene://https://local.example.org/segmentation/table/fish_v2",
    "skeleton_source": "precomputed://https://local.example.org/skeletons/fish",
    "analysis_database": "fish_db",
    "viewer_site": "https://viewer.example.org",
    "synapse_table": "synapses",
    "soma_table": "somas",
    "local_server": "https://local.example.org",
    "description": "People edit it.",
    "viewer_resolution_x": 8.0,
    "viewer_resolution_y": 8.0,
    "viewer_resolution_z": 40.0,
    "proofreading_status_table": None,
    "cell_identification_table": None,
    "proofreading_review_table": None,
}
FLAT_COLUMNS = dict.fromkeys(FISH_COLUMNS) | {"local_server": "https://local.example.org"}
MIRRORS = [
    {
        "id": 1,
        "name": "fish_gcp",
        "viewer_layer_name": "gcp",
        "image_source": "precomputed://gs://fish-mirror/em",
        "description": None,
    },
    {
        "id": 2,
        "name": "fish_aws",
        "viewer_layer_name": None,
        "image_source": "precomputed://https://mirror.example.org/fish",
        "description": "Near Oregon.",
    },
]
NGL_INFO = {
    "Fish": {
        "description": "A larva.",
        "image_layers": [
            {
                "image_source": "precomputed://gs://fish-mirror/em",
                "ngl_image_name": "fish_gcp",
                "name": "fish_gcp",
                "description": None,
            },
            {
                "image_source": "precomputed://https://mirror.example.org/fish",
                "ngl_image_name": "fish_aws",
                "name": "fish_aws",
                "description": "Near Oregon.",
            },
        ],
        "segmentation_layers": [
            {
                "name": "fish",
                "description": "People edit it.",
                "segmentation_source": "graphene://middleauth+https://local.example.org/segmentation/table/fish_v2",
                "initial_state_id": 5381423674163200,
                "skeleton_source": "precomputed://middleauth+https://local.example.org/skeletons/fish",
            }
        ],
    },
    "mouse_v1": {
        "description": None,
        "image_layers": [
            {
                "image_source": "precomputed://https://images.example.org/mouse",
                "ngl_image_name": "img",
                "name": "mouse_v1",
                "description": None,
            }
        ],
        "segmentation_layers": [
            {"name": "mouse", "description": None, "segmentation_source": "precomputed://gs://mouse/seg"}
        ],
    },
}
BODIES: dict[str, object] = {
    "/api/versions": [2],
    "/health": "healthy",
    "/api/v2/datastacks": ["fish", "fish_flat", "mouse"],
    "/api/v2/datastack/fish": {
        "id": 1,
        "name": "fish",
        "display_name": "Fish, proofread",
        "viewer_layer_name": "seg",
        "base_link_id": 5381423674163200,
        "aligned_volume": "/info/api/v2/aligned_volume/id/1",
        **FISH_COLUMNS,
    },
    "/api/v2/datastack/full/fish": {"aligned_volume": FISH_VOLUME, **FISH_COLUMNS},
    "/api/v2/datastack/full/fish_flat": {"aligned_volume": FISH_VOLUME, **FLAT_COLUMNS},
    "/api/v2/datastack/full/fish?image_source_name=fish_gcp": {
        "aligned_volume": {**FISH_VOLUME, "image_source": "precomputed://gs://fish-mirror/em"},
        **FISH_COLUMNS,
    },
    "/api/v2/datastack/full/fish?image_source_name=": {"aligned_volume": FISH_VOLUME, **FISH_COLUMNS},
    "/api/v2/datastack/fish/image_sources": MIRRORS,
    "/api/v2/datastack/mouse/image_sources": [],
    "/api/v2/aligned_volume": ["fish_v1", "mouse_v1"],
    "/api/v2/aligned_volume/fish_v1": FISH_VOLUME,
    "/api/v2/aligned_volume/mouse_v1": MOUSE_VOLUME,
    "/api/v2/aligned_volume/id/1": FISH_VOLUME,
    "/api/v2/aligned_volume/fish_v1/datastacks": ["fish", "fish_flat"],
    "/api/v2/aligned_volume/nothing/datastacks": [],
    "/api/v2/ngl_info": NGL_INFO,
}


async def test_each_route_answers_what_clients_know(as_: Client) -> None:
    async with as_("both") as client:
        for path, body in BODIES.items():
            answer = await client.get(ROOT + path)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json"), path
            assert answer.json() == body, path


async def test_each_volume_has_layers_though_names_for_people_are_given_twice(
    writable: FastAPI, write_dsn: str, authority: Told
) -> None:
    statement = """INSERT INTO aligned_volume (name, display_name, image_source) VALUES
        ('other', 'Fish', 'precomputed://gs://other/em'), ('Fish', NULL, 'precomputed://gs://third/em')"""
    with psycopg.connect(write_dsn) as connection:
        connection.execute(statement)
    authority.mapped = {**MAPPED, ("aligned_volume", "other"): "fish", ("aligned_volume", "Fish"): "fish"}
    await writable.state.info.current.refresh()
    async with caller(writable, "both") as client:
        told = (await client.get(f"{API}/ngl_info")).json()
    sources = {name: each["image_layers"][0]["image_source"] for name, each in told.items()}
    assert {name: sources[name] for name in sources if name != "mouse_v1"} == {
        "Fish": "precomputed://gs://fish-mirror/em",
        "other": "precomputed://gs://other/em",
        "Fish (4)": "precomputed://gs://third/em",
    }


async def test_slashes_change_nothing(as_: Client) -> None:
    async with as_("both") as client:
        for path, body in BODIES.items():
            route, _, query = path.partition("?")
            doubled = route.replace("/", "//")
            for written in (f"/{ROOT}{route}", f"{ROOT}{route}/", f"//{ROOT}//{doubled}"):
                # An address that begins with // would name a host.
                answer = await client.get(f"https://info.example.org{written}?{query}")
                assert (answer.status_code, answer.json()) == (200, body), written


async def test_the_version_is_one_that_clients_take_mirrors_from(as_: Client) -> None:
    async with as_(None) as client:
        version = (await client.get(f"{ROOT}/version")).json()
    assert re.fullmatch(r"\d+(\.\d+)*\+karst\.\d+(\.\d+)*", version), "PEP 440"
    assert tuple(map(int, version.partition("+")[0].split("."))) >= (4, 3, 1)


ERRORS: list[tuple[str, int, str, dict[str, str]]] = [
    ("datastack/full/nothing", 400, "invalid_table_id", {"table_id": "nothing", "resource_namespace": "datastack"}),
    ("datastack/full/unmapped", 400, "invalid_table_id", {"table_id": "unmapped"}),
    ("datastack/nothing", 400, "invalid_table_id", {"resource_namespace": "datastack"}),
    ("aligned_volume/nothing", 400, "invalid_table_id", {"resource_namespace": "aligned_volume"}),
    ("datastack/full/ghost", 404, "not_found", {}),
    ("datastack/ghost", 404, "not_found", {}),
    ("datastack/ghost/image_sources", 404, "not_found", {}),
    ("datastack/full/fish?image_source_name=nothing", 404, "not_found", {}),
    ("aligned_volume/id/99", 404, "not_found", {}),
    ("aligned_volume/id/x", 404, "not_found", {}),
    ("aligned_volume/id/-1", 404, "not_found", {}),
    (f"aligned_volume/id/{'9' * 40}", 404, "not_found", {}),
    ("nothing", 404, "not_found", {}),
]


async def test_errors_are_objects(as_: Client) -> None:
    async with as_("both") as client:
        for path, status, code, told in ERRORS:
            answer = await client.get(f"{API}/{path}")
            body = answer.json()
            assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json"), path
            assert (body["error"], bool(body["message"])) == (code, True), path
            assert body.get("data", {}).items() >= told.items(), path


@pytest.mark.parametrize("path", ["/api/v2/datastacks", "/api/v2/datastack/full/fish", "/version", "/nothing"])
async def test_pages_of_all_origins_may_read_answers_and_refusals(as_: Client, path: str) -> None:
    for name in (None, "both", "stranger", "disabled"):
        async with as_(name) as client:
            answer = await client.get(ROOT + path, headers={"Origin": "https://viewer.example.org"})
            assert answer.headers["access-control-allow-origin"] == "*"
            assert "WWW-Authenticate" in answer.headers["access-control-expose-headers"]
            assert "access-control-allow-credentials" not in answer.headers
            asked = await client.options(ROOT + path, headers={"Origin": "https://viewer.example.org"})
            assert asked.status_code == 200
            assert "authorization" in asked.headers["access-control-allow-headers"]


async def test_who_has_no_token_learns_where_to_sign_in(as_: Client) -> None:
    realm = 'Bearer realm="https://auth.example.org/sticky_auth/api/v1/authorize"'
    for name, code in ((None, "no_token"), ("disabled", "invalid_token")):
        async with as_(name) as client:
            answer = await client.get(f"{API}/datastack/full/fish")
        assert (answer.status_code, answer.json()["error"]) == (401, code)
        assert answer.headers["www-authenticate"].startswith(realm)


async def test_browsers_are_sent_to_sign_in(app: FastAPI, as_: Client) -> None:
    async with as_(None) as client:
        answer = await client.get(f"{API}/datastacks", headers={"X-Requested-With": ""})
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("https://auth.example.org/sticky_auth/api/v1/authorize?redirect=")


async def test_terms_that_wait_are_named(as_: Client) -> None:
    async with as_("waiting") as client:
        answer = await client.get(f"{API}/datastack/full/fish")
        body = answer.json()
        assert (answer.status_code, answer.headers["content-type"]) == (403, "application/json")
        form = "https://auth.example.org/sticky_auth/api/v1/tos/7/accept"
        assert body["data"] == {"tos_id": 7, "tos_name": "Terms", "tos_form_url": form}
        assert (await client.get(f"{API}/datastack/fish")).status_code == 200, "the short form comes before the terms"
        assert (await client.get(f"{API}/datastacks")).json() == ["fish", "fish_flat"]


async def test_viewers_may_bring_their_token_in_the_query(as_: Client) -> None:
    async with as_(None) as client:
        answer = await client.get(
            f"{API}/datastack/full/fish?middle_auth_token={TOKEN_OF['viewer']}",
            headers={"Origin": "https://viewer.example.org"},
        )
    assert answer.status_code == 200


async def test_answers_keep_letters_of_all_scripts(as_: Client) -> None:
    async with as_("both") as client:
        assert json.loads((await client.get(f"{ROOT}/api/swagger.json")).text)["info"]["title"] == "Karst info"
        assert (await client.get(f"{ROOT}/site-map")).status_code == 404
