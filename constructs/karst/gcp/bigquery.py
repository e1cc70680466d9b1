"""Where clio looks up images that resemble each other: four BigQuery tables of signatures a dataset."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from cdktn import ITerraformDependable
from cdktn_provider_google.bigquery_dataset import BigqueryDataset, BigqueryDatasetDefaultEncryptionConfiguration
from cdktn_provider_google.bigquery_dataset_iam_member import BigqueryDatasetIamMember
from cdktn_provider_google.bigquery_table import (
    BigqueryTable,
    BigqueryTableEncryptionConfiguration,
    BigqueryTableRangePartitioning,
    BigqueryTableRangePartitioningRange,
)
from constructs import Construct

from karst.gcp.members import Grantee, grant_id, member_of, needs_of
from karst.protection import Protection

SEARCH_TABLES = ("hamming0", "hamming1", "hamming2", "hamming3")
"""One table for each quarter of the 64-bit signature, so that signatures alike in any quarter are found."""

SEARCH_PARTITIONS = 4000
"""Values of `part`, 0 to 3999: a hash of the table's quarter of the signature."""

_DATASET_ID = re.compile(r"[A-Za-z0-9_]{1,1024}")


@dataclass(frozen=True, kw_only=True)
class ImageSearchProps:
    """The image search of one dataset."""

    dataset_id: str
    """As clio asks for it: the dataset's name in lower case, then `_imgsearch`. Fixed."""
    project: str
    location: str
    """Region or multi-region. Fixed."""
    kms_key_name: str | None = None
    protection: Protection = Protection.PROTECTED


class ImageSearch(Construct):
    """The BigQuery dataset of one clio dataset's image search, with its four tables.

    Promises: a query that does not name its partitions is refused, because it would read (and bill) everything;
    tables refuse deletion while protected; nobody has access but those granted it here and whoever owns, edits
    or views the whole project.
    """

    dataset_id: str

    def __init__(self, scope: Construct, id: str, props: ImageSearchProps) -> None:
        super().__init__(scope, id)
        if not _DATASET_ID.fullmatch(props.dataset_id):
            raise ValueError(
                f"BigQuery dataset id {props.dataset_id!r} must have letters, digits and underscores only: BigQuery "
                "takes no hyphens"
            )
        self.dataset_id = props.dataset_id
        self._project = props.project
        dataset = BigqueryDataset(
            self,
            "dataset",
            project=props.project,
            dataset_id=props.dataset_id,
            location=props.location,
            description="Image signatures by location, for clio's search by similarity",
            delete_contents_on_destroy=props.protection is Protection.RELEASED,
            default_encryption_configuration=None
            if props.kms_key_name is None
            else BigqueryDatasetDefaultEncryptionConfiguration(kms_key_name=props.kms_key_name),
        )
        self._dataset: ITerraformDependable = dataset
        for table in SEARCH_TABLES:
            self._table(table, props)

    def grant_read(self, grantee: Grantee) -> None:
        """Let `grantee` read the tables; running the query also takes `ProjectRole.BIGQUERY_JOB_USER`."""
        self._grant("read", grantee, "roles/bigquery.dataViewer")

    def grant_write(self, grantee: Grantee) -> None:
        """Let `grantee` load signatures."""
        self._grant("write", grantee, "roles/bigquery.dataEditor")

    def _table(self, name: str, props: ImageSearchProps) -> None:
        BigqueryTable(
            self,
            name,
            project=props.project,
            dataset_id=props.dataset_id,
            table_id=name,
            # Not REQUIRED: BigQuery never tightens a column, so tables that labs already have could not be adopted.
            schema=json.dumps(
                [
                    {"name": column, "type": "INT64", "mode": "NULLABLE"}
                    for column in ("part", "signature", "x", "y", "z")
                ]
            ),
            range_partitioning=BigqueryTableRangePartitioning(
                field="part",
                range=BigqueryTableRangePartitioningRange(start=0, end=SEARCH_PARTITIONS, interval=1),
            ),
            clustering=["signature"],
            require_partition_filter=True,
            deletion_protection=props.protection.is_on,
            encryption_configuration=None
            if props.kms_key_name is None
            else BigqueryTableEncryptionConfiguration(kms_key_name=props.kms_key_name),
            depends_on=[self._dataset],
        )

    def _grant(self, permission: str, grantee: Grantee, role: str) -> None:
        BigqueryDatasetIamMember(
            self,
            grant_id(permission, grantee),
            project=self._project,
            dataset_id=self.dataset_id,
            role=role,
            member=member_of(grantee),
            depends_on=[self._dataset, *needs_of(grantee)],
        )
