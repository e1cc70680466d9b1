"""Messages between services: a topic they are published to, and subscriptions that deliver each until handled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cdktn import ITerraformDependable
from cdktn_provider_google.pubsub_subscription import (
    PubsubSubscription,
    PubsubSubscriptionDeadLetterPolicy,
    PubsubSubscriptionExpirationPolicy,
    PubsubSubscriptionRetryPolicy,
)
from cdktn_provider_google.pubsub_subscription_iam_member import PubsubSubscriptionIamMember
from cdktn_provider_google.pubsub_topic import PubsubTopic
from cdktn_provider_google.pubsub_topic_iam_member import PubsubTopicIamMember
from constructs import Construct

from karst.gcp.members import Grantee, grant_id, member_of, needs_of
from karst.gcp.metric_alert import MetricAlert, add_metric_alert

_DAY_S = 86_400


@dataclass(frozen=True, kw_only=True)
class DeadLetterTopicProps:
    """Where messages go that no worker could handle."""

    name: str
    subscription: str
    """Holds them until someone looks; a worker that records refusals may read it, too."""
    project: str
    project_number: str
    """Names the agent by which Pub/Sub itself moves messages."""
    alert_channels: Sequence[str] = ()
    """Full names of notification channels told when a message waits here; none: nobody is told."""
    kms_key_name: str | None = None


class DeadLetterTopic(Construct):
    """A topic for messages that failed too often, with the one subscription that keeps them (31 days).

    Promises: Pub/Sub may publish here, without which it would drop the forwarding in silence; neither topic nor
    subscription expires; a message that waits raises an alert where there are channels to raise it on.
    """

    topic_path: str
    subscription: str
    agent_member: str

    def __init__(self, scope: Construct, id: str, props: DeadLetterTopicProps) -> None:
        super().__init__(scope, id)
        if not props.project_number.isdigit():
            raise ValueError(
                f"project_number {props.project_number!r} must be digits only: the number of the project, not its id"
            )
        self.topic_path = f"projects/{props.project}/topics/{props.name}"
        self.subscription = props.subscription
        self.agent_member = f"serviceAccount:service-{props.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"
        self._project = props.project
        self._topic = props.name
        topic = PubsubTopic(self, "topic", name=props.name, project=props.project, kms_key_name=props.kms_key_name)
        agent = PubsubTopicIamMember(
            self,
            "agent-publishes",
            project=props.project,
            topic=props.name,
            role="roles/pubsub.publisher",
            member=self.agent_member,
            depends_on=[topic],
        )
        self._subscription = PubsubSubscription(
            self,
            "subscription",
            name=props.subscription,
            project=props.project,
            topic=self.topic_path,
            ack_deadline_seconds=600,
            message_retention_duration=f"{31 * _DAY_S}s",
            expiration_policy=PubsubSubscriptionExpirationPolicy(ttl=""),
            depends_on=[topic],
        )
        self.dependable: Sequence[ITerraformDependable] = (topic, agent)
        self._alert(props)

    def grant_publish(self, grantee: Grantee) -> None:
        """Let `grantee` lay a message aside itself."""
        PubsubTopicIamMember(
            self,
            grant_id("publish", grantee),
            project=self._project,
            topic=self._topic,
            role="roles/pubsub.publisher",
            member=member_of(grantee),
            depends_on=[*self.dependable, *needs_of(grantee)],
        )

    def grant_subscribe(self, grantee: Grantee) -> None:
        """Let `grantee` read and acknowledge what failed."""
        PubsubSubscriptionIamMember(
            self,
            grant_id("subscribe", grantee),
            project=self._project,
            subscription=self.subscription,
            role="roles/pubsub.subscriber",
            member=member_of(grantee),
            depends_on=[self._subscription, *needs_of(grantee)],
        )

    def _alert(self, props: DeadLetterTopicProps) -> None:
        alert = MetricAlert(
            project=props.project,
            title=f"messages failed: {props.name}",
            condition="a message waits in the dead-letter subscription",
            metric_filter=(
                'resource.type = "pubsub_subscription" AND '
                f'resource.labels.subscription_id = "{props.subscription}" AND '
                'metric.type = "pubsub.googleapis.com/subscription/num_undelivered_messages"'
            ),
            above=0,
            advice=(
                "A worker gave up on these messages. Read them, without taking them away, with "
                f"`gcloud pubsub subscriptions pull {props.subscription}`; they are kept for 31 days."
            ),
            channels=props.alert_channels,
        )
        add_metric_alert(self, "alert", alert)


@dataclass(frozen=True, kw_only=True)
class SubscriptionSpec:
    """How one kind of worker receives the messages of a topic."""

    name: str
    filter: str | None = None
    """Which messages, by their attributes: `attributes.remesh_priority="true"`. Fixed for the subscription's life."""
    ack_deadline_s: int = 600
    """How long a worker may take before the message is given to another one; 10 to 600."""
    retry_after_s: tuple[int, int] = (10, 600)
    """Shortest and longest wait before a failed message comes again; it grows from one to the other. 0 to 600."""
    max_attempts: int = 5
    """Deliveries before a message counts as failed; 5 to 100."""
    retention_days: int = 7
    """How long a message waits for a worker; 1 to 31."""


