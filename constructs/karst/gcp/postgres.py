"""The relational database server of a deployment: Cloud SQL for PostgreSQL, reachable from the private network only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from cdktn import ITerraformDependable
from cdktn_provider_google.project_iam_custom_role import ProjectIamCustomRole
from cdktn_provider_google.project_iam_member import ProjectIamMember, ProjectIamMemberCondition
from cdktn_provider_google.sql_database import SqlDatabase
from cdktn_provider_google.sql_database_instance import (
    SqlDatabaseInstance,
    SqlDatabaseInstanceSettings,
    SqlDatabaseInstanceSettingsBackupConfiguration,
    SqlDatabaseInstanceSettingsBackupConfigurationBackupRetentionSettings,
    SqlDatabaseInstanceSettingsDatabaseFlags,
    SqlDatabaseInstanceSettingsInsightsConfig,
    SqlDatabaseInstanceSettingsIpConfiguration,
    SqlDatabaseInstanceSettingsMaintenanceWindow,
)
from cdktn_provider_google.sql_user import SqlUser
from constructs import Construct

from karst.config.types import Manage
from karst.gcp.members import Grantee, email_of, grant_id, member_of, needs_of
from karst.gcp.metric_alert import MetricAlert, add_metric_alert
from karst.gcp.postgres_settings import SqlBackups, SqlDisk, SqlFlags, SqlMachine, SqlMaintenance, SqlServerCa
from karst.naming import sql_transfer_role
from karst.protection import Protection

_DISK_SHARE = 0.8
_ADMIN_ROLE = "cloudsqlsuperuser"
"""The most that Cloud SQL gives anybody; a server of ours has no superuser of PostgreSQL's own kind."""
_LARGEST_DISK_GIB = 65_536
"""What Cloud SQL allows a disk that no limit of ours stops."""


@dataclass(frozen=True, kw_only=True)
class PostgresProps:
    """Where the server stands, how big it is, which databases it holds. Safety is not optional."""

    project: str
    region: str
    name: str
    """Deleting an instance blocks its name for a week."""
    protection: Protection
    network_id: str
    private_service_access: Sequence[ITerraformDependable] = ()
    private_services_range: str | None = None
    """Named range from which the private address comes; any range of the link without it."""
    version: str = "POSTGRES_18"
    machine: SqlMachine = field(default_factory=SqlMachine)
    disk: SqlDisk = field(default_factory=SqlDisk)
    regional: bool = False
    """Keep a second copy in another zone, which takes over within a minute or two."""
    backups: SqlBackups = field(default_factory=SqlBackups)
    maintenance: SqlMaintenance = field(default_factory=SqlMaintenance)
    flags: SqlFlags = field(default_factory=SqlFlags)
    server_ca: SqlServerCa | None = None
    alert_channels: Sequence[str] = ()
    """Told before the disk can grow no further."""
    databases: Collection[str] = ()
    """Made if the server is existing, too: that is how a dataset adds its own."""
    manage: Manage = Manage.CREATE
    address: str | None = None
    """Private address of an existing server."""


