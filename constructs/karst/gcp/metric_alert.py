"""Tells people when a number that Google measures has been too high for a while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cdktn_provider_google.monitoring_alert_policy import (
    MonitoringAlertPolicy,
    MonitoringAlertPolicyConditions,
    MonitoringAlertPolicyConditionsConditionThreshold,
    MonitoringAlertPolicyConditionsConditionThresholdAggregations,
    MonitoringAlertPolicyDocumentation,
)
from constructs import Construct


@dataclass(frozen=True, kw_only=True)
class MetricAlert:
    """What is measured, from where on it is too much, and what whoever hears of it does."""

    project: str
    title: str
    """First line of the message, with the name of what is in trouble."""
    condition: str
    metric_filter: str
    """Metric and resource, in Cloud Monitoring's language."""
    above: float
    """In the metric's own unit."""
    for_s: int = 300
    """How long it must stay there; whole minutes."""
    advice: str
    channels: Sequence[str]


def add_metric_alert(scope: Construct, id: str, alert: MetricAlert) -> None:
    """Declare the alert below `scope`; without channels there is nobody to tell, and nothing is declared."""
    if not alert.channels:
        return
    MonitoringAlertPolicy(
        scope,
        id,
        project=alert.project,
        display_name=alert.title,
        combiner="OR",
        conditions=[
            MonitoringAlertPolicyConditions(
                display_name=alert.condition,
                condition_threshold=MonitoringAlertPolicyConditionsConditionThreshold(
                    filter=alert.metric_filter,
                    comparison="COMPARISON_GT",
                    threshold_value=alert.above,
                    duration=f"{alert.for_s}s",
                    aggregations=[
                        MonitoringAlertPolicyConditionsConditionThresholdAggregations(
                            alignment_period="60s", per_series_aligner="ALIGN_MAX"
                        )
                    ],
                ),
            )
        ],
        documentation=MonitoringAlertPolicyDocumentation(content=alert.advice, mime_type="text/markdown"),
        notification_channels=list(alert.channels),
    )
