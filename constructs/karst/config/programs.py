"""What single services of a deployment can be told."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from karst.config.base import Model
from karst.config.types import (
    BigtableTableId,
    Email,
    FieldName,
    HttpsUrl,
    Resolution,
    SecretRef,
)


class Admin(Model):
    """A person who administers from the first start."""

    email: Email = Field(description="Address with which the person signs in.", examples=["admin@example.org"])
    name: str = Field(description="Name as shown.", examples=["Ada Admin"], min_length=1, max_length=80)
    pi: str = Field(default="", description="Name of the laboratory's head.", max_length=80)


AccountName = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$", max_length=60)]


class ServiceAccount(Model):
    """A user without a person, for programs that call the services."""

    groups: tuple[FieldName, ...] = Field(
        default=(), description="Groups it belongs to, which say what it may do.", examples=[["uploaders"]]
    )


class Auth(Model):
    """Signing in."""

    admins: tuple[Admin, ...] = Field(default=(), description="People who administer from the first start.")
    oauth_client: SecretRef = Field(
        default="secret:oauth-client", description="Web client of Google's sign-in, as its JSON file."
    )
    service_accounts: dict[AccountName, ServiceAccount] = Field(
        default_factory=dict,
        description="Users without a person. The token of each is put into the secret `<name>-account-<account>`.",
        examples=[{"uploads": {"groups": ["uploaders"]}}],
    )
    secret_key: SecretRef | None = Field(
        default=None, description="Key of sessions; generated unless an imported deployment keeps its own."
    )


class NglState(Model):
    """Shared links."""

    table: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)] = Field(
        default="neuroglancerjsondb", description="Kind in the document database. A new name hides all old links."
    )


class Annotation(Model):
    """The annotation service."""

    excluded_groups: tuple[FieldName, ...] = Field(
        default=("default",), description="Groups whose members don't share tables by membership."
    )


class RequestLogs(Model):
    """Who asked what of the graph, kept in the document database."""

    enabled: bool = Field(default=True, description="Whether requests are recorded.")
    leaves_many: bool = Field(default=False, description="Whether the largest kind of look-up is recorded too.")


class PyChunkedGraph(Model):
    """The supervoxel graph."""

    graph_ids: tuple[BigtableTableId, ...] = Field(
        default=(), description="Graphs beside those that datasets declare.", examples=[["minnie65_v1"]]
    )
    request_logs: RequestLogs = Field(default=RequestLogs(), description="Records of requests.")


class L2Table(Model):
    """Where level-2 statistics of a graph stand."""

    cv_path: Annotated[str, StringConstraints(pattern=r"^graphene://[^\s]+$")] = Field(
        description="Graph as cloud-volume reads it.",
        examples=["graphene://https://api.example.org/segmentation/table/minnie65_v1"],
    )
    l2cache_id: BigtableTableId = Field(description="Table with the statistics.", examples=["l2cache_minnie65_v1"])


class L2Cache(Model):
    """Level-2 statistics."""

    tables: dict[BigtableTableId, L2Table] = Field(
        default_factory=dict, description="Statistics beside those that datasets declare."
    )


class SkeletonLimits(Model):
    """Requests a minute and user."""

    requests: int = Field(default=100, ge=1, description="Look-ups of what exists.")
    existing: int = Field(default=1000, ge=1, description="Reads of skeletons that exist.")
    missing: int = Field(default=10, ge=1, description="Requests that make skeletons.")
    bulk: int = Field(default=10, ge=1, description="Requests for many.")


class IntegrationTest(Model):
    """What the skeleton service checks after a deployment."""

    server: HttpsUrl = Field(description="Server that is asked.", examples=["https://global.example.org"])
    datastack: FieldName = Field(description="Datastack that is asked for.", examples=["minnie65_public"])


class SkeletonCache(Model):
    """Skeletons on demand."""

    limits: SkeletonLimits = Field(default=SkeletonLimits(), description="Requests a minute and user.")
    datastack_remapping: dict[FieldName, FieldName] = Field(
        default_factory=dict, description="Datastacks that share the skeletons of another."
    )
    integration_test: IntegrationTest | None = Field(default=None, description="Check after a deployment.")


class Guidebook(Model):
    """Points that guide proofreaders."""

    datastack: FieldName | None = Field(default=None, description="The datastack it works on.")
    parallel: int = Field(default=1, ge=1, le=64, description="Processes a task.")
    expected_resolution: Resolution = Field(
        default=(4, 4, 40), description="Voxel size in which users enter points, nm."
    )
    invalidation_distance: float = Field(
        default=3, gt=0, description="Distance of branches that count as one, micrometres."
    )
    use_l2cache: bool = Field(default=True, description="Skeletons from level-2 statistics.")
    show_path_tool: bool = Field(default=False, description="Offer the tool for paths.")


class Dash(Model):
    """Interactive tables."""

    datastacks: dict[FieldName, dict[str, str | int | float | bool]] = Field(
        default_factory=dict, description="Options of each datastack's table."
    )


class Tourguide(Model):
    """Links from rules."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="How much it logs.")
    neuroglancer_url: HttpsUrl | None = Field(
        default=None, description="Viewer of its links; by default the deployment's."
    )
    server_address: HttpsUrl | None = Field(default=None, description="Global server; by default the deployment's.")
    timeout_s: int = Field(default=300, ge=10, le=3600, description="Longest request.")
    tmp_dir: Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9/_.-]*$")] = Field(
        default="/tmp",  # noqa: S108 - the container's own, which nobody else can write to
        description="Scratch folder in the container.",
    )


