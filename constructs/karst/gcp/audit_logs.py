"""Who looked at what in a project: the records of access that Google keeps only where they are asked for."""

from __future__ import annotations

from dataclasses import dataclass

from cdktn_provider_google.project_iam_audit_config import (
    ProjectIamAuditConfig,
    ProjectIamAuditConfigAuditLogConfig,
)
from constructs import Construct

_KEYS_TO_THE_REST = ("iam", "secretmanager")
"""Services whose every use is recorded: who became which account, and who read which secret."""


@dataclass(frozen=True, kw_only=True)
class AuditLogsProps:
    """Whose records."""

    project: str
    """It has these settings once: one of the deployments that share it declares them."""


class AuditLogs(Construct):
    """Records of who read settings and permissions anywhere, and of every use of accounts and secrets.

    Changes are recorded always, without this. Reads of data are not recorded here: a graph is read a thousand times a
    second, and each record costs as much as the read.
    """

    def __init__(self, scope: Construct, id: str, props: AuditLogsProps) -> None:
        super().__init__(scope, id)
        _record(self, "settings", props, "allServices", "ADMIN_READ")
        for service in _KEYS_TO_THE_REST:
            _record(self, service, props, f"{service}.googleapis.com", "DATA_READ", "DATA_WRITE")


def _record(scope: Construct, id: str, props: AuditLogsProps, service: str, *kinds: str) -> None:
    ProjectIamAuditConfig(
        scope,
        id,
        project=props.project,
        service=service,
        audit_log_config=[ProjectIamAuditConfigAuditLogConfig(log_type=kind) for kind in kinds],
    )
