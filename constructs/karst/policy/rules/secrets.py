"""No secret in what is written to disk, to a plan or to state."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from karst.gcp.environment import secret_kind
from karst.policy.model import Json, Resource, Rule, Stack, as_mapping, as_objects, dig, on_each, walk

_SECRET_ATTRIBUTES = frozenset({"password", "root_password", "private_key", "client_secret", "secret_data", "payload"})
_MADE_IN_STATE = ("random_password", "tls_private_key", "random_id", "random_string")
_CERTIFICATES = "server_ca_certs"
_LINE = re.compile(r"""[ "']*(\w+)["']?\s*[:=]\s*["']?(.*?)["']?,?\s*""")
"""A setting in a file, whatever the language: `NAME = 'value'`, `name: value`, `"name": "value",`."""
_NO_SECRET = frozenset({"true", "false", "none", "null"})
_PINNED = re.compile(r"/secrets/[^/]+/versions/\d+")


def _no_literals(stack: Stack) -> Iterator[tuple[str, str]]:
    for resource in stack.resources():
        for place in _secrets_in(resource.body):
            yield resource.address, f"holds what looks like a secret in {place}: refer to Secret Manager instead"
    for resource in stack.resources("kubernetes_config_map_v1"):
        for place in _secrets_in_files(as_mapping(resource.body.get("data"))):
            yield resource.address, f"holds what looks like a secret in {place}: mount it from Secret Manager instead"
    for section in ("output", "locals", "variable", "provider", "terraform"):
        for place in _secrets_in(as_mapping(stack.document.get(section))):
            yield "", f"holds what looks like a secret in {section}.{place}: refer to Secret Manager instead"


def _secrets_in(body: Json) -> Iterator[str]:
    for path, text in walk(body):
        is_named = bool(path) and path[-1] in _SECRET_ATTRIBUTES and not text.startswith("${")
        if is_named or secret_kind("", text) is not None:
            yield ".".join(path)
    yield from _secret_settings(body)


def _secret_settings(value: object) -> Iterator[str]:
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _secret_settings(inner)
    for setting in as_objects(value):
        name, text = setting.get("name"), setting.get("value")
        if isinstance(value, dict) and isinstance(name, str) and isinstance(text, str) and secret_kind(name, text):
            yield f"the setting {name}"


def _secrets_in_files(files: Json) -> Iterator[str]:
    for name, content in files.items():
        for line in (line for text in _texts(str(content)) for line in text.splitlines()):
            found = _LINE.fullmatch(line)
            if found and found[2].lower() not in _NO_SECRET and secret_kind(found[1], found[2]):
                yield f"the setting {found[1]} of the file {name}"


def _texts(content: str) -> Iterator[str]:
    """The file, or the parts of files that it holds: those whose secrets are filled in later are kept as JSON."""
    try:
        parsed = json.loads(content)
    except ValueError:
        yield content
    else:
        yield from (text for _, text in walk(parsed))


def _follows_rotation(stack: Stack) -> Iterator[tuple[str, str]]:
    for resource in stack.resources():
        if any(_PINNED.search(text) for _, text in walk(resource.body)):
            yield resource.address, "reads one version of a secret for ever: read `latest`"
    for resource in stack.resources("google_cloud_run_v2_service", "google_cloud_run_v2_job"):
        if any(path[-1:] == ("version",) and text != "latest" for path, text in walk(resource.body.get("template"))):
            yield resource.address, "reads one version of a secret for ever: read `latest`"
    for resource in stack.resources("google_container_cluster"):
        for driver in ("secret_manager_config", "secret_sync_config"):
            if as_mapping(resource.body.get(driver)) and not _rotates(resource, driver):
                yield resource.address, f"never looks at secrets again: enable {driver}.rotation_config"


def _rotates(resource: Resource, driver: str) -> bool:
    return dig(resource.body, driver, "rotation_config", "enabled") is True


def _none_in_state(stack: Stack) -> Iterator[tuple[str, str]]:
    for resource in stack.resources(*_MADE_IN_STATE):
        yield resource.address, "keeps its value in state: use GeneratedSecret, whose value is in none"
    for resource in stack.resources("google_secret_manager_secret_version"):
        data = resource.text("secret_data")
        if data and _CERTIFICATES not in data:
            yield resource.address, "keeps the secret in state: write it by secret_data_wo"


def _rotates_without_gap(resource: Resource) -> Iterator[str]:
    if not resource.is_true("lifecycle", "create_before_destroy"):
        yield "leaves a moment without a value when it is replaced: set create_before_destroy"


RULES = (
    Rule(
        id="KARST_SEC_1",
        reason="What is written into a declaration is in version control, in plans and in state.",
        judge=_no_literals,
    ),
    Rule(
        id="KARST_SEC_2",
        reason="Whoever reads state reads every value that Terraform made or stored.",
        judge=_none_in_state,
    ),
    Rule(
        id="KARST_SEC_3",
        reason="A program that starts between the old value and the new fails.",
        judge=on_each(("google_secret_manager_secret_version",), _rotates_without_gap),
    ),
    Rule(
        id="KARST_SEC_4",
        reason="A secret that was replaced because it leaked goes on working.",
        judge=_follows_rotation,
    ),
)
