"""Every route as clients meet it: bodies, headers, and each error that there is."""

from __future__ import annotations

import json
from importlib.metadata import version

import pytest

from services_src.nglstate.tests.support import API, HOST, Server, refused
from services_src.platform.tests.guard.people import READER, SUPERADMIN, token

pytestmark = pytest.mark.anyio
STATE = b'{"layers": []}'
VERSION = f"0.7.2+karst.{version('karst-nglstate')}"
ABSENT = 4_503_599_627_370_497
BAD_IDS = (
    *("0", "-1", "+1", "1.5", "1e3", "01", "abc", "0x1", "%D9%A1", "1%00", "9223372036854775808", "9" * 4000, "%20"),
    *("none", "1,2", "%F0%9F%A7%A0", "%FF"),
)


async def test_the_service_says_what_it_is(postgres_server: Server) -> None:
    answer = await postgres_server.ask("GET", f"{API}/version")
    assert (answer.content, answer.headers["content-type"]) == (json.dumps(VERSION).encode(), "application/json")
    for path in (f"{API}/", API, f"{API}/index", "/nglstate/", "/nglstate", "/nglstate/index"):
        banner = await postgres_server.ask("GET", path)
        assert banner.status_code == 200
        assert banner.headers["content-type"] == "text/plain; charset=utf-8"
        assert "POST" in banner.text
    told = await postgres_server.ask("GET", f"{API}/table_info")
    assert told.headers["content-type"] == "text/plain; charset=utf-8"
    assert told.text == f"user: {READER.id}\nproject: \ntable: neuroglancerjsondb\n"


@pytest.mark.parametrize(
    ("folder", "end", "path"),
    [("", "", f"{API}/post"), ("/property", "/info", f"{API}/property/post"), ("", "", "/nglstate/post")],
)
async def test_a_post_answers_the_link(postgres_server: Server, folder: str, end: str, path: str) -> None:
    answer = await postgres_server.ask("POST", path, STATE)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    link = answer.json()
    kept = int(link.rpartition("/")[2])
    assert link == f"{HOST}{API}{folder}/{kept}"
    assert 10**15 <= kept < 2**53
    read = await postgres_server.ask("GET", f"{API}{folder}/{kept}{end}")
    assert (read.content, read.headers["content-type"]) == (STATE, "application/json")
    assert read.headers["vary"] == "Accept-Encoding"


async def test_links_have_the_scheme_that_clients_see(postgres_server: Server) -> None:
    headers = {"X-Forwarded-Proto": "http", "Host": "localhost:8080"}
    answer = await postgres_server.ask("POST", f"{API}/post", STATE, headers=headers)
    assert answer.json().startswith("http://localhost:8080/nglstate/api/v1/")
    refused(await postgres_server.ask("POST", f"{API}/post", b"[]", headers={"Host": 'a"b/c'}), 400, "bad_request")


async def test_the_oldest_links_lead_to_states(postgres_server: Server) -> None:
    kept, properties = await postgres_server.post(STATE), await postgres_server.post(STATE, folder="/property")
    assert (await postgres_server.ask("GET", f"/nglstate/{kept}")).content == STATE
    assert (await postgres_server.ask("GET", f"/nglstate/raw/{kept}")).content.startswith(b"\x78")
    refused(await postgres_server.ask("GET", f"/nglstate/{properties}"), 404, "not_found")
    refused(await postgres_server.ask("GET", "/nglstate/version"), 400, "invalid_id")
    refused(await postgres_server.ask("POST", "/nglstate/property/post", STATE), 404, "not_found")


async def test_states_and_properties_are_not_each_other(server: Server) -> None:
    state, properties = await server.post(STATE), await server.post(STATE, folder="/property")
    for path in (f"/property/{state}/info", f"/property/raw/{state}", f"/{properties}", f"/raw/{properties}"):
        refused(await server.ask("GET", API + path), 404, "not_found")
    for path in (f"/property/{state}", f"/{properties}"):
        refused(await server.ask("DELETE", API + path, who=SUPERADMIN), 404, "not_found")


