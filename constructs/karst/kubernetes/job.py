"""A program that runs once and must succeed before what depends on it goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cdktn import ITerraformDependable
from cdktn_provider_kubernetes.job_v1 import (
    JobV1,
    JobV1Metadata,
    JobV1Spec,
    JobV1SpecTemplate,
    JobV1SpecTemplateMetadata,
    JobV1SpecTemplateSpec,
    JobV1Timeouts,
)
from constructs import Construct

from karst.kubernetes.pod import PodProps, pod_spec
from karst.kubernetes.recast import recast

_HASH_CHARS = 8
_LONGEST_NAME = 50
_STARTING_S = 600
"""A node that must come up first, and the image, take their time too."""


@dataclass(frozen=True, kw_only=True)
class JobProps:
    """What runs, how often it may fail and how long it may take."""

    namespace: str
    name: str
    """The job is called so, with a hash of its content behind it."""
    pod: PodProps
    timeout_s: int
    """All attempts together."""
    retries: int = 2
    reruns_on: Mapping[str, str] = field(default_factory=dict[str, str])
    """What else, when it changes, makes it run again: texts that the program reads from files, say."""
    waits_for: Sequence[ITerraformDependable] = ()


class Job(Construct):
    """A job that an apply waits for, and that fails the apply where it fails.

    Promises: it runs again when its image, command, settings or `reruns_on` change, since its name does; it never
    restarts in place, so the log of each attempt stays; nothing deletes it behind Terraform's back. Surprise: other
    resources or another pool replace it too, so what runs must do nothing the second time.
    """

    name: str
    done: ITerraformDependable
    """What may only happen after the job depends on this."""

    def __init__(self, scope: Construct, id: str, props: JobProps) -> None:
        super().__init__(scope, id)
        self.name = job_name(props)
        labels = dict(sorted(props.pod.labels.items()))
        self.done = JobV1(
            self,
            "job",
            metadata=JobV1Metadata(name=self.name, namespace=props.namespace, labels=labels),
            spec=JobV1Spec(
                backoff_limit=props.retries,
                active_deadline_seconds=props.timeout_s,
                template=JobV1SpecTemplate(
                    metadata=JobV1SpecTemplateMetadata(labels=labels),
                    spec=recast(pod_spec(props.pod, restarts=False), JobV1SpecTemplateSpec),
                ),
            ),
            wait_for_completion=True,
            timeouts=JobV1Timeouts(
                create=f"{props.timeout_s + _STARTING_S}s", update=f"{props.timeout_s + _STARTING_S}s"
            ),
            depends_on=list(props.waits_for) or None,
        )


def job_name(props: JobProps) -> str:
    """The job's name: equal for equal content."""
    if len(props.name) > _LONGEST_NAME:
        raise ValueError(f"the job's name {props.name!r} is longer than {_LONGEST_NAME} characters: shorten it")
    run = props.pod.container
    content = [run.image, list(run.command), sorted(run.env.items()), sorted(props.reruns_on.items())]
    return f"{props.name}-{hashlib.sha256(json.dumps(content).encode()).hexdigest()[:_HASH_CHARS]}"
