"""What topics and subscriptions promise."""

from __future__ import annotations

import pytest
from cdktn import TerraformStack

from karst.gcp.pubsub import DeadLetterTopic, DeadLetterTopicProps, SubscriptionSpec, Topic, TopicProps
from tests.synth.support import Document, only, resources, synth

AGENT = "serviceAccount:service-123456789@gcp-sa-pubsub.iam.gserviceaccount.com"
CHANNEL = "projects/lab-project/notificationChannels/1"
WORKER = "worker@lab-project.iam.gserviceaccount.com"


def dead_letters(stack: TerraformStack, number: str = "123456789") -> DeadLetterTopic:
    return DeadLetterTopic(
        stack,
        "failed",
        DeadLetterTopicProps(
            name="api_DEAD_LETTER",
            subscription="api_WORKER_DEAD_LETTER",
            project="lab-project",
            project_number=number,
            alert_channels=[CHANNEL],
        ),
    )


def synth_topic(spec: SubscriptionSpec) -> Document:
    def build(stack: TerraformStack) -> None:
        failed = dead_letters(stack)
        failed.grant_subscribe(WORKER)
        topic = Topic(
            stack,
            "edits",
            TopicProps(name="api_PCG_EDIT", project="lab-project", subscriptions={"remesh": spec}, dead_letters=failed),
        )
        topic.grant_publish("editor@lab-project.iam.gserviceaccount.com")
        topic.grant_subscribe("remesh", WORKER)

    return synth(build)


SPEC = SubscriptionSpec(
    name="api_HIGH_PRIORITY_REMESH", filter='attributes.remesh_priority="true"', retry_after_s=(10, 300), max_attempts=7
)


def test_subscription_says_how_messages_are_delivered() -> None:
    subscription = resources(synth_topic(SPEC), "google_pubsub_subscription")["edits__subscription_remesh"]
    assert subscription["filter"] == 'attributes.remesh_priority="true"'
    assert subscription["ack_deadline_seconds"] == 600
    assert subscription["retry_policy"] == {"minimum_backoff": "10s", "maximum_backoff": "300s"}
    assert subscription["message_retention_duration"] == "604800s"
    assert subscription["dead_letter_policy"] == {
        "dead_letter_topic": "projects/lab-project/topics/api_DEAD_LETTER",
        "max_delivery_attempts": 7,
    }


def test_no_subscription_ever_expires() -> None:
    found = resources(synth_topic(SPEC), "google_pubsub_subscription")
    assert len(found) == 2
    assert all(subscription["expiration_policy"] == {"ttl": ""} for subscription in found.values())


def test_pubsub_holds_both_permissions_to_forward() -> None:
    document = synth_topic(SPEC)
    publishes = resources(document, "google_pubsub_topic_iam_member")["failed__agent_publishes"]
    forwards = resources(document, "google_pubsub_subscription_iam_member")["edits__agent_forwards_remesh"]
    assert (publishes["member"], publishes["role"], publishes["topic"]) == (
        AGENT,
        "roles/pubsub.publisher",
        "api_DEAD_LETTER",
    )
    assert (forwards["member"], forwards["role"], forwards["subscription"]) == (
        AGENT,
        "roles/pubsub.subscriber",
        "api_HIGH_PRIORITY_REMESH",
    )


def test_failed_messages_are_kept_31_days_and_raise_an_alert() -> None:
    document = synth_topic(SPEC)
    holding = resources(document, "google_pubsub_subscription")["failed__subscription"]
    assert holding["topic"] == "projects/lab-project/topics/api_DEAD_LETTER"
    assert holding["message_retention_duration"] == "2678400s"
    alert = only(document, "google_monitoring_alert_policy")
    assert alert["notification_channels"] == [CHANNEL]
    assert "gcloud pubsub subscriptions pull" in alert["documentation"]["content"]
    condition = alert["conditions"][0]["condition_threshold"]
    assert 'resource.labels.subscription_id = "api_WORKER_DEAD_LETTER"' in condition["filter"]
    assert (condition["comparison"], condition["threshold_value"]) == ("COMPARISON_GT", 0)


def test_workloads_get_one_permission_on_one_thing() -> None:
    document = synth_topic(SPEC)
    publisher = resources(document, "google_pubsub_topic_iam_member")["edits__publish_editor"]
    assert (publisher["topic"], publisher["role"]) == ("api_PCG_EDIT", "roles/pubsub.publisher")
    members = resources(document, "google_pubsub_subscription_iam_member")
    assert members["edits__subscribe_remesh_worker"]["subscription"] == "api_HIGH_PRIORITY_REMESH"
    assert members["failed__subscribe_worker"]["subscription"] == "api_WORKER_DEAD_LETTER"


def test_a_subscription_without_dead_letters_is_refused() -> None:
    def build(stack: TerraformStack) -> None:
        Topic(stack, "edits", TopicProps(name="t", project="lab-project", subscriptions={"remesh": SPEC}))

    with pytest.raises(ValueError, match="'api_HIGH_PRIORITY_REMESH' but no dead_letters: a message that always fails"):
        synth(build)


def test_granting_an_unknown_subscription_names_the_known_ones() -> None:
    def build(stack: TerraformStack) -> None:
        Topic(stack, "edits", TopicProps(name="t", project="lab-project")).grant_subscribe("remesh", WORKER)

    with pytest.raises(ValueError, match="topic 't' has no subscription 'remesh'; it has: none"):
        synth(build)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (SubscriptionSpec(name="s", ack_deadline_s=601), "'s': ack_deadline_s must be from 10 to 600, not 601"),
        (SubscriptionSpec(name="s", max_attempts=4), "'s': max_attempts must be from 5 to 100, not 4"),
        (SubscriptionSpec(name="s", retention_days=32), "'s': retention_days must be from 1 to 31, not 32"),
        (SubscriptionSpec(name="s", retry_after_s=(20, 10)), "'s': retry_after_s must be from 0 to 10, not 20"),
        (SubscriptionSpec(name="s", retry_after_s=(10, 900)), "'s': retry_after_s must be from 10 to 600, not 900"),
    ],
)
def test_values_out_of_range(spec: SubscriptionSpec, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        synth_topic(spec)


def test_a_project_id_is_no_project_number() -> None:
    with pytest.raises(ValueError, match="project_number 'lab-project' must be digits only"):
        synth(lambda stack: dead_letters(stack, "lab-project"))


def test_a_worker_may_lay_a_message_aside_itself() -> None:
    document = synth(lambda stack: dead_letters(stack).grant_publish(WORKER))
    members = {grant["member"] for grant in resources(document, "google_pubsub_topic_iam_member").values()}
    assert members == {AGENT, f"serviceAccount:{WORKER}"}
