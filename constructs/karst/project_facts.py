"""What stacks ask of a project, and what `karst bootstrap` and `karst doctor` look after: its APIs, roles in it."""

from __future__ import annotations

from enum import StrEnum

CAVE_AND_CLIO = frozenset(
    {
        "artifactregistry",
        "bigquery",
        "bigtable",
        "bigtableadmin",
        "billingbudgets",
        "certificatemanager",
        "cloudbuild",
        "cloudresourcemanager",
        "cloudtrace",
        "compute",
        "connectgateway",
        "container",
        "containersecurity",
        "datastore",
        "dns",
        "firestore",
        "gkeconnect",
        "gkehub",
        "iam",
        "iamcredentials",
        "logging",
        "monitoring",
        "pubsub",
        "redis",
        "run",
        "secretmanager",
        "servicenetworking",
        "serviceusage",
        "sqladmin",
        "storage",
    }
)
"""Every API that a deployment of all kinds uses, by its short name."""

FIRST_APIS = frozenset(
    {"cloudresourcemanager", "iam", "iamcredentials", "secretmanager", "serviceusage", "storage", "sts"}
)
"""Without these nobody can deploy: Terraform switches on the others. Workflows sign in by `sts`, and the web client by
which people sign in has to lie in a secret before anything reads it."""

_BASIC_ROLES = frozenset({"roles/owner", "roles/editor", "roles/viewer"})


class ProjectRole(StrEnum):
    """The only roles a workload may hold on a whole project; all else is granted on one bucket, topic or table."""

    CLOUD_SQL_CLIENT = "roles/cloudsql.client"
    CLOUD_SQL_INSTANCE_USER = "roles/cloudsql.instanceUser"
    DATASTORE_USER = "roles/datastore.user"
    BIGQUERY_JOB_USER = "roles/bigquery.jobUser"
    LOG_WRITER = "roles/logging.logWriter"
    METRIC_WRITER = "roles/monitoring.metricWriter"
    MONITORING_VIEWER = "roles/monitoring.viewer"
    TRACE_AGENT = "roles/cloudtrace.agent"
    NODE = "roles/container.defaultNodeServiceAccount"

    @classmethod
    def _missing_(cls, value: object) -> ProjectRole:
        if value in _BASIC_ROLES:
            raise ValueError(f"{value} opens the whole project: grant what is needed on the resource itself instead")
        if "admin" in str(value).lower():
            raise ValueError(f"{value} administers the whole project: no workload may hold it")
        raise ValueError(
            f"{value} is not granted on whole projects: use a grant_* method of the resource, or one of "
            + ", ".join(sorted(cls))
        )
