"""What the deployment declares is made after a roll-out of the services that hold it, and again when it changes."""

from __future__ import annotations

from collections.abc import Iterable

from karst.config.dataset import Dataset
from karst.derived.workloads import Workload
from tests.derived.workers import deployment
from tests.synthesis.running import Body, apps, objects, workload

LAST = {"reconcile": {"runs_last": True, "resources": {"cpu": "50m", "memory": "64Mi"}}}
JOB = workload(
    "reconcile",
    processes=LAST,
    health=None,
    routes=None,
    calls=["auth", "info"],
    settings={
        "KARST_DATASETS": {"description": "Path of datasets.json"},
        "KARST_AUTH_URL": {"description": "Address of auth"},
        "KARST_INFO_URL": {"description": "Address of info"},
    },
)
AUTH, OTHER = workload("auth"), workload("other")
INFO = workload("info")
TINY = Dataset.model_validate(
    {"name": "tiny", "aligned_volume": {"images": "precomputed://gs://a-lab/em", "resolution_nm": [4, 4, 40]}}
)


def job(running: Iterable[Workload] = (AUTH, INFO, OTHER, JOB), datasets: Iterable[Dataset] = ()) -> tuple[str, Body]:
    stack = apps(deployment(), running, datasets=datasets)
    (found,) = ((name, body) for name, body in objects(stack, "job_v1").items() if name.startswith("reconcile-"))
    return found


def test_it_waits_for_the_services_that_it_calls_and_an_apply_waits_for_it() -> None:
    _, body = job()
    standing = {one for one in body["depends_on"] if "deployment_v1" in one}
    assert standing == {
        "kubernetes_deployment_v1.apps__auth__workload__web__deployment",
        "kubernetes_deployment_v1.apps__info__workload__web__deployment",
    }
    assert body["wait_for_completion"] is True


def test_it_asks_services_where_they_answer_before_the_edge_leads_anywhere() -> None:
    _, body = job()
    (container,) = body["spec"]["template"]["spec"]["container"]
    told = {one["name"]: one.get("value") for one in container["env"]}
    assert told["KARST_AUTH_URL"] == "http://auth.api-blue.svc.cluster.local/auth"
    assert told["KARST_INFO_URL"] == "http://info.api-blue.svc.cluster.local/info"
    _, alone = job((AUTH, JOB))
    (container,) = alone["spec"]["template"]["spec"]["container"]
    told = {one["name"]: one.get("value") for one in container["env"]}
    assert told["KARST_INFO_URL"].startswith("https://")


def test_it_runs_again_exactly_when_the_declaration_changes() -> None:
    once, _ = job()
    assert job()[0] == once
    assert job((AUTH, INFO, JOB))[0] == once
    assert job(datasets=[TINY])[0] != once
