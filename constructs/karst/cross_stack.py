"""The table of values that cross stacks: what each is, how it is computed, who makes it and who uses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from karst.cluster_names import ClusterNames
from karst.config.dataset import Dataset
from karst.derived.bigtable import l2_table_name
from karst.naming import NODES, Names


@dataclass(frozen=True, kw_only=True)
class CrossStackValue:
    """A value that one stack makes and others use."""

    value: str
    formula: str
    owner: str
    users: tuple[str, ...]
    example: Callable[[Names], str]


_DATASET = Dataset.model_validate(
    {
        "name": "hemibrain",
        "aligned_volume": {"images": "precomputed://gs://lab-images/em", "resolution_nm": [8, 8, 8]},
        "graphs": {"hemibrain_v1": {}},
    }
)
"""What examples of datasets' names are computed for."""

CROSS_STACK_VALUES = (
    CrossStackValue(
        value="network",
        formula="gcp.network.name, or <name>-network",
        owner="foundation",
        users=("cluster", "run"),
        example=lambda names: names.network_path,
    ),
    CrossStackValue(
        value="subnet",
        formula="gcp.network.subnet, or <network>-sub",
        owner="foundation",
        users=("cluster", "run"),
        example=lambda names: names.subnet_path,
    ),
    CrossStackValue(
        value="SQL connection",
        formula="<project>:<region>:<sql.instance, or name-sql>",
        owner="foundation",
        users=("data", "run", "apps"),
        example=lambda names: names.sql_connection,
    ),
    CrossStackValue(
        value="SQL host",
        formula="sql.<name>.karst.internal",
        owner="foundation",
        users=("run", "apps"),
        example=lambda names: names.sql_host,
    ),
    CrossStackValue(
        value="Redis host of a role",
        formula="redis-<role>.<name>.karst.internal",
        owner="foundation",
        users=("run", "apps"),
        example=lambda names: names.redis_host("broker"),
    ),
    CrossStackValue(
        value="Redis password of a role",
        formula="secret <name>-redis-<role>-auth",
        owner="foundation",
        users=("run", "apps"),
        example=lambda names: names.redis_auth_secret("broker"),
    ),
    CrossStackValue(
        value="Redis authority of a role",
        formula="secret <name>-redis-<role>-ca",
        owner="foundation",
        users=("run", "apps"),
        example=lambda names: names.redis_ca_secret("broker"),
    ),
    CrossStackValue(
        value="shared bucket of a role",
        formula="buckets.<role>.name, or <project>-<name>-<role>",
        owner="foundation",
        users=("data", "run", "apps"),
        example=lambda names: names.bucket("skeleton"),
    ),
    CrossStackValue(
        value="bucket of a dataset",
        formula="bucket.name, or <project>-<name>-<dataset>",
        owner="data",
        users=("apps",),
        example=lambda names: names.dataset_bucket(_DATASET),
    ),
    CrossStackValue(
        value="database of a dataset",
        formula="annotations.database, or the aligned volume's name",
        owner="data",
        users=("apps",),
        example=lambda names: names.sql_database(_DATASET),
    ),
    CrossStackValue(
        value="Bigtable instance",
        formula="bigtable.instance, in bigtable.project or gcp.project",
        owner="foundation",
        users=("data", "apps"),
        example=lambda names: f"projects/{names.bigtable_project}/instances/{names.of.bigtable.instance}",
    ),
    CrossStackValue(
        value="table of a graph's level-2 statistics",
        formula="graphs.<graph>.l2cache_table, or l2cache_<graph>",
        owner="data",
        users=("apps",),
        example=lambda _: l2_table_name(*next(iter(_DATASET.graphs.items()))),
    ),
    CrossStackValue(
        value="document database of a role",
        formula="firestore.<role>.database",
        owner="foundation",
        users=("run", "apps"),
        example=lambda names: names.of.firestore.state.database,
    ),
    CrossStackValue(
        value="secret of a workload",
        formula="<name>-<the secret's role, or workload and variable>",
        owner="foundation",
        users=("run", "apps"),
        example=lambda names: names.secret("auth-DATABASE_PASSWORD"),
    ),
    CrossStackValue(
        value="public DNS zone",
        formula="dns.zone",
        owner="foundation",
        users=("edge",),
        example=lambda names: names.of.dns.zone,
    ),
    CrossStackValue(
        value="topic or subscription",
        formula="<pubsub.prefix, or name>_<SUFFIX>",
        owner="foundation",
        users=("apps",),
        example=lambda names: names.topic("PCG_EDIT"),
    ),
    CrossStackValue(
        value="service account of a workload",
        formula="<name>-<workload>, shortened to 30 characters, @<project>.iam.gserviceaccount.com",
        owner="foundation",
        users=("data", "run", "cluster", "apps"),
        example=lambda names: names.service_account("landing"),
    ),
    CrossStackValue(
        value="service account of nodes, of KEDA, of the SQL roles",
        formula="<name>-nodes, <name>-keda, <name>-sql-roles, @<project>.iam.gserviceaccount.com",
        owner="foundation",
        users=("cluster", "addons", "apps"),
        example=lambda names: names.service_account(NODES),
    ),
    CrossStackValue(
        value="node pool",
        formula="gcp.pools.<key>.name, or the key",
        owner="cluster",
        users=("apps",),
        example=lambda names: names.pool(min(names.of.gcp.pools)),
    ),
    CrossStackValue(
        value="image registry",
        formula="<region>-docker.pkg.dev/<project>/<name>-services",
        owner="foundation",
        users=("run", "apps"),
        example=lambda names: names.registry_url,
    ),
    CrossStackValue(
        value="Kubernetes namespace of our services",
        formula="<name>-<generation>",
        owner="apps",
        users=("cluster",),
        example=lambda names: ClusterNames(of=names.of, generation="blue").ours,
    ),
    CrossStackValue(
        value="Kubernetes namespace of upstream's images",
        formula="<name>-<generation>-upstream",
        owner="apps",
        users=("cluster",),
        example=lambda names: ClusterNames(of=names.of, generation="blue").upstream,
    ),
    CrossStackValue(
        value="Kubernetes service account of a workload",
        formula="the service's name, in the workload's namespace",
        owner="apps",
        users=("cluster",),
        example=lambda _: "landing",
    ),
    CrossStackValue(
        value="certificate map",
        formula="//certificatemanager.googleapis.com/projects/<project>/locations/global/certificateMaps/<name>-hosts",
        owner="foundation",
        users=("edge",),
        example=lambda names: names.certificate_map_path,
    ),
    CrossStackValue(
        value="load balancer's address",
        formula="<name>-ipv4, <name>-ipv6",
        owner="edge",
        users=("edge",),
        example=lambda names: names.address("ipv4"),
    ),
    CrossStackValue(
        value="Cloud Run service",
        formula="<name>-<service>",
        owner="run",
        users=("edge",),
        example=lambda names: names.run_service("landing"),
    ),
    CrossStackValue(
        value="cluster's endpoint",
        formula="Connect Gateway of project number, region and <cluster.name, or name>-<generation>",
        owner="cluster",
        users=("addons", "apps"),
        example=lambda names: names.cluster_endpoint("blue"),
    ),
    CrossStackValue(
        value="network endpoint group",
        formula="<name>-<generation>-<service>",
        owner="apps",
        users=("edge",),
        example=lambda names: names.endpoint_group("blue", "auth"),
    ),
    CrossStackValue(
        value="signatures of a dataset",
        formula="<clio.key, or dataset>_imgsearch",
        owner="data",
        users=("run",),
        example=lambda names: names.search_dataset(_DATASET),
    ),
)
"""What crosses stacks. The docs print it as a table."""
