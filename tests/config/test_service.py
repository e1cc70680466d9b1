"""`service.yaml`: what it refuses, and with which words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from karst.config.errors import ConfigError
from karst.config.service import Service, load_service, load_services
from karst.config.service_needs import StoreUses
from karst.config.service_routes import Route, Routes, covers, exactness
from karst.config.service_runtime import Process

WEB = {"port": 8080, "resources": {"cpu": "100m", "memory": "128Mi"}, "drain_s": 45}
GOOD: dict[str, object] = {
    "name": "info",
    "description": "Datastacks",
    "package": "karst-info",
    "kinds": ["global"],
    "processes": {"web": WEB, "worker": {"resources": {"cpu": "1", "memory": "1Gi"}, "is_generation_bound": True}},
    "health": {"live": "/health/live", "ready": "/health/ready"},
    "routes": {
        "prefix": "/info",
        "reads": [{"path": "/api/{name}"}],
        "writes": [{"path": "/api", "methods": ["POST"]}],
    },
}
TWO = {**GOOD, "processes": {"web": WEB, "writer": WEB}}


def routes(**changes: object) -> dict[str, object]:
    return {**TWO, "routes": {"prefix": "/x", "write_process": "writer", **changes}}


def write(folder: Path, content: dict[str, object]) -> Path:
    path = folder / str(content["name"]) / "service.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=1))
    return path


def test_a_whole_declaration_loads(tmp_path: Path) -> None:
    service = load_service(write(tmp_path, GOOD))
    assert list(service.listening) == ["web"]
    assert service.processes["worker"].is_generation_bound


SCHEDULER = {
    "resources": {"cpu": "10m", "memory": "128Mi"},
    "scaling": {"min_replicas": 1, "max_replicas": 1},
    "is_generation_bound": True,
    "is_scheduler": True,
}


def with_scheduler(**changes: object) -> dict[str, object]:
    return {**GOOD, "processes": {"web": WEB, "beat": {**SCHEDULER, **changes}}}


def test_a_scheduler_loads(tmp_path: Path) -> None:
    assert load_service(write(tmp_path, with_scheduler())).processes["beat"].is_scheduler


BAD: dict[str, tuple[dict[str, object], str]] = {
    "scheduler in every generation": (
        with_scheduler(is_generation_bound=False),
        "would start everything twice. Add is_generation_bound: true",
    ),
    "two schedulers": (with_scheduler(scaling={"max_replicas": 2}), "two schedulers would start everything twice"),
    "scheduler that listens": (with_scheduler(port=8080), "a scheduler neither ends nor answers requests"),
    "scheduler that ends": (with_scheduler(schedule="0 0 * * *"), "a scheduler neither ends nor answers requests"),
    "no health": ({**GOOD, "health": None}, "health is missing. Write the paths live and ready"),
    "live is ready": (
        {**GOOD, "health": {"live": "/h", "ready": "/h"}},
        "live and ready are the same path '/h'. Write two",
    ),
    "drain below handler": (
        {**GOOD, "timeouts": {"handler_s": 45, "edge_s": 60}},
        "timeouts are out of order: handler_s 45, drain_s of 'web' 45, edge_s 60. Write them so",
    ),
    "edge below drain": (
        {**GOOD, "timeouts": {"handler_s": 5, "edge_s": 45}},
        "timeouts are out of order: handler_s 5",
    ),
    "claimed twice": (
        {**GOOD, "routes": {"prefix": "/x", "reads": [{"path": "/a/{b}"}, {"path": "/a/{c}"}]}},
        "the route GET /a/{c} is claimed twice. Remove one of the two",
    ),
    "write hidden by precedence": (
        routes(
            reads=[{"path": "/api/{rest:path}", "precedence": 1}],
            writes=[{"path": "/api/{table}/merge", "methods": ["POST"]}],
        ),
        "the write route /api/{table}/merge is hidden by the read route /api/{rest:path}: the edge",
    ),
    "write hidden by the same path": (
        routes(reads=[{"path": "/api"}], writes=[{"path": "/api", "methods": ["POST"]}]),
        "the write route /api is hidden by the read route /api",
    ),
    "unknown process": ({**GOOD, "routes": {"prefix": "/x", "read_process": "wbe"}}, "Did you mean 'web'?"),
    "process without a port": (
        {**GOOD, "routes": {"prefix": "/x", "read_process": "worker"}},
        "routes go to the process 'worker', which does not listen",
    ),
    "sticky twice": (
        {**GOOD, "routes": {"prefix": "/x", "sticky_prefix": "/x"}},
        "sticky_prefix and prefix are both '/x'. Write another sticky_prefix, or none",
    ),
    "no package": ({**GOOD, "package": None}, "package is missing. Write the name of the Python distribution"),
    "upstream package": (
        {**GOOD, "image": {"source": "upstream", "repository": "docker.io/x/y", "version": "v1"}},
        "an upstream image installs no package of ours. Remove package",
    ),
    "upstream unnamed": (
        {**GOOD, "image": {"source": "upstream", "version": "v1"}},
        "an upstream image lacks its name. Write repository and version",
    ),
    "latest": (
        {**GOOD, "image": {"source": "upstream", "repository": "docker.io/x/y", "version": "latest"}},
        "version 'latest' means another image every day. Write the tag of a release",
    ),
    "version of ours": (
        {**GOOD, "image": {"version": "v1"}},
        "an image of ours takes its name from its source. Remove repository and version",
    ),
    "setting and secret": (
        {**GOOD, "settings": {"KEY": {"description": "x"}}, "secrets": {"KEY": {"description": "x"}}},
        "KEY is both a setting and a secret. Keep one of the two",
    ),
    "calls itself": ({**GOOD, "calls": ["info"]}, "'info' calls itself. Remove it from calls"),
    "migrates what it reads": (
        {**GOOD, "migrations": {"command": ["x"], "database": "info"}, "stores": {"relational": [{"name": "info"}]}},
        "migrations change the database 'info', which the service does not write",
    ),
    "bounds": (
        {**GOOD, "processes": {"web": {**WEB, "scaling": {"min_replicas": 5}}}},
        "min_replicas 5 is above max_replicas 4. Lower one or raise the other",
    ),
    "queue without a name": (
        {**GOOD, "processes": {"web": {**WEB, "scaling": {"signal": "queue"}}}},
        "signal 'queue' and the key queue belong together. Write both or neither",
    ),
    "more processor time than nodes spare": (
        {**GOOD, "processes": {"web": {**WEB, "scaling": {"target": 301}}}},
        "target 301 is out of reach. Write 1 to 300, percent of what a replica reserves, for signal 'cpu'",
    ),
    "more memory than there is": (
        {**GOOD, "processes": {"web": {**WEB, "scaling": {"signal": "memory", "target": 101}}}},
        "target 101 is out of reach. Write 1 to 100, percent of what a replica reserves, for signal 'memory'",
    ),
    "limit below request": (
        {**GOOD, "processes": {"web": {**WEB, "resources": {"cpu": "1", "memory": "1Gi", "memory_limit": "900Mi"}}}},
        "memory_limit 900Mi is below memory 1Gi. Raise the limit",
    ),
    "unknown key": ({**GOOD, "helth": {}}, "Remove it: 'health', which looks like it, stands here already"),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_mistakes_are_named_with_file_and_remedy(tmp_path: Path, case: str) -> None:
    content, message = BAD[case]
    path = write(tmp_path, content)
    with pytest.raises(ConfigError) as caught:
        load_service(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_the_folder_bears_the_services_name(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD).rename(tmp_path / "service.yaml")
    with pytest.raises(ConfigError, match="name: is 'info', but the folder is"):
        load_service(path)


def test_services_come_by_name_in_order(tmp_path: Path) -> None:
    write(tmp_path, {**GOOD, "name": "zebra", "routes": None})
    write(tmp_path, {**GOOD, "calls": ["zebra"]})
    assert list(load_services(tmp_path)) == ["info", "zebra"]


def test_unknown_calls_and_doubly_claimed_paths_are_all_told(tmp_path: Path) -> None:
    write(tmp_path, {**GOOD, "calls": ["ifno2"]})
    write(tmp_path, {**GOOD, "name": "other", "calls": ["inffo"]})
    with pytest.raises(ConfigError) as caught:
        load_services(tmp_path)
    text = str(caught.value)
    assert "there is no service 'inffo'. Did you mean 'info'?" in text
    assert "there is no service 'ifno2'" in text
    assert "/info/api/* is already a route of 'info'. Give one of the two another path." in text


def test_mistakes_of_several_files_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, {**GOOD, "health": None})
    write(tmp_path, {**GOOD, "name": "other", "package": None})
    with pytest.raises(ConfigError) as caught:
        load_services(tmp_path)
    assert len(caught.value.problems) == 2


def test_write_routes_are_tried_before_the_read_routes_that_cover_them() -> None:
    ordered = Routes(
        prefix="/segmentation",
        write_process="writer",
        reads=(Route(path="/api/{rest:path}"), Route(path="/")),
        writes=(Route(path="/api/v1/table/{table}/merge"),),
    ).in_order()
    assert [(pattern, process) for pattern, process, _ in ordered] == [
        ("/segmentation", "web"),
        ("/segmentation/api/v1/table/*/merge", "writer"),
        ("/segmentation/api/**", "web"),
    ]


@pytest.mark.parametrize(
    ("general", "special", "is_covered"),
    [
        ("/a/**", "/a/b/c", True),
        ("/a/**", "/a", False),
        ("/a/*", "/a/b", True),
        ("/a/*", "/a/**", False),
        ("/a/*", "/a/b/c", False),
        ("/**", "/a/*", True),
        ("/a/b", "/a/*", False),
        ("/", "/a", False),
    ],
)
def test_a_pattern_covers_another(general: str, special: str, *, is_covered: bool) -> None:
    assert covers(general, special) is is_covered


_PATTERNS = st.lists(st.sampled_from(["a", "b", "*"]), min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))


@given(_PATTERNS, _PATTERNS)
def test_what_covers_another_is_tried_after_it(general: str, special: str) -> None:
    if general != special and covers(general, special):
        assert exactness(special) < exactness(general)


def test_every_field_has_a_meaning_and_an_example() -> None:
    schema = Service.model_json_schema()
    for model in (schema, *(each for each in schema["$defs"].values() if "properties" in each)):
        for name, field in model["properties"].items():
            assert field.get("description"), f"{model['title']}.{name} has no description"
            assert field.get("examples"), f"{model['title']}.{name} has no example"


@pytest.mark.parametrize("name", ["builder", "keda", "nodes"])
def test_a_service_may_not_be_called_like_an_account_of_karsts_own(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_service(write(tmp_path, {**GOOD, "name": name}))
    said = f"name: '{name}' is the name of an account of Karst's own. Give the service another name."
    assert [str(problem).partition("service.yaml:2: ")[2] for problem in caught.value.problems] == [said]


def test_only_one_service_administers_databases(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'sql-roles' is the service that administers databases"):
        load_service(write(tmp_path, {**GOOD, "name": "sql-roles"}))


@pytest.mark.parametrize("word", ["first", "last"])
@pytest.mark.parametrize(
    "more",
    [
        {"port": 8080},
        {"schedule": "0 3 * * *"},
        {"is_generation_bound": True},
        {"is_scheduler": True},
        {"runs_first": True, "runs_last": True},
    ],
)
def test_what_runs_first_or_last_only_runs_and_ends(more: dict[str, object], word: str) -> None:
    once = {f"runs_{word}": True, "resources": {"cpu": "50m", "memory": "64Mi"}}
    assert Process.model_validate(once).runs_once
    with pytest.raises(ValidationError, match=r"keep one|or runs_|neither ends nor answers|is_generation_bound: true"):
        Process.model_validate({**once, **more})


@pytest.mark.parametrize(("kind", "access"), [("objects", "write"), ("relational", "read")])
def test_only_databases_that_are_written_are_copied(kind: str, access: str) -> None:
    use = {"name": "annotations", "access": access, "scope": "dataset", "creates_databases": True}
    assert StoreUses.model_validate({"relational": [{**use, "access": "write"}]}).relational[0].creates_databases
    with pytest.raises(ValidationError, match="only whole databases with access: write can have"):
        StoreUses.model_validate({kind: [use]})
