"""What each type of resource that stacks declare asks of whoever plans it, and of whoever deploys it.

Permissions come from Google's reference of them; a test holds the types to what the examples declare.
"""

from __future__ import annotations

from dataclasses import dataclass

from karst.config.types import Kind

ALL = frozenset(Kind)
CLUSTER = frozenset({Kind.GLOBAL, Kind.LOCAL})
LOCAL = frozenset({Kind.LOCAL})
CLIO = frozenset({Kind.CLIO})


@dataclass(frozen=True, kw_only=True)
class Right:
    """What types of resources of one API need."""

    types: tuple[str, ...]
    """Without `google_`."""
    reads: tuple[str, ...]
    """To plan."""
    writes: tuple[str, ...]
    """To deploy, beside these."""
    role: str
    """The smallest of Google's roles with all of them."""
    kinds: frozenset[Kind] = ALL
    """Which deployments declare them."""


def each(parts: str, *verbs: str) -> tuple[str, ...]:
    """Permissions of each of some parts, by what is done with it."""
    return tuple(f"{part}.{verb}" for part in parts.split() for verb in verbs)


def _whole(parts: str) -> tuple[str, ...]:
    return each(parts, "create", "update", "delete")


_POLICY = ("getIamPolicy",)
_CONTENTS = (
    "container.configMaps container.cronJobs container.deployments container.horizontalPodAutoscalers container.jobs "
    "container.namespaces container.networkPolicies container.podDisruptionBudgets container.serviceAccounts "
    "container.services"
)

