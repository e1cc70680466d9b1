"""Templates of upstream's files and settings: values arrive unchanged, and what is missing is named."""

from __future__ import annotations

import ast
import configparser
import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import karst.upstream
from karst.config.service import load_services
from karst.upstream.render import RenderError, dsn, names_in, render
from karst.upstream.values import VALUES
from tests.upstream.sample import NASTY, values

FOLDER = Path(karst.upstream.__file__).parent
SERVICES = load_services(FOLDER)
FILES = [(name, path) for name, service in SERVICES.items() for path in service.config_files]
SETTINGS = [
    (name, variable)
    for name, service in SERVICES.items()
    for variable, setting in service.settings.items()
    if setting.template is not None
]


def template_path(service: str, mounted: str) -> Path:
    return FOLDER / service / SERVICES[service].config_files[mounted].template


def rendered(service: str, mounted: str) -> str:
    """The file with the secrets that the service declares, and no other."""
    secrets = dict.fromkeys(SERVICES[service].secrets, NASTY.strip())
    if "OAUTH_CLIENT" in secrets:
        secrets["OAUTH_CLIENT"] = json.dumps({"web": {"client_secret": NASTY}})
    return render(template_path(service, mounted).read_text(), values(secrets))


def python_values(text: str) -> dict[str, object]:
    """Names to literals of a Python file; what is no literal (a Redis client) is left out."""
    found: dict[str, object] = {}
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Assign) and not isinstance(statement.value, ast.Call):
            target = statement.targets[0]
            assert isinstance(target, ast.Name)
            found[target.id] = ast.literal_eval(statement.value)
    return found


def parsed(mounted: str, text: str) -> Mapping[str, object]:
    match Path(mounted).suffix:
        case ".cfg" | ".py":
            return python_values(text)
        case ".json" | ".yml":
            return json.loads(text)
        case ".ini":
            parser = configparser.ConfigParser()
            parser.read_string(text)
            return dict(parser["SETTINGS"])
        case ".conf" | ".html":
            return {"text": text}
        case suffix:
            raise AssertionError(f"no parser for {suffix}")


@pytest.mark.parametrize(("service", "mounted"), FILES)
def test_file_renders_and_parses_with_its_own_secrets(service: str, mounted: str) -> None:
    assert parsed(mounted, rendered(service, mounted))


@pytest.mark.parametrize(("service", "mounted"), FILES)
def test_file_with_secrets_is_mounted_from_a_secret(service: str, mounted: str) -> None:
    names = "secrets" in template_path(service, mounted).read_text()
    assert SERVICES[service].config_files[mounted].is_secret is names


@pytest.mark.parametrize(("service", "variable"), SETTINGS)
def test_setting_renders_without_secrets(service: str, variable: str) -> None:
    template = SERVICES[service].settings[variable].template
    assert template is not None
    assert "secrets" not in template
    assert render(template, values()).strip()


def test_templates_name_documented_values_only() -> None:
    texts = [template_path(*file).read_text() for file in FILES]
    texts += [SERVICES[name].settings[variable].template or "" for name, variable in SETTINGS]
    named = {name for text in texts for name in names_in(text)}
    assert named == set(VALUES)
    assert set(values()) == set(VALUES)


def test_every_secret_is_used() -> None:
    for name, service in SERVICES.items():
        texts = "".join(template_path(name, mounted).read_text() for mounted in service.config_files)
        for secret, declared in service.secrets.items():
            assert declared.is_variable is (f"secrets.{secret}" not in texts), (name, secret)


@pytest.mark.parametrize("name", sorted({"auth", "sticky-auth", "info", "annotationengine", "materialize"}))
def test_password_survives_in_python(name: str) -> None:
    mounted = next(path for path in SERVICES[name].config_files if path.endswith("config.cfg"))
    found = python_values(rendered(name, mounted))
    url = urlsplit(str(found["SQLALCHEMY_DATABASE_URI"]))
    assert unquote(url.password or "") == NASTY.strip()
    assert url.hostname == "sql.internal"


def test_values_survive_in_python() -> None:
    found = python_values(rendered("proxy", "/app/config/config.cfg"))
    assert found["PROXY_MAP"] == {"minnie": NASTY}


def test_values_survive_in_json() -> None:
    mounted = "/root/.cloudvolume/secrets/cave-secret.json"
    assert json.loads(rendered("cavecanary", mounted)) == {"token": NASTY.strip()}


def test_values_survive_in_ini() -> None:
    found = parsed("config.ini", rendered("cavecanary", "/app/config/config.ini"))
    assert found["slack_api_token"] == NASTY.strip()
    assert json.loads(str(found["datastack_name"])) == ["minnie", "fly"]
    assert unquote(urlsplit(str(found["database_uri"])).password or "") == NASTY.strip()


def test_auth_info_is_json_that_nginx_can_hold() -> None:
    text = rendered("auth-info", "/etc/nginx/conf.d/default.conf")
    body = text.partition("return 200 '")[2].partition("';")[0]
    assert json.loads(body) == values()["auth_info"]


def test_front_page_escapes_names() -> None:
    page = rendered("landing", "/usr/share/nginx/html/index.html")
    assert "&lt;info&gt;" in page
    assert "<info>" not in page


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ password }}", "a value is missing: 'password' is undefined. Known here: host"),
        ("{{ password | pyliteral }}", "a value is missing: 'password' is undefined. Known here: host"),
        ("{{ host.port | json }}", "a value is missing: 'str object' has no attribute 'port'. Known here: host"),
        ("\n{{ host", "the template is wrong in line 2"),
        ("{{ host | upcase }}", "the template is wrong in line 1: No filter named 'upcase'"),
    ],
)
def test_what_is_wrong_is_named(template: str, message: str) -> None:
    with pytest.raises(RenderError) as failure:
        render(template, {"host": "local.example.org"})
    assert str(failure.value).startswith(message)


def test_ini_refuses_what_would_add_a_line() -> None:
    with pytest.raises(RenderError, match="breaks its line"):
        render("{{ value | ini }}", {"value": "a\nDATABASE_URI = other"})


def test_objects_never_become_their_repr() -> None:
    with pytest.raises(RenderError, match="type object has no place"):
        render("{{ value | pyliteral }}", {"value": object()})


def test_database_without_host_is_refused() -> None:
    with pytest.raises(RenderError, match="the database lacks host"):
        dsn({"user": "u", "port": 1, "name": "n"}, "p")
