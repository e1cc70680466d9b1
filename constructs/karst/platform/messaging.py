"""The deployment's topics and queues, as far as its services use them, and who publishes to and reads from each."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from karst.blueprint import Blueprint
from karst.config.service_needs import Direction
from karst.derived.access import QueueGrant, queue_grants
from karst.derived.messages import SUBSCRIPTIONS, TOPICS, subscriptions_in_use, topics_in_use
from karst.gcp.members import Accounts
from karst.gcp.pubsub import DeadLetterTopic, DeadLetterTopicProps, SubscriptionSpec, Topic, TopicProps

_DEAD = "skeletons-dead"
"""A worker reads this one: it records which skeletons can't be made."""
_SKELETONS = "skeletons-"


class Messaging(Construct):
    """Topics by role, those that are used, each with the subscriptions that somebody reads.

    What no worker can handle is laid aside: skeletons for a worker to record, the rest apart.
    """

    topics: dict[str, Topic]

    def __init__(
        self, scope: Construct, id: str, blueprint: Blueprint, accounts: Accounts, alert_channels: Sequence[str] = ()
    ) -> None:
        super().__init__(scope, id)
        self._blueprint = blueprint
        self._accounts = accounts
        self._alert_channels = alert_channels
        self._queues = subscriptions_in_use(blueprint.workloads)
        used = topics_in_use(blueprint.workloads)
        are_skeletons = {queue.topic.startswith(_SKELETONS) for queue in self._queues.values()}
        self._skeletons = self._dead_skeletons() if True in are_skeletons or _DEAD in used else None
        self._unhandled = self._unhandled_messages() if False in are_skeletons else None
        self.topics = {role: self._topic(role) for role in sorted(TOPICS) if role in used and role != _DEAD}
        for grant in queue_grants(blueprint.workloads):
            self._grant(grant)

    def _dead_skeletons(self) -> DeadLetterTopic:
        names = self._blueprint.names
        return self._dead_letters(_DEAD, names.topic(TOPICS[_DEAD]), names.topic(SUBSCRIPTIONS[_DEAD].suffix))

    def _unhandled_messages(self) -> DeadLetterTopic:
        names = self._blueprint.names
        return self._dead_letters("unhandled", names.topic("DEAD_LETTER"), names.topic("DEAD_LETTER_HOLD"))

    def _dead_letters(self, id: str, topic: str, subscription: str) -> DeadLetterTopic:
        gcp = self._blueprint.deployment.gcp
        return DeadLetterTopic(
            self,
            id,
            DeadLetterTopicProps(
                name=topic,
                subscription=subscription,
                project=gcp.project,
                project_number=gcp.project_number,
                alert_channels=self._alert_channels,
            ),
        )

    def _topic(self, role: str) -> Topic:
        deployment, names = self._blueprint.deployment, self._blueprint.names
        subscriptions = {
            key: SubscriptionSpec(
                name=names.topic(queue.suffix),
                filter=queue.message_filter,
                ack_deadline_s=queue.ack_deadline_s,
                max_attempts=deployment.pubsub.max_attempts,
                retention_days=deployment.pubsub.retention_days,
            )
            for key, queue in self._queues.items()
            if queue.topic == role
        }
        return Topic(
            self,
            role,
            TopicProps(
                name=names.topic(TOPICS[role]),
                project=deployment.gcp.project,
                subscriptions=subscriptions,
                dead_letters=self._skeletons if role.startswith(_SKELETONS) else self._unhandled,
            ),
        )

    def _grant(self, grant: QueueGrant) -> None:
        account = self._accounts[grant.workload]
        topic = self._skeletons if grant.topic == _DEAD else self.topics.get(grant.topic)
        if topic is None:
            raise ValueError(
                f"services.{grant.workload}: there is no topic {grant.topic!r}. Declare one of {', '.join(TOPICS)}"
            )
        if grant.direction is Direction.PUBLISH:
            topic.grant_publish(account)
        elif isinstance(topic, DeadLetterTopic):
            topic.grant_subscribe(account)
        else:
            topic.grant_subscribe(grant.subscription or grant.topic, account)