class Pmanagement(Model):
    """Management of proofreading."""

    auth_dataset: FieldName | None = Field(default=None, description="Dataset whose permissions count.")
    proofreading_table: str | None = Field(default=None, description="Table of proofreading status.", max_length=100)
    proofreading_review_table: str | None = Field(default=None, description="Table of reviews.", max_length=100)
    proofreading_review_test_table: str | None = Field(
        default=None, description="Table of reviews, for tests.", max_length=100
    )
    neuron_information_table: str | None = Field(
        default=None, description="Table of neuron information.", max_length=100
    )
    neuron_information_test_table: str | None = Field(
        default=None, description="Table of neuron information, for tests.", max_length=100
    )
    datastore_bucket_path: str | None = Field(default=None, description="Folder of exports.", pattern=r"^gs://\S+$")


class Proxy(Model):
    """Buckets that only the service may read, for viewers."""

    map: dict[FieldName, HttpsUrl] = Field(default_factory=dict, description="Where each name leads.")


class Slack(Model):
    """A channel that hears of trouble."""

    token: SecretRef = Field(description="Token of the bot.", examples=["secret:slack-token"])
    channel: Annotated[str, StringConstraints(pattern=r"^#?[a-z0-9_-]{1,80}$|^[CG][A-Z0-9]{6,}$")] = Field(
        description="Channel.", examples=["#cave-alerts"]
    )


class Canary(Model):
    """A watch that writes and reads annotations."""

    datastack: FieldName | None = Field(default=None, description="Datastack it writes to.")
    interval_s: int = Field(default=60, ge=10, le=86400, description="Seconds between rounds.")
    annotations: int = Field(default=1000, ge=1, le=100_000, description="Annotations a round.")
    slack: Slack | None = Field(default=None, description="Channel that hears of trouble.")


class Clio(Model):
    """The connectomics store."""

    owner: Email | None = Field(
        default=None, description="Person who is always administrator.", examples=["owner@example.org"]
    )
    allowed_origins: tuple[HttpsUrl, ...] = Field(
        default=(), description="Origins of web pages that may call with credentials; every page may call without."
    )
    url_prefix: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]*$")] = Field(
        default="", description="Prefix of its paths on its own host."
    )
    transfer_url: HttpsUrl | None = Field(
        default=None, description="Service that copies image cut-outs; image transfer answers 503 without."
    )
    neuprint: SecretRef | None = Field(
        default=None, description="Token with which neuPrint is asked.", examples=["secret:neuprint-token"]
    )
    subvolume_width: int = Field(default=256, ge=16, le=2048, description="Edge of a cut-out, voxels.")
