from __future__ import annotations

import pytest

from karst.derived.secret_classes import PlacedFile, SecretSync, WorkloadSecrets, workload_secrets
from karst.derived.workloads import Workload
from tests.derived.workers import deployment, service

PROJECT = "projects/lab-cave/secrets"
KEY = {"description": "A key", "is_generated": True}
UPSTREAM = {"image": {"source": "upstream", "repository": "guide", "version": "v1"}, "package": None}


def secrets(workload: Workload, **keys: object) -> WorkloadSecrets:
    found = workload_secrets(deployment(**keys), workload)
    assert found is not None
    return found


def resources(found: WorkloadSecrets) -> dict[str, str]:
    return {entry.file: entry.resource for entry in found.secret_class.entries}


def test_a_workload_without_secrets_mounts_none() -> None:
    assert workload_secrets(deployment(), service("plain", {})) is None


def test_each_secret_is_a_file_of_its_variables_name_and_says_its_version() -> None:
    chosen = {"API_KEY": "secret:other-key@7", "FOREIGN": "secret:projects/other-lab/secrets/theirs"}
    found = secrets(service("info", {}, choice={"secrets": chosen}, secrets={"SIGNING_KEY": KEY}))
    assert resources(found) == {
        "API_KEY": f"{PROJECT}/other-key/versions/7",
        "FOREIGN": "projects/other-lab/secrets/theirs/versions/latest",
        "SIGNING_KEY": f"{PROJECT}/api-info-signing-key/versions/latest",
    }
    assert found.secret_class.name == "info"
    assert found.files == ("API_KEY", "FOREIGN", "SIGNING_KEY")
    assert (found.sync, found.variables, found.folder) == (None, (), "/run/secrets/karst")


def test_what_must_be_a_variable_is_synchronized_and_nothing_else() -> None:
    declared = {"FORM_KEY": KEY | {"is_variable": True}, "SIGNING_KEY": KEY}
    found = secrets(service("guide", {}, secrets=declared, **UPSTREAM))
    assert found.sync == SecretSync(name="guide-variables", account="guide", secret_class="guide", keys=("FORM_KEY",))
    assert found.variables == ("FORM_KEY",)
    assert "FORM_KEY" in found.files


def test_an_optional_variable_without_a_value_is_not_waited_for() -> None:
    hook = {"description": "Where failures go", "is_required": False, "is_variable": True}
    assert workload_secrets(deployment(), service("tester", {}, secrets={"HOOK": hook}, **UPSTREAM)) is None
    found = secrets(
        service("tester", {}, choice={"secrets": {"HOOK": "secret:hook"}}, secrets={"HOOK": hook}, **UPSTREAM)
    )
    assert found.variables == ("HOOK",)


def test_a_redis_is_opened_by_its_password_and_checked_by_its_authorities() -> None:
    user = service("mesh", {}, stores={"cache": [{"name": "cache"}]})
    assert resources(secrets(user)) == {
        "REDIS_CACHE_AUTH": f"{PROJECT}/api-redis-cache-auth/versions/latest",
        "REDIS_CACHE_CA": f"{PROJECT}/api-redis-cache-ca/versions/latest",
    }
    existing = {"cache": {"manage": "existing"}}
    assert workload_secrets(deployment(redis=existing), user) is None
    existing = {"cache": {"manage": "existing", "auth": "secret:old"}}
    assert resources(secrets(user, redis=existing)) == {"REDIS_CACHE_AUTH": f"{PROJECT}/old/versions/latest"}


def test_a_redis_that_the_deployment_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"services\.auth: it uses the Redis 'global', .* has broker, cache\. Add the"):
        workload_secrets(deployment(), service("auth", {}, stores={"cache": [{"name": "global"}]}))


def test_files_of_other_projects_reach_the_services_of_the_graph_or_those_that_are_named() -> None:
    graph = {"tables": [{"name": "graph", "scope": "dataset"}]}
    beside = {"DAF_CREDENTIALS": {"description": "Token", "default": "/root/.cloudvolume/secrets/cave-secret.json"}}
    extra = {"extra": [{"name": "lab-google-secret.json", "secret": "secret:reader"}]}
    found = secrets(service("mesh", {}, settings=beside, stores=graph), secrets=extra)
    assert resources(found) == {"lab-google-secret.json": f"{PROJECT}/reader/versions/latest"}
    path = "/root/.cloudvolume/secrets/lab-google-secret.json"
    assert found.placed == (PlacedFile(file="lab-google-secret.json", path=path),)
    assert secrets(service("graph", {}, stores=graph), secrets=extra).placed == ()
    assert workload_secrets(deployment(secrets=extra), service("info", {})) is None
    named = {"extra": [extra["extra"][0] | {"services": ["info"]}]}
    assert secrets(service("info", {}), secrets=named).files == ("lab-google-secret.json",)
    assert workload_secrets(deployment(secrets=named), service("mesh", {}, stores=graph)) is None


def test_two_secrets_of_one_name_are_refused() -> None:
    extra = {"extra": [{"name": "KEY", "secret": "secret:reader", "services": ["info"]}]}
    with pytest.raises(ValueError, match=r"services\.info: two secrets are called KEY\. Rename one"):
        workload_secrets(deployment(secrets=extra), service("info", {}, secrets={"KEY": KEY}))
