"""One service account a workload, made once for all generations of the cluster and for Cloud Run."""

from __future__ import annotations

from collections.abc import Iterable

from constructs import Construct

from karst.blueprint import Blueprint
from karst.config.service_runtime import ImageOrigin, Runtime
from karst.derived.sql_login import is_administrator
from karst.derived.workloads import Workload
from karst.gcp.identity import ProjectRole, WorkloadIdentity, WorkloadIdentityProps

_TELEMETRY = (ProjectRole.METRIC_WRITER, ProjectRole.TRACE_AGENT)


class Identities(Construct):
    """The workloads' accounts. Everything else that they may do is granted on single resources, where those stand."""

    accounts: dict[str, WorkloadIdentity]

    def __init__(self, scope: Construct, id: str, blueprint: Blueprint) -> None:
        super().__init__(scope, id)
        self.accounts = {
            workload.name: WorkloadIdentity(
                self,
                workload.name,
                WorkloadIdentityProps(
                    account_id=blueprint.names.service_account_id(workload.name),
                    project=blueprint.deployment.gcp.project,
                    description=workload.service.description,
                    project_roles=tuple(_roles(workload)),
                ),
            )
            for workload in blueprint.workloads
        }
        for workload in blueprint.workloads:
            if workload.runtime is Runtime.CLOUDRUN and blueprint.names.deployer:
                self.accounts[workload.name].grant_act_as(blueprint.names.deployer)


def _roles(workload: Workload) -> Iterable[ProjectRole]:
    if workload.service.image.source is ImageOrigin.KARST and not is_administrator(workload):
        # Who makes roles in databases says all it did in its log, and has no right more than that needs.
        yield from _TELEMETRY
    if workload.service.stores.analytics:
        # Queries are jobs of a project; what they may read is granted on the tables.
        yield ProjectRole.BIGQUERY_JOB_USER
