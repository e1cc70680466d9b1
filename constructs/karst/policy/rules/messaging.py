"""Messages are never lost: subscriptions live on, and what fails is kept, counted and told to somebody."""

from __future__ import annotations

from collections.abc import Iterator

from karst.policy.model import Resource, Rule, Stack, on_each

_SUBSCRIPTION = ("google_pubsub_subscription",)


def _never_expires(resource: Resource) -> Iterator[str]:
    if "expiration_policy" not in resource.body or resource.text("expiration_policy", "ttl"):
        yield "vanishes after idle weeks, with its messages: set expiration_policy with an empty ttl"


def _dead_topic(resource: Resource) -> str:
    return resource.text("dead_letter_policy", "dead_letter_topic")


def _dead_topics(stack: Stack) -> set[str]:
    return {_dead_topic(resource) for resource in stack.resources(*_SUBSCRIPTION)} - {""}


def _gives_up_safely(stack: Stack) -> Iterator[tuple[str, str]]:
    dead = _dead_topics(stack)
    for resource in stack.resources(*_SUBSCRIPTION):
        if not _dead_topic(resource) and resource.text("topic") not in dead:
            yield resource.address, "delivers a message that always fails for ever: set dead_letter_policy"


def _agent(stack: Stack, kind: str, role: str, attribute: str) -> set[str]:
    return {
        resource.text(attribute)
        for resource in stack.resources(kind)
        if resource.text("role") == role and resource.text("member").endswith("@gcp-sa-pubsub.iam.gserviceaccount.com")
    }


def _can_forward(stack: Stack) -> Iterator[tuple[str, str]]:
    publishes = _agent(stack, "google_pubsub_topic_iam_member", "roles/pubsub.publisher", "topic")
    acknowledges = _agent(stack, "google_pubsub_subscription_iam_member", "roles/pubsub.subscriber", "subscription")
    for resource in stack.resources(*_SUBSCRIPTION):
        dead = _dead_topic(resource)
        if dead and dead.rpartition("/")[2] not in publishes:
            yield resource.address, "cannot forward to its dead-letter topic: let Pub/Sub's own account publish there"
        if dead and resource.text("name") not in acknowledges:
            yield resource.address, "forwards the same message again and again: let Pub/Sub's own account acknowledge"


def _failures_are_told(stack: Stack) -> Iterator[tuple[str, str]]:
    dead = _dead_topics(stack)
    watched = [resource.text("conditions", "condition_threshold", "filter") for resource in _alerts(stack)]
    holders = [item for item in stack.resources(*_SUBSCRIPTION) if item.text("topic") in dead]
    for topic in sorted(dead - {item.text("topic") for item in holders}):
        yield "", f"loses what fails: {topic} has no subscription that keeps it"
    for holder in holders:
        if not any(f'"{holder.text("name")}"' in text for text in watched):
            yield holder.address, "fills unseen: declare an alert on its messages"


def _alerts(stack: Stack) -> Iterator[Resource]:
    return stack.resources("google_monitoring_alert_policy")


def _reaches_somebody(resource: Resource) -> Iterator[str]:
    if not resource.body.get("notification_channels"):
        yield "tells nobody: name a notification channel"


RULES = (
    Rule(
        id="KARST_MSG_1",
        reason="A month without edits must not end all edits after it.",
        judge=on_each(_SUBSCRIPTION, _never_expires),
    ),
    Rule(id="KARST_MSG_2", reason="One bad message blocks the good ones.", judge=_gives_up_safely),
    Rule(id="KARST_MSG_3", reason="Without both grants Pub/Sub keeps what it was to set aside.", judge=_can_forward),
    Rule(id="KARST_MSG_4", reason="A failed edit that nobody sees is a wrong graph.", judge=_failures_are_told),
    Rule(
        id="KARST_WATCH_1",
        reason="An alert without a channel is a log line.",
        judge=on_each(("google_monitoring_alert_policy",), _reaches_somebody),
    ),
)
