"""What the service of states can be told. Names are those that its deployments have always used."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from karst_platform.cave.guard.settings import GuardSettings
from karst_platform.settings import PostgresAddress, Prefix, none_of_blank, split_items

_PLACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*", re.ASCII)


def _place(value: str | None) -> str | None:
    if value is None:
        return None
    place = value.strip().removeprefix("gs://").strip("/")
    if not _PLACE.fullmatch(place):
        raise ValueError("names no bucket. Write its name, like gs://states-of-ours, with a path behind it if need be")
    return place


Table = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)]
Tables = Annotated[tuple[Table, ...], BeforeValidator(split_items)]
Text = Annotated[str | None, BeforeValidator(none_of_blank)]
Bucket = Annotated[Text, AfterValidator(_place)]


class StateSettings(GuardSettings):
    """Settings of the service of states."""

    body_limit_kib: int = Field(default=102400, validation_alias="KARST_BODY_LIMIT_KIB", ge=1)
    """Size of a request's body at the most, in KiB, as it comes and inflated; compressed it is 50 MiB at the most."""
    handler_timeout_s: int = Field(default=300, validation_alias="KARST_HANDLER_TIMEOUT_S", ge=1, le=3600)
    """Seconds after which a request without an answer is given up, with 504: large states take their time."""
    url_prefix: Prefix = Field(default="/nglstate", validation_alias="URL_PREFIX")
    """What stands before every path."""
    table: Table = Field(default="neuroglancerjsondb", validation_alias="JSON_DB_TABLE_NAME")
    """Namespace of the states in Datastore; another name hides all old links."""
    older_tables: Tables = Field(default=("neuroglancerjsondb",), validation_alias="KARST_OLDER_STATE_TABLES")
    """Namespaces, by commas, in which states are looked for that the first one hasn't."""
    bucket: Bucket = Field(default=None, validation_alias="NGLSTATE_BUCKET_PATH")
    """Bucket, and path in it, that keeps states: gs://bucket/path."""
    google_project: Text = Field(default=None, validation_alias="GOOGLE_CLOUD_PROJECT")
    """Google Cloud project of Datastore."""
    datastore_database: str = Field(default="(default)", validation_alias="KARST_DATASTORE_DATABASE", min_length=1)
    """Name of the database in Datastore mode."""
    datastore_emulator: Text = Field(default=None, validation_alias="DATASTORE_EMULATOR_HOST")
    """Host and port of a Datastore emulator to use instead of the real one."""
    postgres_dsn: Annotated[PostgresAddress | None, BeforeValidator(none_of_blank)] = Field(
        default=None, validation_alias="KARST_POSTGRES_DSN"
    )
    """PostgreSQL to keep records in instead of Datastore; contents are in the bucket, or in a folder."""
    buckets_folder: Annotated[Path | None, BeforeValidator(none_of_blank)] = Field(
        default=None, validation_alias="KARST_BUCKETS"
    )
    """Folder whose folders stand for buckets; without it they are those of Cloud Storage."""
    state_folder: Path = Field(default=Path(".karst"), validation_alias="KARST_STATE")
    """Folder for everything, used where neither a Google project nor a DSN is named."""
