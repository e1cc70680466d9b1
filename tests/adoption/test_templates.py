"""Both of upstream's templates: every variable has a place, nothing is unknown, and what comes out validates."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from karst.adoption.table import TABLE
from tests.adoption.conftest import Platform
from tests.adoption.imported import Imported, import_file
from tests.adoption.upstream_files import (
    BY_HAND_COUNT,
    SECRETS,
    by_hand_text,
    global_text,
    local_file,
    local_text,
)

GLOBAL_COUNT = 74
"""Names that the global template assigns."""
SEED_ONLY = (
    "PMANAGEMENT_CONFIG_VERSION PMANAGEMENT_PROOFREADINGREVIEW_TABLE PMANAGEMENT_PROOFREADINGREVIEW_TEST_TABLE "
    "PMANAGEMENT_NEURONINFORMATION_TEST_TABLE PMANAGEMENT_DATASTORE_BUCKET_PATH"
)


@pytest.fixture(scope="module")
def both(platform: Platform) -> dict[str, Imported]:
    """A global deployment, and beside it a local one with everything turned on and all names that operators add."""
    return {"global": platform.hub, "local": platform.reef}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """The local template as it is rendered, in which most is turned off."""
    folder = tmp_path_factory.mktemp("bare")
    return import_file(local_file(folder), folder / "environments")


def names_in(text: str) -> list[str]:
    return re.findall(r"^(?:export )?([A-Za-z_][A-Za-z0-9_]*) ?=", text, re.MULTILINE)


def test_the_templates_assign_what_upstreams_do() -> None:
    assert len(set(names_in(global_text()))) == GLOBAL_COUNT
    assert len(set(names_in(by_hand_text()))) == BY_HAND_COUNT


@pytest.mark.parametrize(
    "text", [global_text(), local_text(Path("repo")), by_hand_text()], ids=["global", "local", "by hand"]
)
def test_the_table_knows_every_name(text: str) -> None:
    assert [name for name in names_in(text) if name not in TABLE] == []
    assert [name for name in SEED_ONLY.split() if name not in TABLE] == []


@pytest.mark.parametrize("kind", ["global", "local"])
def test_nothing_is_unknown_and_all_validates(both: dict[str, Imported], kind: str) -> None:
    imported = both[kind]
    assert imported.report.unknown == ()
    assert imported.problems == ()
    assert imported.deployment["kinds"] == [kind]


def test_the_bare_template_validates(bare: Imported) -> None:
    assert (bare.report.unknown, bare.problems) == ((), ())


@pytest.mark.parametrize("kind", ["global", "local"])
def test_each_variable_is_in_exactly_one_bucket(both: dict[str, Imported], kind: str) -> None:
    report = both[kind].report
    buckets = [
        {one.name for one in report.mapped},
        {one.name for one in report.derived},
        {one.name for one in report.secrets},
        {one.name for one in report.unknown},
    ]
    text = global_text() if kind == "global" else local_text(Path("repo")) + by_hand_text()
    for name in set(names_in(text)):
        assert sum(name in bucket for bucket in buckets) == 1, name


@pytest.mark.parametrize("kind", ["global", "local"])
def test_no_secret_is_written_or_told(both: dict[str, Imported], kind: str) -> None:
    written = both[kind].everything()
    assert [name for name, value in SECRETS.items() if value in written] == []


def test_secrets_become_references_with_commands(both: dict[str, Imported]) -> None:
    found = {one.name: one for one in both["global"].report.secrets}
    session = found["AUTHSERVICE_SECRET_KEY"]
    assert both["global"].deployment["auth"]["secret_key"] == session.reference == "secret:hub-imported-auth-secret-key"
    assert session.command is not None
    assert session.command.startswith("gcloud secrets create hub-imported-auth-secret-key ")
    assert session.command.endswith(" --data-file=-")
    info = both["global"].deployment["services"]["info"]["secrets"]
    assert info == {
        "INFO_CSRF_KEY": "secret:hub-imported-info-csrf-key",
        "INFO_SECRET_KEY": "secret:hub-imported-info-secret-key",
    }
    assert both["global"].deployment["auth"]["oauth_client"] == "secret:hub-imported-oauth-client"
    assert both["global"].deployment["secrets"]["service_token"] == "secret:hub-imported-service-token"
    local = both["local"].deployment
    assert local["services"]["dash"]["secrets"] == {"DASH_SECRET_KEY": "secret:reef-imported-dash-secret-key"}
    assert local["canary"]["slack"] == {"token": "secret:reef-imported-slack-token", "channel": "#kelp-alerts"}
    assert local["secrets"]["extra"] == [
        {"name": "reef-google-secret.json", "secret": "secret:reef-imported-reef-google-secret-json"}
    ]


def test_images_stay_at_their_versions(both: dict[str, Imported]) -> None:
    services = both["global"].deployment["services"] | both["local"].deployment["services"]
    versions = {name: choice["image"]["version"] for name, choice in services.items() if "image" in choice}
    assert all(choice["image"]["source"] == "upstream" for choice in services.values() if "image" in choice)
    assert versions["sticky-auth"] == versions["auth"] == "v2.24.0"
    assert versions["celery-deltalake"] == versions["materialize"] == "v4.23.0"
    assert versions["pcgl2cache"] == "v1.3.1"
    assert versions["pcgl2cache-lowpriority-worker"] == "worker_pcgv1_v1.3.1"
    assert versions["proxy"] == "vRequestorPays12"


def test_names_of_resources_are_kept(both: dict[str, Imported]) -> None:
    local = both["local"].deployment
    assert local["gcp"]["cluster"]["name"] == "daf-reef"
    assert local["gcp"]["network"] == {"name": "daf-reef-network", "subnet": "daf-reef-network-sub"}
    assert local["sql"] | {"manage": "existing", "instance": "kelp-reef-sql"} == local["sql"]
    assert local["redis"]["cache"] | {"manage": "existing", "name": "pcg-cache"} == local["redis"]["cache"]
    assert local["redis"]["broker"]["name"] == "kelp-lab-cave-celery-redis"
    assert local["bigtable"] == {"manage": "existing", "project": "kelp-lab-data", "instance": "pychunkedgraph"}
    assert local["buckets"] == {
        "pcg": {"manage": "existing", "name": "kelp-lab-pcg"},
        "skeleton": {"manage": "existing", "name": "kelp-lab-skeletons", "path": "v4"},
        "dump": {"manage": "existing", "name": "kelp-lab-dump"},
        "upload": {"manage": "existing", "name": "kelp-lab-upload"},
        "nglstate": {"manage": "existing", "name": "kelp-lab-states", "path": "v1"},
    }
    assert local["dns"]["manage"] == "existing"
    assert local["firestore"]["state"] == {"manage": "existing", "database": "(default)"}
    assert {key: pool["name"] for key, pool in local["gcp"]["pools"].items()} == {
        key: f"{key}-pool" for key in ("core", "lightweight", "mesh", "standard")
    }
    accounts = {name: one["account"] for name, one in local["services"].items() if "account" in one}
    assert accounts == {
        "pychunkedgraph": "daf-pychunkedgraph-reef",
        "skeletoncache": "daf-skeleton-reef",
        "annotationengine": "daf-annotationengine-reef",
        "pmanagement": "daf-pmanagement-reef",
    }


def test_what_exists_is_taken_over(both: dict[str, Imported]) -> None:
    ids = {entry["id"] for entry in both["local"].deployment["imports"]}
    where = "projects/kelp-lab-cave"
    assert {one.removeprefix(f"{where}/topics/") for one in ids if "/topics/" in one} == {
        "reef_PCG_EDIT",
        "reef_L2CACHE",
        "reef_SKELETON_CACHE_HIGH_PRIORITY",
        "reef_SKELETON_CACHE_LOW_PRIORITY",
        "reef_SKELETON_CACHE_DEAD_LETTER",
    }
    assert {one.removeprefix(f"{where}/subscriptions/") for one in ids if "/subscriptions/" in one} == {
        "reef_PCG_HIGH_PRIORITY_REMESH",
        "reef_PCG_LOW_PRIORITY_REMESH",
        "reef_L2CACHE_HIGH_PRIORITY_TRIGGER",
        "reef_L2CACHE_LOW_PRIORITY_TRIGGER",
        "reef_L2CACHE_WORKER",
        "reef_SKELETON_CACHE_WORKER_HIGH_PRIORITY",
        "reef_SKELETON_CACHE_WORKER_LOW_PRIORITY",
        "reef_SKELETON_CACHE_WORKER_DEAD_LETTER",
    }
    assert f"{where}/global/networks/daf-reef-network" in ids
    assert f"{where}/regions/us-east4/subnetworks/daf-reef-network-sub" in ids
    assert f"{where}/instances/kelp-reef-sql/databases/materialization" in ids
    assert f"{where}/managedZones/kelp-zone/rrsets/reef-old.kelp.example.org./A" in ids
    assert f"{where}/serviceAccounts/daf-skeleton-reef@kelp-lab-cave.iam.gserviceaccount.com" in ids


def test_what_a_project_has_once_has_one_keeper(both: dict[str, Imported]) -> None:
    assert "manage" not in both["global"].deployment["gcp"]
    assert both["local"].deployment["gcp"]["manage"] == "existing"


def test_what_only_a_person_knows_is_asked_for(bare: Imported) -> None:
    places = [one.place for one in bare.report.to_do]
    assert "sql.address" in places
    assert "redis.cache.address" in places
    assert "gcp.network.kept_ranges" in places
    assert "datasets/kelp_phase1.yaml: aligned_volume" in places
    assert bare.datasets["kelp_phase1"]["aligned_volume"]["images"] == "precomputed://fill-in/images"
