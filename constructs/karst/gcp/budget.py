"""Tells people what a project costs before the bill does. It stops nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cdktn_provider_google.billing_budget import (
    BillingBudget,
    BillingBudgetAllUpdatesRule,
    BillingBudgetAmount,
    BillingBudgetAmountSpecifiedAmount,
    BillingBudgetBudgetFilter,
    BillingBudgetThresholdRules,
)
from constructs import Construct

_BILLING_ACCOUNT = re.compile(r"[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}")


@dataclass(frozen=True, kw_only=True)
class BudgetProps:
    """How much a month, and who hears when."""

    name: str
    billing_account: str
    """As the billing console shows it: three groups of six."""
    project_number: str
    monthly_amount: int
    currency: str
    """That of the billing account, three letters; another one is refused by the cloud."""
    alert_channels: Sequence[str]
    """Full names of e-mail channels, at most five."""
    spent_percent: Sequence[int] = (50, 80, 100)
    forecast_percent: Sequence[int] = (100,)


class Budget(Construct):
    """A monthly budget of one project.

    Promises: alert channels hear each threshold once a month, and so do the billing account's administrators; the
    forecast is announced while there is still time to act.
    """

    def __init__(self, scope: Construct, id: str, props: BudgetProps) -> None:
        super().__init__(scope, id)
        _check(props)
        BillingBudget(
            self,
            "budget",
            display_name=props.name,
            billing_account=props.billing_account,
            budget_filter=BillingBudgetBudgetFilter(
                projects=[f"projects/{props.project_number}"], calendar_period="MONTH"
            ),
            amount=BillingBudgetAmount(
                specified_amount=BillingBudgetAmountSpecifiedAmount(
                    currency_code=props.currency, units=str(props.monthly_amount)
                )
            ),
            threshold_rules=[
                *_thresholds(props.spent_percent, "CURRENT_SPEND"),
                *_thresholds(props.forecast_percent, "FORECASTED_SPEND"),
            ],
            all_updates_rule=BillingBudgetAllUpdatesRule(
                monitoring_notification_channels=list(props.alert_channels), disable_default_iam_recipients=False
            ),
        )


def _check(props: BudgetProps) -> None:
    if not _BILLING_ACCOUNT.fullmatch(props.billing_account):
        raise ValueError(
            f"billing account {props.billing_account!r} must look like 0A1B2C-3D4E5F-6A7B8C: copy it from the billing "
            "console"
        )
    if not props.project_number.isdigit():
        raise ValueError(
            f"project_number {props.project_number!r} must be digits only: the number of the project, not its id"
        )
    if not re.fullmatch(r"[A-Z]{3}", props.currency):
        raise ValueError(f"currency {props.currency!r} must be three capital letters, such as USD")
    if props.monthly_amount < 1:
        raise ValueError(f"monthly_amount must be at least 1, not {props.monthly_amount}")
    if not 1 <= len(props.alert_channels) <= 5:
        raise ValueError(
            f"budget {props.name!r} has {len(props.alert_channels)} alert channels: give it one to five, or nobody "
            "hears of it"
        )
    if any(percent < 1 for percent in (*props.spent_percent, *props.forecast_percent)):
        raise ValueError(f"budget {props.name!r}: thresholds are whole percents of at least 1")


def _thresholds(percents: Sequence[int], basis: str) -> list[BillingBudgetThresholdRules]:
    return [
        BillingBudgetThresholdRules(threshold_percent=percent / 100, spend_basis=basis)
        for percent in sorted(set(percents))
    ]