RIGHTS = (
    Right(
        types=("project_service",),
        reads=each("serviceusage.services", "get", "list", "use"),
        writes=("serviceusage.services.enable",),
        role="roles/serviceusage.serviceUsageAdmin",
    ),
    Right(
        types=("project_iam_member", "project_iam_audit_config"),
        reads=each("resourcemanager.projects", "get", *_POLICY),
        writes=("resourcemanager.projects.setIamPolicy",),
        role="roles/resourcemanager.projectIamAdmin",
    ),
    Right(
        types=("project_iam_custom_role",),
        reads=("iam.roles.get",),
        writes=(*_whole("iam.roles"), "iam.roles.undelete"),
        role="roles/iam.roleAdmin",
        kinds=LOCAL,
    ),
    Right(
        types=("service_account", "service_account_iam_member"),
        reads=each("iam.serviceAccounts", "get", *_POLICY),
        writes=(*_whole("iam.serviceAccounts"), "iam.serviceAccounts.setIamPolicy"),
        role="roles/iam.serviceAccountAdmin",
    ),
    Right(
        types=("compute_network", "compute_subnetwork", "compute_router", "compute_router_nat"),
        reads=each("compute.networks compute.subnetworks compute.routers compute.addresses compute.regions", "get"),
        writes=(
            *_whole("compute.networks compute.subnetworks compute.routers"),
            *each("compute.networks", "updatePolicy", "use"),
            *each("compute.addresses", "create", "delete", "use"),
        ),
        role="roles/compute.networkAdmin",
    ),
    Right(
        types=("service_networking_connection",),
        reads=("servicenetworking.services.get",),
        writes=("servicenetworking.services.addPeering",),
        role="roles/servicenetworking.networksAdmin",
    ),
    Right(
        types=("compute_firewall", "compute_security_policy", "compute_ssl_policy"),
        reads=each("compute.firewalls compute.securityPolicies compute.sslPolicies", "get"),
        writes=(
            *_whole("compute.firewalls compute.securityPolicies compute.sslPolicies"),
            *each("compute.securityPolicies compute.sslPolicies", "use"),
        ),
        role="roles/compute.securityAdmin",
    ),
    Right(
        types=(
            "compute_backend_service",
            "compute_global_address",
            "compute_global_forwarding_rule",
            "compute_region_network_endpoint_group",
            "compute_target_http_proxy",
            "compute_target_https_proxy",
            "compute_url_map",
        ),
        reads=each(
            "compute.backendServices compute.globalAddresses compute.globalForwardingRules compute.urlMaps "
            "compute.regionNetworkEndpointGroups compute.targetHttpProxies compute.targetHttpsProxies "
            "compute.globalOperations compute.regionOperations",
            "get",
        ),
        writes=(
            *_whole("compute.backendServices compute.globalForwardingRules compute.urlMaps compute.targetHttpsProxies"),
            *each("compute.globalAddresses compute.regionNetworkEndpointGroups", "create", "delete", "use"),
            *each("compute.targetHttpProxies", "create", "delete", "use"),
            *each("compute.backendServices compute.urlMaps compute.targetHttpsProxies", "use"),
        ),
        role="roles/compute.loadBalancerAdmin",
    ),
    Right(
        types=("compute_health_check",),
        reads=("compute.healthChecks.get",),
        writes=(*_whole("compute.healthChecks"), "compute.healthChecks.use", "compute.networkEndpointGroups.use"),
        role="roles/compute.loadBalancerAdmin",
        kinds=CLUSTER,
    ),
    Right(
        types=("dns_managed_zone", "dns_record_set"),
        reads=each("dns.managedZones dns.changes", "get") + each("dns.resourceRecordSets", "get", "list"),
        writes=(
            *_whole("dns.managedZones dns.resourceRecordSets"),
            "dns.changes.create",
            "dns.networks.bindPrivateDNSZone",
        ),
        role="roles/dns.admin",
    ),
    Right(
        types=(
            "certificate_manager_certificate",
            "certificate_manager_certificate_map",
            "certificate_manager_certificate_map_entry",
            "certificate_manager_dns_authorization",
        ),
        reads=each(
            "certificatemanager.certs certificatemanager.certmaps certificatemanager.certmapentries "
            "certificatemanager.dnsauthorizations certificatemanager.operations",
            "get",
        ),
        writes=(
            *_whole(
                "certificatemanager.certs certificatemanager.certmaps certificatemanager.certmapentries "
                "certificatemanager.dnsauthorizations"
            ),
            *each("certificatemanager.certs certificatemanager.certmaps certificatemanager.dnsauthorizations", "use"),
        ),
        role="roles/certificatemanager.owner",
    ),
    Right(
        types=("storage_bucket", "storage_bucket_iam_member", "storage_bucket_object"),
        reads=each("storage.buckets", "get", *_POLICY),
        writes=(
            *_whole("storage.buckets"),
            "storage.buckets.setIamPolicy",
            *each("storage.objects", "create", "delete", "get", "list"),
        ),
        role="roles/storage.admin",
    ),
    Right(
        types=("secret_manager_secret", "secret_manager_secret_iam_member", "secret_manager_secret_version"),
        reads=(*each("secretmanager.secrets", "get", *_POLICY), "secretmanager.versions.get"),
        writes=(
            *_whole("secretmanager.secrets"),
            "secretmanager.secrets.setIamPolicy",
            *each("secretmanager.versions", "add", "enable", "disable", "access"),
        ),
        role="roles/secretmanager.admin",
    ),
    Right(
        types=("artifact_registry_repository", "artifact_registry_repository_iam_member"),
        reads=(*each("artifactregistry.repositories", "get", *_POLICY), "artifactregistry.tags.get"),
        writes=(*_whole("artifactregistry.repositories"), "artifactregistry.repositories.setIamPolicy"),
        role="roles/artifactregistry.admin",
    ),
    Right(
        types=("cloud_run_v2_service", "cloud_run_v2_service_iam_member"),
        reads=(*each("run.services", "get", *_POLICY), "run.operations.get"),
        writes=(*_whole("run.services"), "run.services.setIamPolicy"),
        role="roles/run.admin",
    ),
    Right(
        types=("firestore_database",),
        reads=("datastore.databases.getMetadata",),
        writes=_whole("datastore.databases"),
        role="roles/datastore.owner",
    ),
    Right(
        types=("firestore_backup_schedule",),
        reads=each("datastore.backupSchedules", "get", "list"),
        writes=_whole("datastore.backupSchedules"),
        role="roles/datastore.owner",
    ),
    Right(
        types=("monitoring_alert_policy", "monitoring_notification_channel", "monitoring_uptime_check_config"),
        reads=each("monitoring.alertPolicies monitoring.notificationChannels monitoring.uptimeCheckConfigs", "get"),
        writes=_whole("monitoring.alertPolicies monitoring.notificationChannels monitoring.uptimeCheckConfigs"),
        role="roles/monitoring.editor",
    ),
    Right(
        types=("sql_database_instance", "sql_database", "sql_user"),
        reads=("cloudsql.instances.get", "cloudsql.databases.get", "cloudsql.users.list"),
        writes=_whole("cloudsql.instances cloudsql.databases cloudsql.users"),
        role="roles/cloudsql.admin",
        kinds=CLUSTER,
    ),
    Right(
        types=("redis_instance",),
        reads=each("redis.instances", "get", "getAuthString"),
        writes=_whole("redis.instances"),
        role="roles/redis.admin",
        kinds=CLUSTER,
    ),
    Right(
        types=("container_cluster", "container_node_pool"),
        reads=each("container.clusters container.operations gkehub.memberships", "get"),
        writes=(*_whole("container.clusters"), *each("gkehub.memberships", "create", "delete")),
        role="roles/container.admin",
        kinds=CLUSTER,
    ),
    Right(
        types=("kubernetes_*", "helm_release"),
        reads=(
            "gkehub.gateway.get",
            *each(_CONTENTS, "get", "list"),
            # A chart's own record of what it installed is a secret of its namespace.
            *each("container.secrets", "get", "list"),
        ),
        writes=(
            *each("gkehub.gateway", "delete", "patch", "post", "put"),
            *_whole(f"{_CONTENTS} container.roles container.roleBindings container.secrets"),
        ),
        role="roles/container.admin",
        kinds=CLUSTER,
    ),
    Right(
        types=("bigtable_instance", "bigtable_table", "bigtable_gc_policy", "bigtable_table_iam_member"),
        reads=each("bigtable.instances bigtable.clusters", "get") + each("bigtable.tables", "get", *_POLICY),
        writes=(*_whole("bigtable.instances bigtable.tables"), "bigtable.tables.setIamPolicy"),
        role="roles/bigtable.admin",
        kinds=LOCAL,
    ),
    Right(
        types=("pubsub_topic", "pubsub_topic_iam_member", "pubsub_subscription", "pubsub_subscription_iam_member"),
        reads=each("pubsub.topics pubsub.subscriptions", "get", *_POLICY),
        writes=(
            *_whole("pubsub.topics pubsub.subscriptions"),
            *each("pubsub.topics pubsub.subscriptions", "setIamPolicy"),
            "pubsub.topics.attachSubscription",
        ),
        role="roles/pubsub.admin",
        kinds=LOCAL,
    ),
    Right(
        types=("bigquery_dataset", "bigquery_dataset_iam_member", "bigquery_table"),
        reads=(*each("bigquery.datasets", "get", *_POLICY), "bigquery.tables.get"),
        writes=(*_whole("bigquery.datasets bigquery.tables"), "bigquery.datasets.setIamPolicy"),
        role="roles/bigquery.dataOwner",
        kinds=CLIO,
    ),
)

ALSO_DEPLOYS = {
    "roles/gkehub.editor": CLUSTER,
    "roles/gkehub.gatewayAdmin": CLUSTER,
    "roles/cloudbuild.builds.editor": ALL,
}
"""Roles that deploying needs beside those of single resources: members of the fleet, their gateway, building images."""

ALSO_WRITES = ("cloudbuild.builds.create", "cloudbuild.builds.get")
