"""Says in words what the patterns of the models demand: the thing's name, how it is written, one that fits."""

from collections.abc import Iterator
from functools import cache
from typing import get_args

from pydantic import StringConstraints

from karst.config import types

SECRET_PATTERN_START = "^secret:"  # noqa: S105 - the beginning of a pattern, no secret

_DASHES = "lower-case letters, digits and dashes, beginning with a letter and ending with no dash"
_ALIASES: dict[str, tuple[str, str, str]] = {
    "DeploymentName": ("name", _DASHES, "minnie-api"),
    "DatasetName": (
        "dataset name",
        "lower-case letters, digits, '_' and '-', beginning with a letter and ending with a letter or digit",
        "minnie65",
    ),
    "ProjectId": ("project id", f"6 to 30 {_DASHES}", "lab-cave"),
    "AccountId": ("account id", f"6 to 30 {_DASHES}", "daf-auth-api"),
    "ProjectNumber": ("project number", "6 to 20 digits in quotes", "'123456789012'"),
    "Region": ("region", "a region of Google Cloud: two words of lower-case letters, a digit at the end", "us-east4"),
    "Zone": ("zone", "a region, a dash and the letter of a zone", "us-east4-a"),
    "BucketName": (
        "bucket name",
        "3 to 63 lower-case letters, digits, '-', '_' and '.', beginning and ending with a letter or digit",
        "lab-minnie-pcg",
    ),
    "BigtableInstanceId": ("Bigtable instance id", f"6 to 33 {_DASHES}", "pychunkedgraph"),
    "BigtableTableId": (
        "Bigtable table id",
        "up to 50 letters, digits, '_', '-' and '.', beginning with a letter, a digit or '_'",
        "minnie65_v1",
    ),
    "SqlName": (
        "PostgreSQL name",
        "lower-case letters, digits and '_', beginning with a letter or '_'",
        "synapses_pni_2",
    ),
    "FieldName": (
        "name that fits into a URL",
        "letters, digits, '_', '-' and '.', beginning with a letter, a digit or '_'",
        "minnie65_public",
    ),
    "Hostname": (
        "host name",
        "a full host name of lower-case letters, digits, dashes and dots, without https:// and path",
        "cave.example.org",
    ),
    "Email": ("e-mail address", "an e-mail address, without spaces", "jill@example.org"),
    "SecretRef": ("reference to a secret", "the name of a secret after 'secret:'", "secret:slack-token"),
    "HttpsUrl": (
        "https:// URL",
        "a URL that begins with https://, without spaces, quotes and any of < > ^ ` { | } \\",
        "https://viewer.example.org/",
    ),
    "CloudPath": (
        "Cloud Storage path",
        "gs://, the name of a bucket in lower case, and a path without spaces",
        "gs://lab-em/minnie",
    ),
    "ImageSource": (
        "image source",
        "precomputed://, zarr://, zarr2://, zarr3:// or n5:// and a path without spaces",
        "precomputed://gs://lab-em/minnie",
    ),
    "SegmentationSource": (
        "segmentation source",
        "graphene:// or precomputed:// and a path without spaces and without '/' at its end",
        "precomputed://gs://lab-seg/flat",
    ),
    "Version": ("version", "letters, digits, '_', '-' and '.', beginning with none of '-' and '.'", "2.24.0"),
    "Label": ("label value", "up to 63 lower-case letters, digits, '_' and '-'", "connectomics"),
    "LabelKey": ("label key", "up to 63 lower-case letters, digits, '_' and '-', beginning with a letter", "owner"),
    "CpuQuantity": ("amount of processor time", "cores, or thousandths of one with 'm'", "250m"),
    "MemoryQuantity": ("amount of memory", "a whole number with Mi or Gi", "512Mi"),
    "Cron": ("schedule", "minute, hour, day of month, month and day of week", "'10 8 * * 0,2,4,6'"),
}
"""The types of `karst.config.types`."""
OF_ONE_FIELD: dict[str, tuple[str, str, str]] = {
    r"^[A-Z][A-Z0-9_]*$": (
        "environment variable name",
        "upper-case letters, digits and '_', beginning with a letter",
        "ZSTD_THREADS",
    ),
    r"^[^/\s][^\s]*[^/\s]$|^[^/\s]$": (
        "folder in a bucket",
        "a path without spaces and without '/' at its beginning and end",
        "skeletons/v4",
    ),
    r"^[a-z0-9]+-[a-z0-9-]+$": (
        "machine type",
        "a machine type of Compute Engine: lower-case letters, digits and dashes",
        "e2-standard-4",
    ),
    r"^gke-security-groups@[^@\s]+$": (
        "group of clusters",
        "gke-security-groups@ and a domain",
        "gke-security-groups@example.org",
    ),
    r"^1\.[0-9]{2}(\.[0-9]+)?$": ("version of Kubernetes", "1, a dot and two digits, in quotes", "'1.34'"),
    r"^[a-z][a-z0-9_]*$": (
        "annotation schema",
        "lower-case letters, digits and '_', beginning with a letter",
        "synapse",
    ),
    r"^[A-Za-z_][A-Za-z0-9_-]*$": (
        "database name",
        "letters, digits, '_' and '-', beginning with a letter or '_'",
        "minnie65",
    ),
    r"^[^@\s]+@[^@\s]+$": ("e-mail address", "an e-mail address, without spaces", "jill@example.org"),
    r"^[A-Za-z0-9_.-]+$": ("key", "letters, digits, '_', '-' and '.'", "VNC"),
    r"^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$": (
        "billing account",
        "three times six digits or letters A to F, joined by dashes",
        "012345-6789AB-CDEF01",
    ),
    r"^[A-Z]{3}$": ("currency", "three upper-case letters", "EUR"),
    r"^google_[a-z0-9_]+\.[a-z0-9_]+$": (
        "address of a resource",
        "a type that begins with google_, a dot and the resource's name in the stack",
        "google_sql_database_instance.sql__server__instance",
    ),
    r"^[a-z0-9][a-z0-9/_-]*[a-z0-9]$": (
        "folder of states",
        "lower-case letters, digits, '/', '_' and '-', beginning and ending with a letter or digit",
        "karst",
    ),
    r"^[A-Za-z_][0-9A-Za-z_]*$": (
        "name of a variable",
        "letters, digits and '_', beginning with a letter or '_'",
        "LAB_CONTACT",
    ),
    r"^[A-Za-z_][A-Za-z0-9_]*$": (
        "kind of documents",
        "letters, digits and '_', beginning with a letter or '_'",
        "neuroglancerjsondb",
    ),
    r"^[A-Za-z0-9](-?[A-Za-z0-9]){0,38}/[A-Za-z0-9_.-]*[A-Za-z0-9_-]$": (
        "repository on GitHub",
        "its owner, a slash and its name",
        "lab/karst-environments",
    ),
    r"^[1-9][0-9]{0,19}$": ("number of a repository", "digits in quotes", "'412345678'"),
    r"^[A-Za-z0-9][A-Za-z0-9_./-]*[A-Za-z0-9]$|^[A-Za-z0-9]$": (
        "branch",
        "letters, digits, '_', '.', '/' and '-', beginning and ending with a letter or digit",
        "main",
    ),
    r"^[A-Za-z0-9][A-Za-z0-9_.-]*$": (
        "environment on GitHub",
        "letters, digits, '_', '.' and '-', beginning with a letter or digit",
        "production",
    ),
    r"^graphene://[^\s]+$": (
        "graph source",
        "graphene:// and a path without spaces",
        "graphene://https://api.example.org/segmentation/table/minnie65_v1",
    ),
    r"^/[A-Za-z0-9/_.-]*$": ("absolute path", "'/' and letters, digits, '/', '_', '-' and '.'", "/scratch"),
    r"^gs://\S+$": ("Cloud Storage path", "gs:// and a path without spaces", "gs://lab-exports/edits"),
    r"^#?[a-z0-9_-]{1,80}$|^[CG][A-Z0-9]{6,}$": (
        "channel",
        "its name (lower-case letters, digits, '_' and '-') in quotes, or its id",
        "'#cave-alerts'",
    ),
    r"^[a-z0-9_-]*$": ("prefix of paths", "lower-case letters, digits, '_' and '-'", "clio"),
    r"^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*$": (
        "registry",
        "a host and a folder without a tag: lower-case letters, digits, '.', '_' and '-' between single slashes",
        "docker.io/caveconnectome",
    ),
    r"^\.?[A-Za-z0-9_-][A-Za-z0-9._-]*$": (
        "file name",
        "letters, digits, '_', '-' and '.', at most one '.' at the beginning",
        "reader.json",
    ),
    r"^[a-z][A-Za-z0-9_]*\.[^*?]+$": (
        "address of an object",
        "a type, a dot and the name of one object in full, without * and ?",
        "google_storage_bucket.storage__dump__bucket",
    ),
    r"^[A-Za-z][A-Za-z0-9_-]*$": (
        "stack",
        "letters, digits, '_' and '-', beginning with a letter",
        "demo-foundation",
    ),
    r"\S": ("reason", "words that a reviewer can judge", "moved to another project"),
    r"^(https|oci)://[a-z0-9.-]+(:[0-9]+)?(/[\w./~-]*)?$": (
        "repository of charts",
        "https:// or oci://, a host in lower case, and a path of letters, digits, '_', '.', '/', '~' and '-'",
        "https://kedacore.github.io/charts",
    ),
    r"^2\.[0-9]{1,3}\.[0-9]{1,3}$": ("version of KEDA", "2, a dot and two numbers with a dot between them", "2.20.2"),
    r"^[a-z_.]+$": ("flag of PostgreSQL", "lower-case letters, '_' and '.'", "random_page_cost"),
    r"^POSTGRES_1[5-9]$": ("version of PostgreSQL", "POSTGRES_ and a number from 15 to 19", "POSTGRES_18"),
    r"^(\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9])$": (
        "id of a document database",
        f"(default), or 4 to 63 {_DASHES}",
        "clio",
    ),
    r"^REDIS_[67]_[0-9X]$": ("version of Redis", "REDIS_, a 6 or 7, and '_' with a digit or X", "REDIS_7_2"),
    r"^[A-Za-z][A-Za-z0-9_.-]{0,60}$": (
        "prefix of topics",
        "up to 61 letters, digits, '_', '-' and '.', beginning with a letter",
        "api",
    ),
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$": (
        "package name",
        "lower-case letters and digits in words joined by single dashes, beginning with a letter",
        "karst-landing",
    ),
    r"^[a-z][a-z0-9_.-]*$": (
        "name of a store",
        "lower-case letters, digits, '_', '-' and '.', beginning with a letter",
        "skeleton",
    ),
    r"^(/[A-Za-z0-9._-]+)+$": (
        "absolute path",
        "'/' and a name of letters, digits, '_', '-' and '.', once or several times",
        "/etc/config",
    ),
    r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*\.j2$": (
        "template",
        "a relative path of letters, digits, '_', '-' and '.' that ends in .j2",
        "config/instance.cfg.j2",
    ),
    r"^/([A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*)?$": (
        "prefix of paths",
        "'/', or '/' and letters, digits, '.', '_', '~' and '-' without '/' at its end",
        "/info",
    ),
    r"^/$|^(/([A-Za-z0-9._~-]+|\{[a-z_][a-z0-9_]*\}))*(/\{[a-z_][a-z0-9_]*:path\})?$": (
        "path of a route",
        "'/' and segments of letters, digits, '.', '_', '~' and '-', or {name}; {name:path} only at the end",
        "/table/{table_id}/{rest:path}",
    ),
    r"^/[A-Za-z0-9._~/-]*$": ("path of a URL", "'/' and letters, digits, '.', '_', '~', '/' and '-'", "/health/live"),
    r"^[a-z0-9][a-z0-9._/-]*[a-z0-9]$": (
        "image repository",
        "lower-case letters, digits, '.', '_', '/' and '-', beginning and ending with a letter or digit",
        "caveconnectome/dash",
    ),
}
"""Patterns that stand beside the one field that uses them."""


def form_of(pattern: str) -> tuple[tuple[str, str], str]:
    """((what it is called, how it is written), an example) of a pattern of the models: each has its words here."""
    return _forms()[pattern]


@cache
def _forms() -> dict[str, tuple[tuple[str, str], str]]:
    forms: dict[str, tuple[tuple[str, str], str]] = {}
    for alias, (noun, how, example) in _ALIASES.items():
        for pattern in _patterns(getattr(types, alias, None)):
            forms.setdefault(pattern, ((noun, how), example))
    return forms | {pattern: ((noun, how), example) for pattern, (noun, how, example) in OF_ONE_FIELD.items()}


def _patterns(annotation: object) -> Iterator[str]:
    for extra in get_args(annotation)[1:]:
        if isinstance(extra, StringConstraints) and isinstance(extra.pattern, str):
            yield extra.pattern