async def test_what_is_no_id_is_refused(postgres_server: Server) -> None:
    for text in BAD_IDS:
        for method, path in (
            ("GET", f"/{text}"),
            ("GET", f"/raw/{text}"),
            ("GET", f"/property/{text}/info"),
            ("GET", f"/property/raw/{text}"),
            ("DELETE", f"/{text}"),
            ("POST", f"/post/{text}"),
        ):
            answer = await postgres_server.ask(method, API + path, b"{}" if method == "POST" else None, who=SUPERADMIN)
            refused(answer, 400, "invalid_id")
            assert len(answer.content) < 200


async def test_unknown_ids_are_not_found(server: Server) -> None:
    for unknown in (1, ABSENT, 2**53, 2**63 - 1):
        for path in (f"/{unknown}", f"/raw/{unknown}", f"/property/{unknown}/info", f"/property/raw/{unknown}"):
            refused(await server.ask("GET", API + path), 404, "not_found")
        refused(await server.ask("DELETE", f"{API}/{unknown}"), 404, "not_found")


@pytest.mark.parametrize("folder", ["", "/property"])
async def test_superadmins_choose_ids(server: Server, folder: str) -> None:
    end = "/info" if folder else ""
    answer = await server.ask("POST", f"{API}{folder}/post/123?timestamp=1500000000.5", STATE, who=SUPERADMIN)
    assert answer.json() == f"{HOST}{API}{folder}/123"
    assert (await server.ask("GET", f"{API}{folder}/123{end}")).content == STATE
    again = await server.ask("POST", f"{API}{folder}/post/124", STATE, who=SUPERADMIN)
    repeated = await server.ask("POST", f"{API}{folder}/post/124", STATE, who=SUPERADMIN)
    assert again.json() == repeated.json() == f"{HOST}{API}{folder}/124"
    for other, content in (("/property" if not folder else "", STATE), (folder, b"[]")):
        refused(await server.ask("POST", f"{API}{other}/post/124", content, who=SUPERADMIN), 409, "conflict")
    assert await server.content(124, folder) == STATE


@pytest.mark.parametrize("timestamp", ["x", "nan", "inf", "-1", "1e300", ""])
async def test_times_are_seconds(postgres_server: Server, timestamp: str) -> None:
    answer = await postgres_server.ask("POST", f"{API}/post/5?timestamp={timestamp}", STATE, who=SUPERADMIN)
    refused(answer, 422, "invalid_request")


async def test_new_ids_are_ones_that_browsers_read(postgres_server: Server) -> None:
    answer = await postgres_server.ask("POST", f"{API}/post/{2**53}", STATE, who=SUPERADMIN)
    refused(answer, 400, "invalid_id")
    answer = await postgres_server.ask("POST", f"{API}/post/{2**53 - 1}", STATE, who=SUPERADMIN)
    assert answer.json().endswith(f"/{2**53 - 1}")


async def test_whoever_has_no_token_learns_where_to_sign_in(postgres_server: Server) -> None:
    kept = await postgres_server.post(STATE)
    realm = 'Bearer realm="https://g.example.org/sticky_auth/api/v1/authorize"'
    for path in ("/version", f"/{kept}", f"/{ABSENT}", "/abc", "/table_info", f"/property/{kept}/info"):
        headers = {"Origin": "https://viewer.example.org"}
        answer = await postgres_server.ask("GET", API + path, who=None, headers=headers)
        refused(answer, 401, "no_token")
        assert answer.headers["www-authenticate"] == realm
        answer = await postgres_server.ask("GET", API + path, who=None, headers={"Authorization": "Bearer " + "0" * 32})
        assert refused(answer, 401, "invalid_token")["data"] == {"issuer": "https://g.example.org/sticky_auth"}
        sent = await postgres_server.ask("GET", API + path, who=None)
        assert sent.status_code == 302
        assert sent.headers["location"].startswith("https://g.example.org/sticky_auth/api/v1/authorize?redirect=")
        assert sent.headers["access-control-allow-origin"] == "*"
    answer = await postgres_server.ask("POST", f"{API}/post", STATE, who=None, headers={"Authorization": "x"})
    refused(answer, 400, "bad_auth_header")