@dataclass(frozen=True, kw_only=True)
class TopicProps:
    """A topic and those who listen to it."""

    name: str
    project: str
    subscriptions: Mapping[str, SubscriptionSpec] = field(default_factory=dict)
    """By a short name that is stable: it becomes part of the resource's address."""
    dead_letters: DeadLetterTopic | None = None
    """Shared by all subscriptions; needed as soon as there is one."""
    kms_key_name: str | None = None


class Topic(Construct):
    """A topic with its subscriptions.

    Promises: a subscription never expires, however long its workers sleep; a failed message comes again after a growing
    wait and ends in the dead-letter topic, for which Pub/Sub holds both permissions that this takes.
    """

    path: str

    def __init__(self, scope: Construct, id: str, props: TopicProps) -> None:
        super().__init__(scope, id)
        self.path = f"projects/{props.project}/topics/{props.name}"
        self._props = props
        self._topic = PubsubTopic(
            self, "topic", name=props.name, project=props.project, kms_key_name=props.kms_key_name
        )
        self._subscriptions = {key: self._subscribe(key, spec) for key, spec in sorted(props.subscriptions.items())}

    def grant_publish(self, grantee: Grantee) -> None:
        """Let `grantee` send messages."""
        PubsubTopicIamMember(
            self,
            grant_id("publish", grantee),
            project=self._props.project,
            topic=self._props.name,
            role="roles/pubsub.publisher",
            member=member_of(grantee),
            depends_on=[self._topic, *needs_of(grantee)],
        )

    def grant_subscribe(self, subscription: str, grantee: Grantee) -> None:
        """Let `grantee` receive and acknowledge the messages of one subscription, named by its key."""
        if subscription not in self._subscriptions:
            known = ", ".join(sorted(self._subscriptions)) or "none"
            raise ValueError(f"topic {self._props.name!r} has no subscription {subscription!r}; it has: {known}")
        PubsubSubscriptionIamMember(
            self,
            grant_id(f"subscribe-{subscription}", grantee),
            project=self._props.project,
            subscription=self._props.subscriptions[subscription].name,
            role="roles/pubsub.subscriber",
            member=member_of(grantee),
            depends_on=[self._subscriptions[subscription], *needs_of(grantee)],
        )

    def _subscribe(self, key: str, spec: SubscriptionSpec) -> PubsubSubscription:
        _check(spec)
        dead_letters = self._props.dead_letters
        if dead_letters is None:
            raise ValueError(
                f"topic {self._props.name!r} has the subscription {spec.name!r} but no dead_letters: a message that "
                "always fails would come back for ever"
            )
        subscription = PubsubSubscription(
            self,
            f"subscription-{key}",
            name=spec.name,
            project=self._props.project,
            topic=self.path,
            filter=spec.filter,
            ack_deadline_seconds=spec.ack_deadline_s,
            message_retention_duration=f"{spec.retention_days * _DAY_S}s",
            expiration_policy=PubsubSubscriptionExpirationPolicy(ttl=""),
            retry_policy=PubsubSubscriptionRetryPolicy(
                minimum_backoff=f"{spec.retry_after_s[0]}s", maximum_backoff=f"{spec.retry_after_s[1]}s"
            ),
            dead_letter_policy=PubsubSubscriptionDeadLetterPolicy(
                dead_letter_topic=dead_letters.topic_path, max_delivery_attempts=spec.max_attempts
            ),
            depends_on=[self._topic, *dead_letters.dependable],
        )
        # To forward a message Pub/Sub acknowledges it here, as any subscriber would.
        PubsubSubscriptionIamMember(
            self,
            f"agent-forwards-{key}",
            project=self._props.project,
            subscription=spec.name,
            role="roles/pubsub.subscriber",
            member=dead_letters.agent_member,
            depends_on=[subscription],
        )
        return subscription


def _check(spec: SubscriptionSpec) -> None:
    shortest, longest = spec.retry_after_s
    for what, value, low, high in (
        ("ack_deadline_s", spec.ack_deadline_s, 10, 600),
        ("retry_after_s", shortest, 0, longest),
        ("retry_after_s", longest, shortest, 600),
        ("max_attempts", spec.max_attempts, 5, 100),
        ("retention_days", spec.retention_days, 1, 31),
    ):
        if not low <= value <= high:
            raise ValueError(f"subscription {spec.name!r}: {what} must be from {low} to {high}, not {value}")
