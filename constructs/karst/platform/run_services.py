"""The services that a deployment runs on Cloud Run, and the document that tells them of its datasets."""

from __future__ import annotations

from cdktn_provider_google.storage_bucket_object import StorageBucketObject
from constructs import Construct

from karst.blueprint import Blueprint
from karst.config.service_runtime import Runtime
from karst.derived.datasets_json import datasets_json
from karst.derived.processes import processes
from karst.derived.run_resources import run_size
from karst.derived.secrets import places
from karst.derived.settings import CONFIG_FOLDER, DATASETS_FILE, missing_settings, settings
from karst.derived.workloads import Workload
from karst.gcp.cloud_run import (
    MountedBucket,
    PublicIngress,
    RunHealth,
    RunResources,
    RunService,
    RunServiceProps,
    VpcEgress,
)
from karst.gcp.environment import SecretFile, SecretRef
from karst.platform.app_files import SECRETS_VARIABLE

_SIGNS_IN_ITSELF = "The service checks tokens itself; browsers reach it without a Google identity."
_SECRETS_FOLDER = "/run/secrets"


def run_workloads(blueprint: Blueprint) -> tuple[Workload, ...]:
    """What the deployment runs on Cloud Run, by name."""
    return tuple(workload for workload in blueprint.workloads if workload.runtime is Runtime.CLOUDRUN)


class RunServices(Construct):
    """One Cloud Run service a workload, with its own account, its secrets as files and `datasets.json` mounted."""

    def __init__(self, scope: Construct, id: str, blueprint: Blueprint) -> None:
        super().__init__(scope, id)
        self._blueprint = blueprint
        workloads = run_workloads(blueprint)
        if not workloads:
            return
        document = StorageBucketObject(
            self,
            "datasets",
            bucket=blueprint.names.bucket("config"),
            name=DATASETS_FILE,
            content=datasets_json(blueprint.deployment, blueprint.live_datasets),
            content_type="application/json",
        )
        for workload in workloads:
            RunService(self, workload.name, self._props(workload, document))

    def _props(self, workload: Workload, document: StorageBucketObject) -> RunServiceProps:
        blueprint = self._blueprint
        deployment, names = blueprint.deployment, blueprint.names
        process = workload.service.processes[_only_process(workload)]
        env = settings(blueprint, workload)
        found = places(deployment, workload)
        env |= {SECRETS_VARIABLE: _SECRETS_FOLDER} if found else {}
        missing = missing_settings(env, workload)
        if missing:
            raise ValueError(
                f"services.{workload.name}.env: {missing[0]} is required. Give it a value in deployment.yaml"
            )
        scaling = workload.choice.scaling
        [size] = [run_size(one.resources) for one in processes(workload)]
        return RunServiceProps(
            name=names.run_service(workload.name),
            project=deployment.gcp.project,
            location=deployment.gcp.region,
            image=workload.image,
            identity=names.service_account(workload.name),
            env=env,
            secret_files={
                variable.lower().replace("_", "-"): SecretFile(
                    directory=f"{_SECRETS_FOLDER}/{variable.lower()}",
                    file_name=variable,
                    ref=SecretRef(secret=place.secret, version=place.version),
                )
                for variable, place in found.items()
            },
            buckets={"config": MountedBucket(bucket=names.bucket("config"), directory=CONFIG_FOLDER)},
            resources=RunResources(cpu=str(size.cores), memory_mib=size.memory_mib),
            health=_health(workload),
            port=process.port or 8080,
            min_instances=scaling.min if scaling else process.scaling.min_replicas,
            max_instances=scaling.max if scaling else process.scaling.max_replicas,
            timeout_s=workload.service.timeouts.edge_s,
            egress=VpcEgress(network=names.network_path, subnetwork=names.subnet_path),
            public_ingress=PublicIngress(reason=_SIGNS_IN_ITSELF),
            command=process.command[:1],
            args=process.command[1:],
            waits_for=[document],
        )


def _only_process(workload: Workload) -> str:
    listening = sorted(workload.service.listening)
    if len(listening) != 1 or len(workload.service.processes) != 1:
        raise ValueError(
            f"services.{workload.name}: Cloud Run takes a service with one process that listens. Write runtime: gke"
        )
    return listening[0]


def _health(workload: Workload) -> RunHealth:
    health = workload.service.health
    if health is None:
        raise ValueError(
            f"services.{workload.name}: health is missing in its declaration. Write the paths live and ready"
        )
    return RunHealth(startup_path=health.ready, liveness_path=health.live)