async def test_viewers_may_send_the_token_in_the_query(postgres_server: Server) -> None:
    kept = await postgres_server.post(STATE)
    headers = {"Origin": "https://viewer.example.org"}
    path = f"{API}/{kept}?middle_auth_token={token(READER.id)}"
    assert (await postgres_server.ask("GET", path, who=None, headers=headers)).content == STATE
    answer = await postgres_server.ask(
        "POST", f"{API}/post?middle_auth_token={token(READER.id)}", b"[3]", who=None, headers=headers
    )
    assert token(READER.id) not in answer.text


async def test_posting_by_get_is_for_programs(postgres_server: Server) -> None:
    answer = await postgres_server.ask("GET", f"{API}/post", b"[1]")
    assert answer.status_code == 200
    cookie = {"Cookie": f"middle_auth_token={token(READER.id)}"}
    answer = await postgres_server.ask("GET", f"{API}/post", b"[2]", who=None, headers=cookie)
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["//nglstate/api/v1/post", "/nglstate//api///v1/post", "/nglstate/api/v1/post/"])
async def test_slashes_make_no_difference(postgres_server: Server, path: str) -> None:
    answer = await postgres_server.ask("POST", path, STATE)
    assert answer.status_code == 200
    kept = answer.json().rpartition("/")[2]
    for written in (f"//nglstate/api/v1/{kept}", f"/nglstate/api/v1//{kept}/", f"/nglstate/{kept}/"):
        assert (await postgres_server.ask("GET", written)).content == STATE


async def test_pages_of_other_origins_may_ask_and_read(postgres_server: Server) -> None:
    kept = await postgres_server.post(STATE)
    asked = {"Origin": "https://viewer.example.org", "Access-Control-Request-Headers": "authorization"}
    for path in (f"{API}/post", f"{API}/{kept}", f"{API}/property/{kept}/info", "/nglstate/5", f"{API}/post/5"):
        question = await postgres_server.ask("OPTIONS", path, who=None, headers=asked)
        assert (question.status_code, question.content) == (200, b"")
        assert "authorization" in question.headers["access-control-allow-headers"]
        assert {"POST", "DELETE"} <= set(question.headers["access-control-allow-methods"].split(", "))
    read = await postgres_server.ask("GET", f"{API}/{kept}", headers=asked)
    assert read.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in read.headers


async def test_other_methods_and_paths_are_refused(postgres_server: Server) -> None:
    kept = await postgres_server.post(STATE)
    for method, path, status, code in (
        ("PUT", f"{API}/{kept}", 405, "method_not_allowed"),
        ("POST", f"{API}/{kept}", 405, "method_not_allowed"),
        ("DELETE", f"/nglstate/{kept}", 405, "method_not_allowed"),
        ("GET", f"{API}/{kept}/info", 404, "not_found"),
        ("GET", "/nglstate/api/v2/version", 404, "not_found"),
        ("GET", "/other", 404, "not_found"),
    ):
        answer = await postgres_server.ask(method, path)
        refused(answer, status, code)


async def test_head_tells_the_same_without_the_body(postgres_server: Server) -> None:
    kept = await postgres_server.post(STATE)
    got, headed = [await postgres_server.ask(method, f"{API}/{kept}") for method in ("GET", "HEAD")]
    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers["content-length"] == got.headers["content-length"] == str(len(STATE))


async def test_whoever_posted_deletes(server: Server) -> None:
    kept = await server.post(STATE)
    assert (await server.ask("DELETE", f"{API}/{kept}")).content == b'"success"'
    refused(await server.ask("GET", f"{API}/{kept}"), 404, "not_found")
    refused(await server.ask("DELETE", f"{API}/{kept}"), 404, "not_found")
    assert await server.post(STATE) != kept, "what is deleted can be posted anew at once"


async def test_probes_need_no_token(postgres_server: Server) -> None:
    for path in ("/healthz", "/readyz", "/nglstate/healthz", "/nglstate/readyz"):
        assert (await postgres_server.ask("GET", path, who=None)).status_code == 200
