"""What the connectomics store can be told. Names are those that its deployments have always used."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from karst_clio.identity.own_tokens import is_address
from karst_platform import Settings
from karst_platform.settings import PostgresAddress, Prefix, none_of_blank, split_items

SHORTEST_KEY_BYTES = 32
_PLACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*", re.ASCII)


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is no address of the web. Write one like https://clio.example.org")
    return value.rstrip("/")


def _origin(value: str) -> str:
    if value == "*":
        return value
    origin = _web_address(value)
    if urlsplit(origin).path:
        raise ValueError("names more than an origin. Write it without a path, like https://clio.example.org")
    return origin


def _long_enough(keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for place, key in enumerate(keys, start=1):
        if len(key.get_secret_value().encode()) < SHORTEST_KEY_BYTES:
            raise ValueError(f"key {place} is shorter than {SHORTEST_KEY_BYTES} bytes. Make one: openssl rand -hex 32")
    return keys


def _email(value: str | None) -> str | None:
    if value is not None and not is_address(value):
        raise ValueError("can't stand for a user. Write an e-mail address, like ada@example.org")
    return value


def _place(value: str | None) -> str | None:
    if value is None:
        return value
    place = value.strip().removeprefix("gs://").strip("/")
    if not _PLACE.fullmatch(place):
        raise ValueError(
            "names no bucket. Write its name, like images-of-ours, with a path behind it where one is meant"
        )
    return place


def _bucket(value: str | None) -> str | None:
    place = _place(value)
    if place is not None and "/" in place:
        raise ValueError("has a path behind the bucket's name. Write the name alone, like images-of-ours")
    return place


Items = Annotated[tuple[str, ...], BeforeValidator(split_items)]
Keys = Annotated[tuple[SecretStr, ...], BeforeValidator(split_items), AfterValidator(_long_enough)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], BeforeValidator(split_items)]
Place = Annotated[Path | None, BeforeValidator(none_of_blank)]
Text = Annotated[str | None, BeforeValidator(none_of_blank)]
Bucket = Annotated[Text, AfterValidator(_bucket)]
BucketPlace = Annotated[Text, AfterValidator(_place)]
Email = Annotated[Text, AfterValidator(_email)]
WebAddress = Annotated[Annotated[str, AfterValidator(_web_address)] | None, BeforeValidator(none_of_blank)]


class ClioSettings(Settings):
    """Settings of the connectomics store."""

    port: int = Field(default=8080, validation_alias="PORT", ge=1, le=65535)
    """Port on which the server listens; Cloud Run says which."""
    body_limit_kib: int = Field(default=40960, validation_alias="KARST_BODY_LIMIT_KIB", ge=1)
    """Size of a request's body at the most, in KiB: a value of 32 MiB and what surrounds it."""
    handler_timeout_s: int = Field(default=75, validation_alias="KARST_HANDLER_TIMEOUT_S", ge=1, le=3600)
    """Seconds after which a request without an answer is given up, with 504; neuPrint is waited for 60 s."""
    url_prefix: Prefix = Field(default="", validation_alias="URL_PREFIX")
    """What stands before every path: `api`, `/api` and `/api/` mean the same."""
    allowed_origins: Origins = Field(default=("*",), validation_alias="ALLOWED_ORIGINS")
    """Origins of web pages that may call, by commas; only those that are named may send a user's cookie along."""
    owner: Email = Field(default=None, validation_alias="OWNER")
    """E-mail of the person who is always administrator."""
    test_user: Email = Field(default=None, validation_alias="TEST_USER")
    """E-mail of whoever calls without a usable token. For work on one machine; refused on Cloud Run."""
    test_user_force: bool = Field(default=False, validation_alias="TEST_USER_FORCE")
    """Whether `TEST_USER` is meant on Cloud Run too."""
    cloud_run_service: Text = Field(default=None, validation_alias="K_SERVICE")
    """Name of the service on Cloud Run, which sets it; nothing elsewhere."""
    signing_keys: Keys = Field(default=(), validation_alias="FLYEM_SECRET")
    """Keys of the service's own tokens, by commas, at least 32 bytes each: the first signs, all of them verify."""
    gateway_url: WebAddress = Field(default=None, validation_alias="DSG_URL")
    """Address of an auth gateway that knows users and roles; without one they stand in the store."""
    google_audiences: Items = Field(default=(), validation_alias="GOOGLE_AUDIENCES")
    """Client ids for which Google's ID tokens are accepted, by commas; any where nothing is named and no gateway."""
    auth_cookie_domain: Text = Field(default=None, validation_alias="AUTH_COOKIE_DOMAIN")
    """Domain of the gateway's cookie, which `/logout` clears."""
    google_credentials: Text = Field(default=None, validation_alias="GOOGLE_APPLICATION_CREDENTIALS")
    """Path of a key file for Google's APIs; without one the machine's own identity counts."""
    google_project: Text = Field(default=None, validation_alias="GOOGLE_CLOUD_PROJECT")
    """Google Cloud project of the document store and of image search."""
    firestore_emulator: Text = Field(default=None, validation_alias="FIRESTORE_EMULATOR_HOST")
    """Host and port of a Firestore emulator to use instead of the real one."""
    firestore_database: str = Field(default="(default)", validation_alias="KARST_FIRESTORE_DATABASE", min_length=1)
    """Name of the Firestore database."""
    postgres_dsn: Annotated[PostgresAddress | None, BeforeValidator(none_of_blank)] = Field(
        default=None, validation_alias="KARST_POSTGRES_DSN"
    )
    """PostgreSQL to keep documents in instead of Firestore: `postgresql://user@host/database`."""
    state_folder: Path = Field(default=Path(".karst"), validation_alias="KARST_STATE")
    """Folder of a PostgreSQL of its own, used where neither a Google project nor a DSN is named."""
    buckets_folder: Place = Field(default=None, validation_alias="KARST_BUCKETS")
    """Folder whose folders stand for buckets; without it they are those of Cloud Storage."""
    search_file: Place = Field(default=None, validation_alias="KARST_SEARCH_FILE")
    """File of DuckDB with the tables of image search; without it they are in BigQuery."""
    signature_bucket: BucketPlace = Field(default=None, validation_alias="SIG_BUCKET")
    """Bucket, and path in it, of image signatures; without it image search answers 503."""
    transfer_function: WebAddress = Field(default=None, validation_alias="TRANSFER_FUNC")
    """Address of the function that copies image cut-outs; without it transfer answers 503."""
    transfer_bucket: BucketPlace = Field(default=None, validation_alias="TRANSFER_DEST")
    """Bucket, and path in it, that gets the cut-outs."""
    neuroglancer_url: WebAddress = Field(
        default="https://neuroglancer-demo.appspot.com", validation_alias="NEUROGLANCER_URL"
    )
    """Viewer that links to cut-outs open."""
    neuprint_token: SecretStr | None = Field(default=None, validation_alias="NEUPRINT_APPLICATION_CREDENTIALS")
    """Token with which neuPrint is asked where the caller has none of a gateway."""
    subvolume_bucket: Bucket = Field(default=None, validation_alias="CLIO_SUBVOL_BUCKET")
    """Bucket that gets sub-volumes for editing; without it they answer 503."""
    subvolume_width: int = Field(default=256, validation_alias="CLIO_SUBVOL_WIDTH", ge=16, le=2048)
    """Edge of a sub-volume, in voxels."""

    @model_validator(mode="after")
    def _test_user_stays_at_home(self) -> Self:
        if self.test_user and self.cloud_run_service and not self.test_user_force:
            raise ValueError(
                "TEST_USER lets anybody in and is refused on Cloud Run. Unset it; if you mean it, set TEST_USER_FORCE=1"
            )
        return self

    @property
    def listed_origins(self) -> frozenset[str]:
        """The origins that are named one by one."""
        return frozenset(self.allowed_origins) - {"*"}
