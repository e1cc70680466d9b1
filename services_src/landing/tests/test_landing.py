"""The front page: what it shows, what it hides, and that nothing brings it down."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import httpx
import pytest

from karst_landing import Demo, HealthSource, LandingSettings, ServiceLink, create_app
from karst_landing.datasets import DatasetsFile
from karst_platform import SettingsError, load_settings

HOSTILE = "<script>alert('x')</script>\"'\\%@/{{7*7}}\u202e"
INFO = ServiceLink(name="Info", description="Datastacks", url="/info/")


def write(path: Path, *datasets: Mapping[str, object]) -> Path:
    path.write_text(json.dumps({"version": 1, "deployment": "demo", "datasets": datasets}))
    return path


def refuse(*_: object) -> NoReturn:
    pytest.fail("read the list")


def ask(
    settings: LandingSettings,
    path: str,
    method: str = "GET",
    *,
    demo: Demo | None = None,
    health: HealthSource | None = None,
    **headers: str,
) -> httpx.Response:
    async def answer() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(settings, demo=demo, health=health))
        async with httpx.AsyncClient(transport=transport, base_url="https://demo.example.org") as client:
            return await client.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return asyncio.run(answer())


@pytest.fixture
def settings(tmp_path: Path) -> LandingSettings:
    return LandingSettings(
        deployment="Demo",
        datasets_path=write(
            tmp_path / "datasets.json",
            {"name": "minnie", "title": "Minnie65", "public": True, "resolution_nm": [4.04, 4, 40], "unknown": 1},
            {"name": "hush", "title": "Not yet published"},
        ),
        services=(INFO,),
    )


def test_the_page_lists_public_datasets_and_services(settings: LandingSettings) -> None:
    page = ask(settings, "/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for text in (
        "Minnie65",
        "4.04 \N{MULTIPLICATION SIGN} 4 \N{MULTIPLICATION SIGN} 40 nm",
        "1 more for people who have access",
        '<a href="/info/">Info</a>',
    ):
        assert text in page.text
    assert "hush" not in page.text
    assert "Not yet published" not in page.text


def test_all_datasets_are_named_only_where_the_deployment_says_so(settings: LandingSettings) -> None:
    told = settings.model_copy(update={"shows_all_datasets": True})
    assert [each["name"] for each in ask(told, "/api/v1/datasets").json()["datasets"]] == ["minnie", "hush"]
    assert [each["name"] for each in ask(settings, "/api/v1/datasets").json()["datasets"]] == ["minnie"]


SCRIPTS = [f'<script src="/static/{name}" defer></script>' for name in ("karst.js", "landing.js")]


def test_the_page_loads_nothing_from_elsewhere(settings: LandingSettings) -> None:
    page = ask(settings, "/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert re.findall("<script.*?</script>", page.text) == SCRIPTS
    assert "style=" not in page.text
    for name, kind in (
        ("landing.css", "text/css; charset=utf-8"),
        ("karst.js", "text/javascript; charset=utf-8"),
        ("landing.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ):
        file = ask(settings, f"/static/{name}")
        assert f"/static/{name}" in page.text
        assert file.headers["content-type"] == kind
        assert "@import" not in file.text
        assert "url(" not in file.text


def test_links_lead_to_descriptions_of_apis(settings: LandingSettings) -> None:
    described = INFO.model_copy(update={"api": "/info/docs"})
    page = ask(settings.model_copy(update={"services": (described,)}), "/").text
    assert '<a class="api" href="/info/docs">API</a>' in page
    assert "API" not in ask(settings, "/").text


def test_where_health_is_asked_for_each_service_says_how_it_fares(settings: LandingSettings) -> None:
    async def health() -> Mapping[str, str | None]:
        return {"Info": "postgres: no answer", "Schema": None}

    page = ask(settings, "/", health=health).text
    assert 'data-health="/api/v1/health"' in page
    assert 'title="postgres: no answer">waiting</span>' in page
    assert ask(settings, "/api/v1/health", health=health).json() == {
        "services": [
            {"name": "Info", "ready": False, "missing": "postgres: no answer"},
            {"name": "Schema", "ready": True, "missing": None},
        ]
    }


def test_elsewhere_nothing_is_said_of_health(settings: LandingSettings) -> None:
    assert "data-health" not in ask(settings, "/").text
    assert ask(settings, "/api/v1/health").json() == {"services": []}


def test_the_token_stands_on_the_page_of_a_demo_only_and_stays_out_of_caches(settings: LandingSettings) -> None:
    demo = Demo(email="ada@example.org", token="header.payload.signature")
    page = ask(settings, "/", demo=demo)
    assert "header.payload.signature" in page.text
    assert "ada@example.org" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "header.payload.signature" not in repr(demo)
    assert "token" not in ask(settings, "/").text
    assert ask(settings, "/").headers["cache-control"] == "no-cache"


def test_hostile_names_are_shown_and_not_obeyed(tmp_path: Path) -> None:
    stacks = [{"name": HOSTILE, "description": HOSTILE, "viewer_site": "javascript:alert(1)"}]
    dataset = {"name": HOSTILE, "title": HOSTILE, "description": HOSTILE, "public": True, "datastacks": stacks}
    path = write(tmp_path / "datasets.json", dataset)
    link = ServiceLink(name=HOSTILE, description=HOSTILE, url="https://example.org/?a=\"'<>")
    told = LandingSettings(deployment=HOSTILE, datasets_path=path, services=(link,))
    page = ask(told, "/").text
    assert re.findall("<script.*?</script>", page) == SCRIPTS
    assert "javascript:" not in page
    assert "&lt;script&gt;" in page
    assert "{{7*7}}" in page
    assert ask(told, "/api/v1/datasets").json()["datasets"][0]["datastacks"][0]["viewer_site"] is None


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be found"),
        (b"", "is broken"),
        (b"{", "is broken"),
        (b"[]", "is broken"),
        (b"\xff\xfe", "is broken"),
        (b'{"version": 2, "datasets": []}', "is broken"),
        (b"[" * 100_000, "is broken"),
    ],
)
def test_a_missing_or_broken_list_is_said_and_does_not_fail(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    path = tmp_path / "datasets.json"
    if content is not None:
        path.write_bytes(content)
    told = LandingSettings(datasets_path=path, services=(INFO,))
    page, listing = ask(told, "/"), ask(told, "/api/v1/datasets")
    assert (page.status_code, listing.status_code) == (200, 200)
    assert problem in page.text
    assert "Info" in page.text
    assert listing.json()["datasets"] == []
    assert problem in listing.json()["problem"]
    assert ask(told, "/health/ready").status_code == 200


def test_a_list_in_a_folder_is_unreadable_and_said(tmp_path: Path) -> None:
    assert "cannot be read" in str(DatasetsFile(tmp_path).listing().problem)


def test_the_list_is_read_again_when_it_changes_and_kept_when_it_breaks(tmp_path: Path) -> None:
    path = write(tmp_path / "datasets.json", {"name": "one"})
    file = DatasetsFile(path)
    assert [each.name for each in file.listing().datasets] == ["one"]
    write(tmp_path / "next.json", {"name": "two"}).replace(path)
    assert [each.name for each in file.listing().datasets] == ["two"]
    path.write_text("{")
    broken = file.listing()
    assert [each.name for each in broken.datasets] == ["two"]
    assert broken.problem is not None
    write(tmp_path / "next.json", {"name": "three"}).replace(path)
    assert file.listing().problem is None
    path.unlink()
    assert [each.name for each in file.listing().datasets] == ["three"]
    assert "cannot be found" in str(file.listing().problem)


def test_an_unchanged_list_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = DatasetsFile(write(tmp_path / "datasets.json", {"name": "one"}))
    first = file.listing()
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert file.listing() is first


def test_live_asks_nothing(settings: LandingSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DatasetsFile, "listing", refuse)
    assert ask(settings, "/health/live").json() == {"status": "live"}


@pytest.mark.parametrize("path", ["/api/v1/datasets", "/api/v1/services", "/health/live", "/health/ready"])
def test_slashes_make_no_difference_and_no_redirect(settings: LandingSettings, path: str) -> None:
    for written in (f"{path}/", f"/{path}", f"//{path.replace('/', '//')}//"):
        assert ask(settings, f"http://localhost{written}").json() == ask(settings, path).json(), written


def test_other_methods_are_answered_with_those_that_work(settings: LandingSettings) -> None:
    answer = ask(settings, "/api/v1/datasets", "DELETE")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert answer.json()["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "//evil.example.org", "/\\evil.example.org", "data:x", "", "ftp://x"]
)
def test_links_lead_to_pages_only(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        ServiceLink(name="x", url=url)


def test_settings_come_from_the_environment() -> None:
    told = load_settings(LandingSettings, {"KARST_SERVICES": '[{"name": "Info", "url": "/info/"}]', "HOME": "/"})
    assert told.services == (ServiceLink(name="Info", url="/info/"),)


def test_settings_that_are_wrong_are_all_named_without_their_values() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(LandingSettings, {"KARST_SERVICES": "hidden", "KARST_PORT": "hidden"})
    assert "KARST_SERVICES" in str(caught.value)
    assert "KARST_PORT" in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_a_missing_list_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = DatasetsFile(tmp_path / "none.json")
    with caplog.at_level(logging.ERROR):
        file.listing()
        file.listing()
    assert len(caplog.records) == 1


def test_viewers_of_any_origin_learn_where_to_sign_in(tmp_path: Path) -> None:
    stacks = [{"name": "tiny_flat"}, {"name": "tiny"}]
    path = write(tmp_path / "datasets.json", {"name": "tiny", "datastacks": stacks}, {"name": "bare"})
    told = LandingSettings(datasets_path=path, sticky_auth_url="g.example.org/sticky_auth")
    answer = ask(told, "/auth_info", Origin="https://viewer.example.org")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json() == {
        "login_url": "https://g.example.org/sticky_auth",
        "supported_datastacks": ["tiny", "tiny_flat"],
    }
    for path in ("/auth_info", "/auth_info/", "http://localhost//auth_info"):
        question = ask(told, path, "OPTIONS", Origin="https://viewer.example.org")
        assert (question.status_code, question.headers["access-control-allow-origin"]) == (200, "*")
        assert "authorization" in question.headers["access-control-allow-headers"]
    for path in ("/", "/api/v1/datasets", "/auth_info/x"):
        assert "access-control-allow-origin" not in ask(told, path).headers
        assert (
            "access-control-allow-origin" not in ask(told, path, "OPTIONS", Origin="https://viewer.example.org").headers
        )


def test_where_nobody_signs_in_nobody_is_told_where(settings: LandingSettings) -> None:
    assert ask(settings, "/auth_info").status_code == 404


@pytest.mark.parametrize("place", ["https://g.example.org/x", "g.example.org/", "g.example.org/x?y", "a b"])
def test_where_to_sign_in_is_a_host_and_a_path(place: str) -> None:
    with pytest.raises(SettingsError, match="STICKY_AUTH_URL"):
        load_settings(LandingSettings, {"STICKY_AUTH_URL": place})
