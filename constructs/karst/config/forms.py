"""Says in words what patterns of `karst.config.types` demand: the thing's name, how it is written, one that fits."""

from collections.abc import Iterator
from functools import cache
from typing import get_args

from pydantic import StringConstraints

from karst.config import types

SECRET_PATTERN_START = "^secret:"  # noqa: S105 - the beginning of a pattern, no secret

_DASHES = "lower-case letters, digits and dashes, beginning with a letter"
_VARIABLE = "^[A-Z][A-Z0-9_]*$"
_NAMED: dict[str, tuple[str, str, str]] = {
    "DeploymentName": ("name", _DASHES, "minnie-api"),
    "DatasetName": ("dataset name", "lower-case letters, digits, '_' and '-', beginning with a letter", "minnie65"),
    "ProjectId": ("project id", f"6 to 30 {_DASHES}", "lab-cave"),
    "ProjectNumber": ("project number", "6 to 20 digits in quotes", "'123456789012'"),
    "Region": ("region", "a region of Google Cloud", "us-east4"),
    "Zone": ("zone", "a region with the letter of a zone", "us-east4-a"),
    "BucketName": ("bucket name", "3 to 63 lower-case letters, digits, dashes and dots", "lab-minnie-pcg"),
    "BigtableInstanceId": ("Bigtable instance id", f"6 to 33 {_DASHES}", "pychunkedgraph"),
    "BigtableTableId": ("Bigtable table id", "up to 50 letters, digits, '_', '-' and '.'", "minnie65_v1"),
    "SqlName": ("PostgreSQL name", "lower-case letters, digits and '_', beginning with a letter", "synapses_pni_2"),
    "FieldName": ("name that fits into a URL", "letters, digits, '_', '-' and '.'", "minnie65_public"),
    "Hostname": (
        "host name",
        "a full host name in lower case, without https:// and path",
        "cave.example.org",
    ),
    "Email": ("e-mail address", "an e-mail address", "jill@example.org"),
    "SecretRef": ("reference to a secret", "the name of a secret after 'secret:'", "secret:slack-token"),
    "HttpsUrl": ("https:// URL", "a URL that begins with https://", "https://viewer.example.org/"),
    "CloudPath": ("Cloud Storage path", "a path that begins with gs://", "gs://lab-em/minnie"),
    "ImageSource": (
        "image source",
        "precomputed://, zarr://, zarr2://, zarr3:// or n5:// and a path",
        "precomputed://gs://lab-em/minnie",
    ),
    "SegmentationSource": (
        "segmentation source",
        "graphene:// or precomputed:// and a path without '/' at its end",
        "precomputed://gs://lab-seg/flat",
    ),
    "Version": ("version", "letters, digits, '_', '-' and '.'", "2.24.0"),
    "Label": ("label value", "up to 63 lower-case letters, digits, '_' and '-'", "connectomics"),
    "LabelKey": ("label key", "lower-case letters, digits, '_' and '-', beginning with a letter", "owner"),
    "CpuQuantity": ("amount of processor time", "cores, or thousandths of one with 'm'", "250m"),
    "MemoryQuantity": ("amount of memory", "a whole number with Mi or Gi", "512Mi"),
    "Cron": ("schedule", "minute, hour, day of month, month and day of week", "'10 8 * * 0,2,4,6'"),
}


def form_of(pattern: str) -> tuple[tuple[str, str], str] | None:
    """((what it is called, how it is written), an example) of a pattern; None for one that only a single field uses."""
    return _forms().get(pattern)


@cache
def _forms() -> dict[str, tuple[tuple[str, str], str]]:
    forms: dict[str, tuple[tuple[str, str], str]] = {}
    for alias, (noun, how, example) in _NAMED.items():
        for pattern in _patterns(getattr(types, alias, None)):
            forms.setdefault(pattern, ((noun, how), example))
    forms[_VARIABLE] = (("environment variable name", "upper-case letters, digits and '_'"), "ZSTD_THREADS")
    return forms


def _patterns(annotation: object) -> Iterator[str]:
    for extra in get_args(annotation)[1:]:
        if isinstance(extra, StringConstraints) and isinstance(extra.pattern, str):
            yield extra.pattern
