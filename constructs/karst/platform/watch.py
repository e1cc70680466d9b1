"""Who hears of trouble and of costs, and what is written down of access."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from karst.blueprint import Blueprint
from karst.config.types import Manage
from karst.gcp.audit_logs import AuditLogs, AuditLogsProps
from karst.gcp.budget import Budget, BudgetProps
from karst.gcp.uptime import AlertChannels, AlertChannelsProps


class Watch(Construct):
    """Mailboxes that alerts go to, the project's records of access, its budget where one is declared."""

    channels: Sequence[str]

    def __init__(self, scope: Construct, id: str, blueprint: Blueprint) -> None:
        super().__init__(scope, id)
        deployment = blueprint.deployment
        channels = AlertChannels(
            self,
            "channels",
            AlertChannelsProps(
                project=deployment.gcp.project,
                emails={channel_key(email): email for email in deployment.alerts.emails},
            ),
        )
        self.channels = channels.names
        if deployment.gcp.manage is Manage.CREATE:
            AuditLogs(self, "access", AuditLogsProps(project=deployment.gcp.project))
        if deployment.budget is not None:
            Budget(
                self,
                "budget",
                BudgetProps(
                    name=f"{deployment.name} a month",
                    billing_account=deployment.budget.billing_account,
                    project_number=deployment.gcp.project_number,
                    monthly_amount=deployment.budget.monthly,
                    currency=deployment.budget.currency,
                    alert_channels=self.channels,
                ),
            )


def channel_key(email: str) -> str:
    """The address as a stable construct id."""
    return "".join(char if char.isalnum() else "-" for char in email.lower())
