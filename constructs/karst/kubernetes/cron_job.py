"""A program that runs at set hours and ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cdktn import ITerraformDependable
from cdktn_provider_kubernetes.cron_job_v1 import (
    CronJobV1,
    CronJobV1Metadata,
    CronJobV1Spec,
    CronJobV1SpecJobTemplate,
    CronJobV1SpecJobTemplateMetadata,
    CronJobV1SpecJobTemplateSpec,
    CronJobV1SpecJobTemplateSpecTemplate,
    CronJobV1SpecJobTemplateSpecTemplateMetadata,
    CronJobV1SpecJobTemplateSpecTemplateSpec,
)
from constructs import Construct

from karst.kubernetes.pod import PodProps, pod_spec
from karst.kubernetes.recast import recast

_LATEST_START_S = 600
_LONGEST_RUN_S = 6 * 3600


@dataclass(frozen=True, kw_only=True)
class CronJobProps:
    """What runs, when, and whether at all."""

    namespace: str
    name: str
    pod: PodProps
    schedule: str
    """Minute, hour, day of month, month, day of week, in UTC."""
    is_suspended: bool
    """No run begins; one that has begun ends by itself."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """Beside those of the pod."""
    timeout_s: int = _LONGEST_RUN_S
    retries: int = 1
    waits_for: Sequence[ITerraformDependable] = ()


class CronJob(Construct):
    """Never two runs at once: one that is due while the last still runs is left out, as is one ten minutes late."""

    def __init__(self, scope: Construct, id: str, props: CronJobProps) -> None:
        super().__init__(scope, id)
        labels = dict(sorted((dict(props.labels) | dict(props.pod.labels)).items()))
        CronJobV1(
            self,
            "job",
            metadata=CronJobV1Metadata(name=props.name, namespace=props.namespace, labels=labels),
            spec=CronJobV1Spec(
                schedule=props.schedule,
                timezone="Etc/UTC",
                suspend=props.is_suspended,
                concurrency_policy="Forbid",
                starting_deadline_seconds=_LATEST_START_S,
                successful_jobs_history_limit=3,
                failed_jobs_history_limit=3,
                job_template=CronJobV1SpecJobTemplate(
                    metadata=CronJobV1SpecJobTemplateMetadata(labels=labels),
                    spec=CronJobV1SpecJobTemplateSpec(
                        backoff_limit=props.retries,
                        active_deadline_seconds=props.timeout_s,
                        template=CronJobV1SpecJobTemplateSpecTemplate(
                            metadata=CronJobV1SpecJobTemplateSpecTemplateMetadata(labels=labels),
                            spec=recast(pod_spec(props.pod, restarts=False), CronJobV1SpecJobTemplateSpecTemplateSpec),
                        ),
                    ),
                ),
            ),
            depends_on=list(props.waits_for) or None,
        )
