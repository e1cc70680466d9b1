"""Names fit the limits of the cloud, whatever a deployment is called, and never collide within it."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from karst.config.dataset import Dataset
from karst.config.deployment import Deployment
from karst.name_forms import lengthen, shorten
from karst.naming import Names, service_account_id

LABELS = {
    limit: st.from_regex(rf"[a-z]([a-z0-9-]{{0,{limit - 2}}}[a-z0-9])?", fullmatch=True) for limit in (8, 20, 30, 40)
}
PROJECTS = st.from_regex(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", fullmatch=True)
DATASETS = st.from_regex(r"[a-z]([a-z0-9_-]{0,28}[a-z0-9])?", fullmatch=True)
BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
ACCOUNT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
ROLES = ("dump", "logs", "nglstate", "signatures", "skeleton", "transfer", "upload")


def names_of(deployment: str, project: str = "lab-cave") -> Names:
    return Names(
        Deployment.model_validate(
            {
                "name": deployment,
                "kinds": ["global", "local"],
                "gcp": {
                    "project": project,
                    "project_number": "123456789012",
                    "region": "us-east4",
                    "zone": "us-east4-a",
                },
                "dns": {"zone": "example-org", "domain": "example.org"},
            }
        )
    )


def dataset_of(name: str) -> Dataset:
    volume = {"images": "precomputed://gs://lab-em/a", "resolution_nm": [4, 4, 40]}
    return Dataset.model_validate({"name": name, "aligned_volume": volume})


@given(LABELS[40], st.integers(10, 40))
def test_shorten_keeps_what_fits_and_cuts_the_rest(name, limit):
    short = shorten(name, limit)
    assert len(short) <= limit
    assert (short == name) == (len(name) <= limit)
    assert not short.endswith("-")


@given(LABELS[30], LABELS[30])
def test_shorten_tells_long_names_apart_that_begin_alike(one, other):
    assume(one != other)
    beginning = "a-name-that-is-long-enough-to-be-cut-off"
    assert shorten(f"{beginning}-{one}", 30) != shorten(f"{beginning}-{other}", 30)


@given(LABELS[8], LABELS[8])
def test_lengthen_reaches_the_limit_and_keeps_names_apart(one, other):
    assume(one != other)
    assert len(lengthen(one, 6)) >= 6
    assert lengthen(one, 6) != lengthen(other, 6)


@given(LABELS[20], LABELS[40])
def test_account_ids_are_what_the_api_takes(deployment, workload):
    assert ACCOUNT.fullmatch(service_account_id(deployment, workload))


@given(LABELS[20], LABELS[40], LABELS[40])
def test_workloads_never_share_an_account(deployment, one, other):
    assume(one != other)
    assert service_account_id(deployment, one) != service_account_id(deployment, other)


@given(LABELS[20], PROJECTS, DATASETS)
def test_buckets_fit_the_limits_of_cloud_storage(deployment, project, dataset):
    names = names_of(deployment, project)
    found = [names.bucket(role) for role in ROLES]
    assert len(set(found)) == len(ROLES)
    for name in (*found, names.dataset_bucket(dataset_of(dataset))):
        assert BUCKET.fullmatch(name), name


@given(LABELS[20], LABELS[8], LABELS[40], DATASETS)
def test_other_names_fit_their_limits(deployment, generation, service, dataset):
    names = names_of(deployment)
    assert len(names.cluster(generation)) <= 40
    assert len(names.run_service(service)) <= 49
    assert len(names.endpoint_group(generation, service)) <= 63
    assert re.fullmatch(r"[a-z0-9_]+_imgsearch", names.search_dataset(dataset_of(dataset)))
    assert len(names.stacks.dataset(dataset)) <= 63


def test_stacks_have_the_names_that_people_type():
    stacks = names_of("api").stacks
    assert stacks.edge == "api"
    assert [stacks.foundation, stacks.run] == ["api-foundation", "api-run"]
    assert stacks.dataset("minnie_65") == "api-data-minnie-65"
    assert [stacks.cluster("blue"), stacks.addons("blue"), stacks.apps("blue")] == [
        "api-cluster-blue",
        "api-addons-blue",
        "api-apps-blue",
    ]


def test_the_endpoint_of_a_cluster_is_known_before_the_cluster():
    assert names_of("api").cluster_endpoint("blue") == (
        "https://connectgateway.googleapis.com/v1/projects/123456789012/locations/us-east4/gkeMemberships/api-blue"
    )


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (names_of("api").sql_connection, "lab-cave:us-east4:api-sql"),
        (names_of("api").redis_host("broker"), "redis-broker.api.karst.internal"),
        (names_of("api").topic("PCG_EDIT"), "api_PCG_EDIT"),
        (names_of("api").registry_url, "us-east4-docker.pkg.dev/lab-cave/api-services"),
        (names_of("api").bucket("skeleton"), "lab-cave-api-skeleton"),
    ],
)
def test_names_read_as_documented(found, wanted):
    assert found == wanted
