"""Who clusters and their helpers are to Google: machines, the autoscaler."""

from __future__ import annotations

from constructs import Construct

from karst.blueprint import Blueprint
from karst.gcp.identity import ProjectRole, WorkloadIdentity, WorkloadIdentityProps
from karst.naming import KEDA, NODES

_ACCOUNTS = {
    NODES: ("Machines of clusters: pull images, write logs and metrics", (ProjectRole.NODE,)),
    KEDA: ("Autoscaler: reads how long queues are", (ProjectRole.MONITORING_VIEWER,)),
}


class ClusterAccounts(Construct):
    """Accounts that all generations share. What they may do on single resources is granted where those stand."""

    accounts: dict[str, WorkloadIdentity]
    """By the names of `karst.naming`: `NODES`, `KEDA`."""

    def __init__(self, scope: Construct, id: str, blueprint: Blueprint) -> None:
        super().__init__(scope, id)
        self.accounts = {
            name: WorkloadIdentity(
                self,
                name,
                WorkloadIdentityProps(
                    account_id=blueprint.names.service_account_id(name),
                    project=blueprint.deployment.gcp.project,
                    description=description,
                    project_roles=roles,
                ),
            )
            for name, (description, roles) in _ACCOUNTS.items()
        }
        if blueprint.names.deployer:
            self.accounts[NODES].grant_act_as(blueprint.names.deployer)
