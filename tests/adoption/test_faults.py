"""Each fault of upstream's templates, renderer and scripts that a file may carry: what the import makes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.adoption.imported import Imported, import_file
from tests.adoption.upstream_files import SECRETS, global_file, local_file

Import = Callable[[str], Imported]


@pytest.fixture
def local(tmp_path: Path) -> Import:
    """Imports the local template with further lines behind it."""

    def run(more: str) -> Imported:
        imported = import_file(local_file(tmp_path, more=more), tmp_path / "environments")
        assert imported.problems == ()
        return imported

    return run


def at(imported: Imported, place: str) -> Any:  # noqa: ANN401 - whatever YAML holds
    node: Any = imported.deployment
    for part in place.split("."):
        node = node.get(part) if isinstance(node, dict) else None
    return node


def test_blanks_around_the_equals_sign(local: Import) -> None:
    imported = local("")
    assert at(imported, "annotation.excluded_groups") == ["default"]
    assert "ANNOTATION_EXCLUDED_PERMISSION_GROUPS" in imported.warned


def test_hosts_where_zones_should_stand(local: Import) -> None:
    imported = local("")
    assert at(imported, "dns.hostnames") == [{"name": "reef-old.kelp.example.org"}]
    assert "names of hosts instead of zones" in imported.warned


def test_a_host_outside_the_domain_needs_its_zone(local: Import) -> None:
    imported = local('DNS_HOSTNAMES=("$DNS_HOSTNAME" "kelp.example.com")\nDNS_ZONES=("$DNS_ZONE" "kelp.example.com")\n')
    assert at(imported, "dns.hostnames") == [{"name": "kelp.example.com", "zone": "fill-in"}]
    assert "dns.hostnames: kelp.example.com" in [one.place for one in imported.report.to_do]


def test_a_zone_of_its_own_is_kept(local: Import) -> None:
    imported = local('DNS_HOSTNAMES=("$DNS_HOSTNAME" "kelp.example.com")\nDNS_ZONES=("$DNS_ZONE" "brand-zone")\n')
    assert at(imported, "dns.hostnames") == [{"name": "kelp.example.com", "zone": "brand-zone"}]


@pytest.mark.parametrize("written", ["kelp-s", "gs://kelp-s", "gs://gs://kelp-s", "gs://kelp-s/"])
def test_schemes_before_a_bucket(local: Import, written: str) -> None:
    assert at(local(f'export SKELETON_CACHE_BUCKET="{written}"\n'), "buckets.skeleton") == {
        "manage": "existing",
        "name": "kelp-s",
    }


def test_a_folder_of_a_bucket_with_its_scheme(local: Import) -> None:
    imported = local('export MATERIALIZATION_UPLOAD_BUCKET_PATH="gs://kelp-lab-upload/in/tables"\n')
    assert at(imported, "buckets.upload") == {"manage": "existing", "name": "kelp-lab-upload", "path": "in/tables"}


def test_datastacks_with_commas_are_several(local: Import) -> None:
    imported = local("")
    assert at(imported, "materialization.datastacks") == ["kelp_public", "kelp_production"]
    assert "MAT_DATASTACKS" in imported.warned


@pytest.mark.parametrize(
    "written",
    [r'"\"a_one\",\"b_two\""', '"a_one,b_two"', "\"['a_one', 'b_two']\"", '\'["a_one","b_two"]\'', "'a_one , b_two,'"],
)
def test_lists_however_they_are_quoted(local: Import, written: str) -> None:
    imported = local(f"export SUPPORTED_DATASTACKS={written}\n")
    assert list(imported.datasets["kelp_phase1"]["datastacks"])[:2] == ["a_one", "b_two"]


def test_the_missing_brace_of_the_proxy_map(local: Import) -> None:
    imported = local("")
    assert at(imported, "proxy.map") == {"kelp": "https://storage.example.com/kelp"}
    assert "Its last brace is missing" in imported.warned


def test_a_dash_file_that_is_no_python(local: Import, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text('DASH_DATASTACK_SUPPORT = {\n    "kelp_public": {"title" "Kelp"},,\n}\n')
    imported = local(f"export DASH_CONFIG=$(cat {tmp_path}/broken.py)\n")
    assert at(imported, "dash.datastacks") is None
    assert at(imported, "extra.env.DASH_CONFIG").startswith("DASH_DATASTACK_SUPPORT = {")
    assert "In its line 2 it is no Python" in imported.warned


def test_a_dash_file_is_read_and_never_run(local: Import, tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(
        f'open("{tmp_path}/ran", "w")\nDASH_DATASTACK_SUPPORT = {{"kelp_public": {{"size": 2}}}}\n'
    )
    imported = local(f"export DASH_CONFIG=$(cat {tmp_path}/run.py)\n")
    assert at(imported, "dash.datastacks") == {"kelp_public": {"size": 2}}
    assert not (tmp_path / "ran").exists()


def test_no_copies_at_the_most_means_off(local: Import) -> None:
    imported = local("export DASH_MIN_REPLICAS=1\nexport DASH_MAX_REPLICAS=0\n")
    assert at(imported, "services.dash.enabled") is False
    assert at(imported, "services.dash.scaling") is None


def test_workers_of_materialization_hang_on_the_producers_least(local: Import) -> None:
    imported = local(
        "export CELERY_PRODUCER_MIN_REPLICAS=0\nexport CELERY_PRODUCER_MAX_REPLICAS=5\n"
        "export CELERY_CONSUMER_MIN_REPLICAS=1\nexport CELERY_CONSUMER_MAX_REPLICAS=9\n"
    )
    for end in ("producer", "consumer", "orchestration", "deltalake", "beat-scheduler"):
        assert at(imported, "services.celery-" + end)["enabled"] is False
    assert "upstream then deploys no worker of materialization at all" in imported.warned


def test_workers_of_materialization_run_with_a_producer(local: Import) -> None:
    imported = local(
        "export CELERY_PRODUCER_MIN_REPLICAS=1\nexport CELERY_PRODUCER_MAX_REPLICAS=5\n"
        "export CELERY_CONSUMER_MIN_REPLICAS=2\nexport CELERY_CONSUMER_MAX_REPLICAS=9\nexport CELERY_BEAT_REPLICAS=1\n"
    )
    assert imported.deployment["services"]["celery-consumer"]["scaling"] == {"min": 2, "max": 9}
    assert "enabled" not in imported.deployment["services"]["celery-orchestration"]
    assert at(imported, "materialization.paused") is False


@pytest.mark.parametrize(("copies", "paused"), [("0", True), ("1", False), ("3", False)])
def test_the_scheduler_runs_once_or_is_paused(local: Import, copies: str, paused: bool) -> None:
    imported = local(f"export CELERY_BEAT_REPLICAS={copies}\n")
    assert at(imported, "materialization.paused") is paused
    assert ("More than one scheduler" in imported.warned) is (copies == "3")


@pytest.mark.parametrize(("written", "meant"), [("False", False), ("True", True), ('"false"', False), ("1", True)])
def test_booleans_of_python(local: Import, written: str, meant: bool) -> None:
    assert at(local(f"export MERGE_MATERIALIZE_DATABASES={written}\n"), "materialization.merge_tables") is meant


def test_memory_in_gib_is_rounded_as_upstream_does(local: Import) -> None:
    imported = local("export PYCG_MEM_GIB=1.8\n")
    assert at(imported, "services.pychunkedgraph.resources.memory") == "1843Mi"


def test_what_nobody_reads_is_read(local: Import) -> None:
    imported = local("export SKELETONCACHE_MIN_REPLICAS=1\nexport SKELETONCACHE_MAX_REPLICAS=2\n")
    assert imported.deployment["services"]["skeletoncache-worker-high"]["scaling"] == {"min": 0, "max": 1}
    assert "Upstream ran no reader of urgent skeletons" in imported.warned


def test_a_service_that_answers_never_sleeps(local: Import) -> None:
    imported = local("export MESHING_MIN_REPLICAS=0\nexport MESHING_MAX_REPLICAS=4\n")
    assert at(imported, "services.meshing.scaling") == {"min": 1, "max": 4}
    assert "Nothing would wake what answers requests" in imported.warned


def test_an_image_without_a_version_never_ran(local: Import) -> None:
    imported = local("")
    assert at(imported, "services.tourguide.enabled") is False
    assert "TOURGUIDE_VERSION is not set" in imported.warned


def test_an_account_that_is_too_long_was_never_made(tmp_path: Path) -> None:
    imported = import_file(local_file(tmp_path, "reefproduction"), tmp_path / "environments")
    assert "services.annotationengine.account" not in imported.mapped("AE_SERVICE_ACCOUNT_NAME")
    assert imported.why("PYCG_SERVICE_ACCOUNT_NAME") == "no account can have such a name"
    assert imported.problems == ()


def test_a_value_that_does_not_fit_is_told_and_left_out(local: Import) -> None:
    imported = local("export MIN_DATABASES=many\nexport PCG_BUCKET_NAME=Kelp_Bucket!\nexport MAX_DATABASES=900\n")
    assert at(imported, "materialization.databases") is None
    assert at(imported, "buckets.pcg") is None
    for name in ("MIN_DATABASES", "MAX_DATABASES", "PCG_BUCKET_NAME"):
        assert name in imported.warned
        assert imported.why(name) == "it does not fit, see the warnings"


def test_unknown_variables_are_kept(local: Import) -> None:
    imported = local("export LAB_CONTACT='room 12'\nexport PYCG_MAX_REPLICA=4\n")
    assert at(imported, "extra.env.LAB_CONTACT") == "room 12"
    assert [(one.name, one.nearest) for one in imported.report.unknown] == [
        ("LAB_CONTACT", None),
        ("PYCG_MAX_REPLICA", "PYCG_MAX_REPLICAS"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        'export CANARY_TOKEN="hidden-Value-7766"',
        'export BACKUP_DSN="postgresql://u:hidden-Value-7766@db/x"',
        'export OTHER_DB="user=$POSTGRES_WRITE_USER_PASSWORD hidden-Value-7766"',
        f'export NOTE="hidden-Value-7766 {SECRETS["DASH_SECRET_KEY"]}"',
    ],
)
def test_unknown_secrets_are_not_kept(local: Import, line: str) -> None:
    imported = local(f"{line}\n")
    written = imported.everything()
    assert "hidden-Value-7766" not in written
    assert [name for name, value in SECRETS.items() if value in written] == []
    assert any(one.name == line.partition("=")[0].removeprefix("export ") for one in imported.report.secrets)


def test_a_secret_in_a_known_variable_is_taken_out(local: Import) -> None:
    imported = local('export GUIDEBOOK_DATASTACK="$DASH_SECRET_KEY"\nexport PCG_CONFIG="KEY = \'$DASH_SECRET_KEY\'"\n')
    text = (imported.folder / "deployment.yaml").read_text("utf-8")
    assert SECRETS["DASH_SECRET_KEY"] not in text
    assert "GUIDEBOOK_DATASTACK" in [one.name for one in imported.report.secrets]


def test_a_name_that_a_deployment_cannot_have(tmp_path: Path) -> None:
    imported = import_file(global_file(tmp_path, "Hub_Main2"), tmp_path / "environments")
    assert imported.deployment["name"] == "hub-main"
    assert "choose another by --name" in imported.warned
    assert imported.problems == ()


def test_the_kind_is_told_by_three_names(tmp_path: Path) -> None:
    lines = {"one": 'AUTH_VERSION="2.0.0"', "two": 'INFOSERVICE_VERSION="4.0.0"', "three": "AUTH_DEFAULT_ADMINS='[]'"}
    for name, line in lines.items():
        file = local_file(tmp_path, name, more=f"export {line}\n")
        assert import_file(file, tmp_path / name).deployment["kinds"] == ["global"]


def test_two_of_one_project_share_what_there_is_once(tmp_path: Path) -> None:
    output = tmp_path / "environments"
    first, second = (import_file(local_file(tmp_path, name), output) for name in ("reef", "shoal"))
    assert "manage" not in first.deployment["gcp"]
    assert second.deployment["gcp"]["manage"] == "existing"
    assert all("aligned volume" in one or "datastack" in one or "Bigtable" in one for one in second.problems)


@pytest.mark.parametrize("written", ["$(gcloud sql instances list)", ""])
def test_no_empty_instance_is_made_where_the_name_of_the_old_one_is_not_known(local: Import, written: str) -> None:
    imported = local(f'export SQL_INSTANCE_NAME="{written}"\n')
    assert at(imported, "sql.manage") == "existing"
    assert at(imported, "sql.instance") == "fill-in"
    assert "sql.instance" in [one.place for one in imported.report.to_do]


def test_topics_of_the_usual_names_need_no_word(local: Import) -> None:
    assert "does not begin with" not in local("").warned


def test_topics_with_names_of_their_own_are_told(local: Import) -> None:
    imported = local("export PYCHUNKEDGRAPH_EDITS_EXCHANGE=elsewhere_PCG_EDIT\n")
    assert "PYCHUNKEDGRAPH_EDITS_EXCHANGE" in imported.warned
    assert "It does not begin with reef_, so Karst makes one that does" in imported.warned
