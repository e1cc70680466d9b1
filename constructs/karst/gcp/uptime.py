"""Notices when a deployment no longer answers: asks its address from around the world, and tells people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cdktn import TerraformResourceLifecycle
from cdktn_provider_google.monitoring_alert_policy import (
    MonitoringAlertPolicy,
    MonitoringAlertPolicyConditions,
    MonitoringAlertPolicyConditionsConditionThreshold,
    MonitoringAlertPolicyConditionsConditionThresholdAggregations,
    MonitoringAlertPolicyDocumentation,
)
from cdktn_provider_google.monitoring_notification_channel import MonitoringNotificationChannel
from cdktn_provider_google.monitoring_uptime_check_config import (
    MonitoringUptimeCheckConfig,
    MonitoringUptimeCheckConfigHttpCheck,
    MonitoringUptimeCheckConfigHttpCheckAcceptedResponseStatusCodes,
    MonitoringUptimeCheckConfigMonitoredResource,
)
from constructs import Construct

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PERIODS_S = (60, 300, 600, 900)


@dataclass(frozen=True, kw_only=True)
class AlertChannelsProps:
    """Who is told."""

    project: str
    emails: Mapping[str, str]
    """Addresses by a short stable name, such as the role of whoever reads them."""


class AlertChannels(Construct):
    """The mailboxes that alerts of a deployment go to.

    Their names are given by the cloud, so they can be used in the stack that declares them and in no other.
    """

    names: Sequence[str]

    def __init__(self, scope: Construct, id: str, props: AlertChannelsProps) -> None:
        super().__init__(scope, id)
        for key, email in sorted(props.emails.items()):
            if not _EMAIL.fullmatch(email):
                raise ValueError(f"alert channel {key!r}: {email!r} is not an e-mail address")
        self.names = [
            MonitoringNotificationChannel(
                self,
                key,
                project=props.project,
                type="email",
                display_name=key,
                labels={"email_address": email},
                # A mailbox that an alert still names can't be deleted: the alert lets go of it first.
                lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            ).name
            for key, email in sorted(props.emails.items())
        ]


@dataclass(frozen=True, kw_only=True)
class UptimeProps:
    """What is asked, how often, and who hears of it."""

    name: str
    project: str
    host: str
    path: str = "/health/live"
    """Must answer 2xx without a token."""
    is_closed: bool = False
    """Whether strangers, and so Google's checkers, get 403: then that is the right answer, and any other is trouble."""
    every_s: int = 60
    timeout_s: int = 10
    failing_s: int = 300
    """How long it must fail before anyone is told; whole minutes."""
    alert_channels: Sequence[str] = ()


class Uptime(Construct):
    """Asks one HTTPS address from several continents, and raises an alert when more than one gets no good answer.

    Promises: certificates are checked, too; one lost packet wakes nobody up. Surprise: a deployment that only named
    addresses reach is asked no further than its edge.
    """

    def __init__(self, scope: Construct, id: str, props: UptimeProps) -> None:
        super().__init__(scope, id)
        _check(props)
        check = MonitoringUptimeCheckConfig(
            self,
            "check",
            project=props.project,
            display_name=props.name,
            period=f"{props.every_s}s",
            timeout=f"{props.timeout_s}s",
            http_check=MonitoringUptimeCheckConfigHttpCheck(
                path=props.path,
                port=443,
                use_ssl=True,
                validate_ssl=True,
                accepted_response_status_codes=[
                    MonitoringUptimeCheckConfigHttpCheckAcceptedResponseStatusCodes(status_value=403)
                    if props.is_closed
                    else MonitoringUptimeCheckConfigHttpCheckAcceptedResponseStatusCodes(
                        status_class="STATUS_CLASS_2XX"
                    )
                ],
            ),
            monitored_resource=MonitoringUptimeCheckConfigMonitoredResource(
                type="uptime_url", labels={"host": props.host, "project_id": props.project}
            ),
        )
        MonitoringAlertPolicy(
            self,
            "alert",
            project=props.project,
            display_name=f"{props.name} does not answer",
            combiner="OR",
            severity="CRITICAL",
            conditions=[_condition(props, check.uptime_check_id)],
            documentation=MonitoringAlertPolicyDocumentation(
                content=f"https://{props.host}{props.path} does not answer as it should.", mime_type="text/markdown"
            ),
            notification_channels=list(props.alert_channels),
        )


def _check(props: UptimeProps) -> None:
    if props.every_s not in _PERIODS_S:
        raise ValueError(
            f"uptime check {props.name!r}: every_s must be one of {', '.join(map(str, _PERIODS_S))}, not "
            f"{props.every_s}"
        )
    if not 1 <= props.timeout_s <= 60:
        raise ValueError(f"uptime check {props.name!r}: timeout_s must be from 1 to 60, not {props.timeout_s}")
    if props.failing_s % 60:
        raise ValueError(f"uptime check {props.name!r}: failing_s must be whole minutes, not {props.failing_s}")
    if not props.path.startswith("/"):
        raise ValueError(f"uptime check {props.name!r}: the path {props.path!r} must begin with '/'")


def _condition(props: UptimeProps, check_id: str) -> MonitoringAlertPolicyConditions:
    return MonitoringAlertPolicyConditions(
        display_name="more than one place gets no good answer",
        condition_threshold=MonitoringAlertPolicyConditionsConditionThreshold(
            filter=(
                'resource.type = "uptime_url" AND metric.type = "monitoring.googleapis.com/uptime_check/check_passed" '
                f'AND metric.labels.check_id = "{check_id}"'
            ),
            comparison="COMPARISON_GT",
            threshold_value=1,
            duration=f"{props.failing_s}s",
            aggregations=[
                MonitoringAlertPolicyConditionsConditionThresholdAggregations(
                    alignment_period="1200s",
                    per_series_aligner="ALIGN_NEXT_OLDER",
                    cross_series_reducer="REDUCE_COUNT_FALSE",
                    group_by_fields=["resource.label.host"],
                )
            ],
        ),
    )
