"""Every name that more than one stack knows, computed from configuration.

Stacks never read each other's state. What one stack makes, another finds by a name from here; so a stack can be planned
before the one it builds on exists. `karst.cross_stack` lists these names with their owner and users for the docs.
"""

from __future__ import annotations

from dataclasses import dataclass

from karst.config.buckets import Bucket
from karst.config.dataset import Dataset
from karst.config.deployment import Deployment
from karst.config.stores import RedisInstance
from karst.config.types import Tier
from karst.name_forms import dashed, lengthen, shorten, underscored
from karst.stack_names import StackNames

REDIS_ROLES = ("broker", "cache", "global")
PODS_RANGE = "pods"
SERVICES_RANGE = "services"

BUILDER, NODES, KEDA, SQL_ROLES = "builder", "nodes", "keda", "sql-roles"
AUTH, RECONCILE = "auth", "reconcile"
"""Accounts of Karst's own: they build images, are machines of clusters, scale by metrics, grant rights in databases."""
IDENTITY_PROVIDER = "github"
"""Id of the one way into a pool of workflows."""
PLAN, DEPLOY = "plan", "deploy"
"""Accounts of the repository's workflows, which `karst bootstrap` makes: one reads, one changes."""
RESERVED_ACCOUNTS = frozenset({BUILDER, NODES, KEDA, PLAN, DEPLOY})
"""No service may be called so, for its account would be one of these; the last is a service of ours itself."""

_ACCOUNT_ID_CHARS = (6, 30)
_BUCKET_CHARS = 63
_POOL_ID_CHARS = (4, 32)
_CERTIFICATE_CHARS = 63
_ROLE_ID_CHARS = 64


def service_account_id(deployment: str, workload: str) -> str:
    """Id of the Google service account of a workload: 6 to 30 characters, as the API demands."""
    least, most = _ACCOUNT_ID_CHARS
    return lengthen(shorten(f"{deployment}-{dashed(workload)}", most), least)


def certificate(map_name: str, host: str) -> str:
    """Name of the certificate of a host, and of all that proves it."""
    return shorten(f"{map_name}-{host.replace('.', '-')}", _CERTIFICATE_CHARS)


def sql_transfer_role(instance: str) -> str:
    """Id of the project's own role for exports and imports of a Cloud SQL instance."""
    return f"karst_sql_transfer_{instance}".replace("-", "_")[:_ROLE_ID_CHARS]