class Postgres(Construct):
    """A private PostgreSQL server with its databases.

    Promises: no public address; every connection is encrypted; services log in as themselves, without passwords;
    daily backups and restore to any moment; the disk grows before it fills; statements that change tables or roles,
    and slow ones, are logged without their values; deletion is refused while protected, and a last backup is kept.
    """

    instance_name: str
    private_address: str | None
    """Of an existing server the one that the props name, if any."""
    service_agent: str | None
    """The account with which the server reads and writes exports; unknown for an existing server."""

    def __init__(self, scope: Construct, id: str, props: PostgresProps) -> None:
        super().__init__(scope, id)
        self._props = props
        if props.manage is Manage.EXISTING:
            self.instance_name = props.name
            self.private_address = props.address
            self.service_agent = None
        else:
            instance = self._add_instance()
            self.instance_name = instance.name
            self.private_address = instance.private_ip_address
            self.service_agent = instance.service_account_email_address
            self._add_alert()
        for database in sorted(props.databases):
            SqlDatabase(self, f"database-{database}", project=props.project, instance=self.instance_name, name=database)

    def grant_login(self, grantee: Grantee, *, is_admin: bool = False) -> str:
        """Let a service account connect to this server and log in; returns its PostgreSQL user name.

        It may then do nothing in any database until it becomes a member of a role that may; an administrator makes
        roles and databases, from the start. Once per account and server, over all stacks.
        """
        self._grant_on_instance("connect", "roles/cloudsql.client", grantee)
        self._grant_on_instance("log-in", "roles/cloudsql.instanceUser", grantee)
        user_name = email_of(grantee).removesuffix(".gserviceaccount.com")
        SqlUser(
            self,
            grant_id("user", grantee),
            project=self._props.project,
            instance=self.instance_name,
            name=user_name,
            type="CLOUD_IAM_SERVICE_ACCOUNT",
            database_roles=[_ADMIN_ROLE] if is_admin else None,
            depends_on=needs_of(grantee),
        )
        return user_name

    def grant_transfer(self, grantee: Grantee) -> None:
        """Let a service account export databases of this server to buckets, and import them back.

        Materialization copies tables this way; the server's own account still needs access to the bucket.
        """
        role = self.node.try_find_child("transfer-role")
        if not isinstance(role, ProjectIamCustomRole):
            role = ProjectIamCustomRole(
                self,
                "transfer-role",
                project=self._props.project,
                role_id=sql_transfer_role(self._props.name),
                title=f"Export and import of {self._props.name}",
                permissions=["cloudsql.instances.export", "cloudsql.instances.get", "cloudsql.instances.import"],
            )
        self._grant_on_instance("transfer", role.name, grantee)

    def _grant_on_instance(self, verb: str, role: str, grantee: Grantee) -> None:
        # Cloud SQL has no policy per instance; a condition narrows the project's.
        resource = f"projects/{self._props.project}/instances/{self._props.name}"
        ProjectIamMember(
            self,
            grant_id(verb, grantee),
            project=self._props.project,
            role=role,
            member=member_of(grantee),
            depends_on=needs_of(grantee),
            condition=ProjectIamMemberCondition(
                title=f"only-{self._props.name}",
                expression=f'resource.service == "sqladmin.googleapis.com" && resource.name == "{resource}"',
            ),
        )

    def _add_instance(self) -> SqlDatabaseInstance:
        props = self._props
        return SqlDatabaseInstance(
            self,
            "instance",
            project=props.project,
            region=props.region,
            name=props.name,
            database_version=props.version,
            deletion_protection=props.protection.is_on,
            depends_on=list(props.private_service_access),
            settings=SqlDatabaseInstanceSettings(
                tier=props.machine.tier,
                edition=props.machine.edition.value,
                availability_type="REGIONAL" if props.regional else "ZONAL",
                deletion_protection_enabled=props.protection.is_on,
                retain_backups_on_delete=True,
                disk_type="PD_SSD",
                disk_size=props.disk.initial_gib,
                disk_autoresize=True,
                disk_autoresize_limit=props.disk.limit_gib,
                ip_configuration=self._ip_configuration(),
                backup_configuration=self._backup_configuration(),
                maintenance_window=SqlDatabaseInstanceSettingsMaintenanceWindow(
                    day=props.maintenance.day, hour=props.maintenance.hour, update_track="stable"
                ),
                insights_config=SqlDatabaseInstanceSettingsInsightsConfig(
                    query_insights_enabled=True,
                    query_string_length=1024,
                    record_application_tags=True,
                    record_client_address=False,
                ),
                database_flags=[
                    SqlDatabaseInstanceSettingsDatabaseFlags(name=name, value=value)
                    for name, value in props.flags.merged().items()
                ],
            ),
        )

    def _add_alert(self) -> None:
        props = self._props
        limit_gib = props.disk.limit_gib or _LARGEST_DISK_GIB
        alert = MetricAlert(
            project=props.project,
            title=f"disk of {props.name} is nearly full",
            condition=f"more than {_DISK_SHARE:.0%} of {limit_gib} GiB are used",
            metric_filter=(
                'resource.type = "cloudsql_database" AND '
                f'resource.labels.database_id = "{props.project}:{props.name}" AND '
                'metric.type = "cloudsql.googleapis.com/database/disk/bytes_used"'
            ),
            above=int(_DISK_SHARE * limit_gib * 2**30),
            for_s=600,
            advice=(
                f"The disk grows by itself up to {limit_gib} GiB, then all writes fail. Let versions expire, drop what "
                "nobody needs, or raise `sql.disk_limit_gb`."
            ),
            channels=props.alert_channels,
        )
        add_metric_alert(self, "disk-alert", alert)

    def _ip_configuration(self) -> SqlDatabaseInstanceSettingsIpConfiguration:
        props = self._props
        ca = props.server_ca
        return SqlDatabaseInstanceSettingsIpConfiguration(
            ipv4_enabled=False,
            private_network=props.network_id,
            allocated_ip_range=props.private_services_range,
            enable_private_path_for_google_cloud_services=True,
            ssl_mode="ENCRYPTED_ONLY",
            server_ca_mode="CUSTOMER_MANAGED_CAS_CA" if ca else "GOOGLE_MANAGED_CAS_CA",
            server_ca_pool=ca.pool if ca else None,
            custom_subject_alternative_names=sorted(ca.hostnames) if ca else None,
        )

    def _backup_configuration(self) -> SqlDatabaseInstanceSettingsBackupConfiguration:
        backups = self._props.backups
        return SqlDatabaseInstanceSettingsBackupConfiguration(
            enabled=True,
            point_in_time_recovery_enabled=True,
            start_time=f"{backups.start_hour:02d}:00",
            transaction_log_retention_days=backups.log_days,
            backup_retention_settings=SqlDatabaseInstanceSettingsBackupConfigurationBackupRetentionSettings(
                retained_backups=backups.retained, retention_unit="COUNT"
            ),
        )
