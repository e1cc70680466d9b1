"""What alert channels, uptime checks and budgets promise."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cdktn import TerraformStack

from karst.gcp.audit_logs import AuditLogs, AuditLogsProps
from karst.gcp.budget import Budget, BudgetProps
from karst.gcp.uptime import AlertChannels, AlertChannelsProps, Uptime, UptimeProps
from tests.synth.support import only, resources, synth

UPTIME = UptimeProps(name="lab", project="lab-project", host="lab.example.org", alert_channels=["c"])
BUDGET = BudgetProps(
    name="lab",
    billing_account="0A1B2C-3D4E5F-6A7B8C",
    project_number="123456789",
    monthly_amount=2000,
    currency="USD",
    alert_channels=["c"],
)


def test_alerts_go_by_mail() -> None:
    def build(stack: TerraformStack) -> None:
        props = AlertChannelsProps(project="lab-project", emails={"operators": "ops@example.org"})
        channels = AlertChannels(stack, "channels", props)
        Uptime(stack, "uptime", replace(UPTIME, alert_channels=channels.names))

    document = synth(build)
    channel = only(document, "google_monitoring_notification_channel")
    assert (channel["type"], channel["labels"]) == ("email", {"email_address": "ops@example.org"})
    assert only(document, "google_monitoring_alert_policy")["notification_channels"] == [
        "${google_monitoring_notification_channel.channels__operators.name}"
    ]


def test_uptime_checks_the_certificate_and_waits_for_a_second_place() -> None:
    document = synth(lambda stack: Uptime(stack, "uptime", UPTIME))
    check = only(document, "google_monitoring_uptime_check_config")
    assert check["monitored_resource"]["labels"]["host"] == "lab.example.org"
    assert (check["http_check"]["use_ssl"], check["http_check"]["validate_ssl"]) == (True, True)
    assert (check["http_check"]["path"], check["period"], check["timeout"]) == ("/health/live", "60s", "10s")
    condition = only(document, "google_monitoring_alert_policy")["conditions"][0]["condition_threshold"]
    assert (condition["comparison"], condition["threshold_value"]) == ("COMPARISON_GT", 1)
    assert condition["duration"] == "300s"
    assert "${google_monitoring_uptime_check_config.uptime__check.uptime_check_id}" in condition["filter"]


def test_where_strangers_are_kept_out_that_is_the_right_answer() -> None:
    document = synth(lambda stack: Uptime(stack, "uptime", replace(UPTIME, is_closed=True)))
    check = only(document, "google_monitoring_uptime_check_config")
    assert check["http_check"]["accepted_response_status_codes"] == [{"status_value": 403}]


def test_budget_announces_spending_and_forecast() -> None:
    budget = only(synth(lambda stack: Budget(stack, "budget", BUDGET)), "google_billing_budget")
    assert budget["budget_filter"] == {"projects": ["projects/123456789"], "calendar_period": "MONTH"}
    assert budget["amount"] == {"specified_amount": {"currency_code": "USD", "units": "2000"}}
    assert [(rule["threshold_percent"], rule["spend_basis"]) for rule in budget["threshold_rules"]] == [
        (0.5, "CURRENT_SPEND"),
        (0.8, "CURRENT_SPEND"),
        (1, "CURRENT_SPEND"),
        (1, "FORECASTED_SPEND"),
    ]
    assert budget["all_updates_rule"] == {
        "monitoring_notification_channels": ["c"],
        "disable_default_iam_recipients": False,
    }


@pytest.mark.parametrize(
    ("props", "message"),
    [
        (replace(BUDGET, billing_account="x"), "billing account 'x' must look like 0A1B2C-3D4E5F-6A7B8C"),
        (replace(BUDGET, project_number="lab"), "project_number 'lab' must be digits only"),
        (replace(BUDGET, currency="usd"), "currency 'usd' must be three capital letters, such as USD"),
        (replace(BUDGET, monthly_amount=0), "monthly_amount must be at least 1, not 0"),
        (replace(BUDGET, alert_channels=[]), "budget 'lab' has 0 alert channels: give it one to five"),
        (replace(BUDGET, spent_percent=[0]), "budget 'lab': thresholds are whole percents of at least 1"),
    ],
)
def test_bad_budgets(props: BudgetProps, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        synth(lambda stack: Budget(stack, "budget", props))


@pytest.mark.parametrize(
    ("props", "message"),
    [
        (replace(UPTIME, every_s=30), "uptime check 'lab': every_s must be one of 60, 300, 600, 900, not 30"),
        (replace(UPTIME, timeout_s=61), "uptime check 'lab': timeout_s must be from 1 to 60, not 61"),
        (replace(UPTIME, failing_s=90), "uptime check 'lab': failing_s must be whole minutes, not 90"),
        (replace(UPTIME, path="health"), "uptime check 'lab': the path 'health' must begin with '/'"),
    ],
)
def test_bad_uptime_checks(props: UptimeProps, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        synth(lambda stack: Uptime(stack, "uptime", props))


def test_use_of_accounts_and_secrets_is_recorded_and_reads_of_data_are_not() -> None:
    document = synth(lambda stack: AuditLogs(stack, "access", AuditLogsProps(project="lab-project")))
    recorded = {
        config["service"]: {entry["log_type"] for entry in config["audit_log_config"]}
        for config in resources(document, "google_project_iam_audit_config").values()
    }
    assert recorded == {
        "allServices": {"ADMIN_READ"},
        "iam.googleapis.com": {"DATA_READ", "DATA_WRITE"},
        "secretmanager.googleapis.com": {"DATA_READ", "DATA_WRITE"},
    }


def test_a_channel_needs_an_address() -> None:
    props = AlertChannelsProps(project="lab-project", emails={"operators": "ops"})
    with pytest.raises(ValueError, match="alert channel 'operators': 'ops' is not an e-mail address"):
        synth(lambda stack: AlertChannels(stack, "channels", props))