@dataclass(frozen=True)
class Names:
    """The names of one deployment."""

    of: Deployment

    @property
    def stacks(self) -> StackNames:
        """Ids of its stacks."""
        return StackNames(deployment=self.of.name)

    @property
    def network(self) -> str:
        """Name of the network."""
        return self.of.gcp.network.name or f"{self.of.name}-network"

    @property
    def subnet(self) -> str:
        """Name of the subnet."""
        return self.of.gcp.network.subnet or f"{self.network}-sub"

    @property
    def network_path(self) -> str:
        """The network as other resources name it."""
        return f"projects/{self.of.gcp.project}/global/networks/{self.network}"

    @property
    def subnet_path(self) -> str:
        """The subnet as other resources name it."""
        return f"projects/{self.of.gcp.project}/regions/{self.of.gcp.region}/subnetworks/{self.subnet}"

    @property
    def internal_zone(self) -> str:
        """Name of the private zone."""
        return f"{self.of.name}-internal"

    @property
    def internal_domain(self) -> str:
        """Domain of the private zone."""
        return f"{self.of.name}.karst.internal"

    @property
    def sql_instance(self) -> str:
        """Name of the Cloud SQL instance."""
        return self.of.sql.instance or f"{self.of.name}-sql"

    @property
    def sql_connection(self) -> str:
        """The instance as the SQL proxy names it."""
        return f"{self.of.gcp.project}:{self.of.gcp.region}:{self.sql_instance}"

    @property
    def sql_host(self) -> str:
        """Private name of PostgreSQL."""
        return f"sql.{self.internal_domain}"

    def sql_database(self, dataset: Dataset) -> str:
        """Database of a dataset's annotations."""
        return dataset.annotations.database or dataset.volume_name

    @property
    def bigtable_project(self) -> str:
        """Project of the Bigtable instance."""
        return self.of.bigtable.project or self.of.gcp.project

    def redis(self, role: str) -> str:
        """Name of the Redis of a role: `broker`, `cache` or `global`."""
        return self.redis_settings(role).name or f"{self.of.name}-{role}"

    def redis_settings(self, role: str) -> RedisInstance:
        """Settings of the Redis of a role."""
        redis = self.of.redis
        return {"broker": redis.broker, "cache": redis.cache, "global": redis.global_}[role]

    def redis_host(self, role: str) -> str:
        """Private name of the Redis of a role."""
        return f"redis-{role}.{self.internal_domain}"

    def redis_auth_secret(self, role: str) -> str:
        """Secret with the password of a Redis."""
        return f"{self.of.name}-redis-{role}-auth"

    def redis_ca_secret(self, role: str) -> str:
        """Secret with the authority that signs the certificate of a Redis."""
        return f"{self.of.name}-redis-{role}-ca"

    def secret(self, purpose: str) -> str:
        """A secret of the deployment."""
        return f"{self.of.name}-{dashed(purpose)}"

    def account_secret(self, account: str) -> str:
        """The secret with the token of a declared service account of auth."""
        return self.secret(f"account-{account}")

    def bucket_settings(self, role: str) -> Bucket:
        """Settings of a shared bucket."""
        bucket = getattr(self.of.buckets, role)
        if not isinstance(bucket, Bucket):
            raise KeyError(role)
        return bucket

    def bucket(self, role: str) -> str:
        """Name of a shared bucket."""
        wanted = f"{self.of.gcp.project}-{self.of.name}-{role}"
        return self.bucket_settings(role).name or shorten(wanted, _BUCKET_CHARS)

    def dataset_bucket(self, dataset: Dataset) -> str:
        """Name of a dataset's own bucket."""
        wanted = f"{self.of.gcp.project}-{self.of.name}-{dashed(dataset.name)}"
        return dataset.bucket.name or shorten(wanted, _BUCKET_CHARS)

    def topic(self, suffix: str) -> str:
        """A topic or subscription, such as `api_PCG_EDIT`."""
        return f"{self.of.pubsub.prefix or self.of.name}_{suffix}"

    @property
    def pubsub_agent(self) -> str:
        """Account with which Pub/Sub moves messages aside."""
        return f"service-{self.of.gcp.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"

    def service_account_id(self, workload: str) -> str:
        """Id of a workload's Google service account: the one it was told to keep, or one named after it."""
        choice = self.of.services.get(workload)
        return (choice.account if choice else None) or service_account_id(self.of.name, workload)

    def service_account(self, workload: str) -> str:
        """E-mail of a workload's Google service account."""
        return f"{self.service_account_id(workload)}@{self.of.gcp.project}.iam.gserviceaccount.com"

    @property
    def registry(self) -> str:
        """Repository of our images."""
        return f"{self.of.name}-services"

    @property
    def registry_url(self) -> str:
        """Where images of our services are pulled from."""
        return f"{self.of.gcp.region}-docker.pkg.dev/{self.of.gcp.project}/{self.registry}"

    @property
    def sources_bucket(self) -> str:
        """Bucket from which images of our services are built."""
        return shorten(f"{self.of.gcp.project}-{self.of.name}-sources", _BUCKET_CHARS)

    @property
    def builder(self) -> str:
        """E-mail of the account that builds images."""
        return self.service_account(BUILDER)

    @property
    def deployer(self) -> str | None:
        """E-mail of the account as which workflows deploy, where the deployment has a repository."""
        return self.service_account(DEPLOY) if self.of.ci else None

    @property
    def certificate_map(self) -> str:
        """Map of certificates by host."""
        return f"{self.of.name}-hosts"

    @property
    def certificate_map_path(self) -> str:
        """The map as the load balancer names it."""
        place = f"projects/{self.of.gcp.project}/locations/global"
        return f"//certificatemanager.googleapis.com/{place}/certificateMaps/{self.certificate_map}"

    def certificate(self, host: str) -> str:
        """Name of a host's certificate."""
        return certificate(self.certificate_map, host)

    def identity_pool(self, account: str) -> str:
        """Pool of the workflows that may be `PLAN` or `DEPLOY`: each has one of its own, with one way in."""
        return lengthen(shorten(f"{self.of.name}-{account}", _POOL_ID_CHARS[1]), _POOL_ID_CHARS[0])

    def identity_pool_path(self, account: str) -> str:
        """The pool as grants name it."""
        place = f"projects/{self.of.gcp.project_number}/locations/global"
        return f"{place}/workloadIdentityPools/{self.identity_pool(account)}"

    def identity_provider_path(self, account: str) -> str:
        """Who vouches for a pool's workflows, as these name it when they sign in."""
        return f"{self.identity_pool_path(account)}/providers/{IDENTITY_PROVIDER}"

    def address(self, version: str) -> str:
        """Name of the load balancer's address: `ipv4` or `ipv6`."""
        return f"{self.of.name}-{version}"

    def run_service(self, service: str) -> str:
        """A Cloud Run service."""
        return shorten(f"{self.of.name}-{service}", 49)

    def cluster(self, generation: str) -> str:
        """A generation's cluster, and its fleet membership."""
        return shorten(f"{self.of.gcp.cluster.name or self.of.name}-{generation}", 40)

    @property
    def cluster_location(self) -> str:
        """Where control planes stand: in the whole region, or in the one zone."""
        chosen = self.of.gcp.cluster.regional
        is_regional = self.of.tier is Tier.PROD if chosen is None else chosen
        return self.of.gcp.region if is_regional else self.of.gcp.zone

    def pool(self, key: str) -> str:
        """Name of a node pool in the cluster."""
        return self.of.gcp.pools[key].name or key

    def cluster_endpoint(self, generation: str) -> str:
        """Where the cluster's API is reached, known before the cluster exists."""
        place = f"projects/{self.of.gcp.project_number}/locations/{self.of.gcp.region}"
        return f"https://connectgateway.googleapis.com/v1/{place}/gkeMemberships/{self.cluster(generation)}"

    def endpoint_group(self, generation: str, service: str) -> str:
        """Network endpoint group of a service in a generation."""
        return shorten(f"{self.of.name}-{generation}-{service}", 63)

    def search_dataset(self, dataset: Dataset) -> str:
        """BigQuery dataset with a dataset's image signatures."""
        key = dataset.clio.key if dataset.clio else None
        return f"{underscored((key or dataset.name).lower())}_imgsearch"
