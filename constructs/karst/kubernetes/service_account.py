"""Who the pods of a service are: a name in the cluster that stands for one account of Google Cloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cdktn import ITerraformDependable
from cdktn_provider_kubernetes.service_account_v1 import ServiceAccountV1, ServiceAccountV1Metadata
from constructs import Construct

from karst.gcp.members import email_of

IDENTITY = "iam.gke.io/gcp-service-account"


@dataclass(frozen=True, kw_only=True)
class ServiceAccountProps:
    """The name in the cluster and the account behind it."""

    namespace: str
    name: str
    identity: str
    """E-mail of the Google service account, which must let this name act as it."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    waits_for: Sequence[ITerraformDependable] = ()


class ServiceAccount(Construct):
    """An identity without any key: pods ask the metadata server for tokens. It holds no token of the cluster's."""

    name: str
    account: ITerraformDependable

    def __init__(self, scope: Construct, id: str, props: ServiceAccountProps) -> None:
        super().__init__(scope, id)
        self.name = props.name
        self.account = ServiceAccountV1(
            self,
            "account",
            metadata=ServiceAccountV1Metadata(
                name=props.name,
                namespace=props.namespace,
                annotations={IDENTITY: email_of(props.identity)},
                labels=dict(sorted(props.labels.items())) or None,
            ),
            automount_service_account_token=False,
            depends_on=list(props.waits_for) or None,
        )
