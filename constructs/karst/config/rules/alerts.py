"""Rules of alerts: who is to hear of costs must have an address."""

from collections.abc import Iterator

from karst.config.errors import Problem
from karst.config.loader import Environment

MOST_CHANNELS = 5
"""Mailboxes that one budget may tell."""


def problems(environment: Environment) -> Iterator[Problem]:
    """A budget of which nobody, or more people than the cloud allows, would hear."""
    emails = environment.deployment.alerts.emails
    if environment.deployment.budget is None:
        return
    if not emails:
        message = "is a sum of which nobody hears"
        yield environment.problem(("budget",), message, "Write alerts: {emails: [ops@example.org]}.")
    if len(emails) > MOST_CHANNELS:
        message = f"are {len(emails)} addresses, and a budget tells {MOST_CHANNELS} at the most"
        yield environment.problem(("alerts", "emails"), message, "Write the address of a list instead.")
