"""The words of the configuration: exact types with their limits, shared by all models."""

from __future__ import annotations

import ipaddress
import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from karst.config.errors import show

_LABEL = r"^[a-z]([a-z0-9-]*[a-z0-9])?$"


class Kind(StrEnum):
    """What a deployment runs: the global services of CAVE, the local ones, the connectomics store."""

    GLOBAL = "global"
    LOCAL = "local"
    CLIO = "clio"


class Manage(StrEnum):
    """Who makes a resource: Karst, or somebody before it (it is then used by name and never changed)."""

    CREATE = "create"
    EXISTING = "existing"


class GenerationState(StrEnum):
    """Where a generation of the cluster stands between its first deployment and its removal."""

    STANDBY = "standby"
    ACTIVE = "active"
    DRAINING = "draining"
    RETIRED = "retired"
    REMOVED = "removed"


class DatasetState(StrEnum):
    """`retired` lifts protection; `removed` empties the stack, after which the file may go."""

    ACTIVE = "active"
    RETIRED = "retired"
    REMOVED = "removed"


class OnRemoval(StrEnum):
    """What becomes of the buckets and tables of a removed dataset: abandoned where they are, or deleted."""

    KEEP = "keep"
    DELETE = "delete"


class Tier(StrEnum):
    """`prod` spreads what holds data over zones; `dev` keeps one of each and costs less."""

    DEV = "dev"
    PROD = "prod"


def _network(text: str) -> str:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(
            f"{show(text)} is no address range. Write its first address, '/' and how many bits are the same in all of "
            "its addresses, such as 10.142.0.0/20"
        ) from None
    if "/" in text and ipaddress.ip_address(text.partition("/")[0]) != network.network_address:
        raise ValueError(f"{show(text)} does not begin with the first address of its range. Write {network}")
    return str(network)


def _address(text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise ValueError(f"{show(text)} is no IPv4 address. Write four numbers with dots, such as 10.144.0.5") from None


_CRON_FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 6),
)
_CRON_PART = re.compile(r"(\*|(?P<first>[0-9]{1,2})(-(?P<last>[0-9]{1,2}))?)(/[1-9][0-9]?)?")


def _is_schedule(text: str) -> str:
    for (noun, least, most), field in zip(_CRON_FIELDS, text.split(), strict=True):
        for part in field.split(","):
            found = _CRON_PART.fullmatch(part)
            first = int(found["first"] or least) if found else -1
            last = int(found["last"] or first) if found else -1
            if not least <= first <= last <= most:
                raise ValueError(
                    f"{show(part)} is no {noun}. Write *, a number from {least} to {most}, or a range such as "
                    f"{least}-{least + 2}; several with commas"
                )
    return text


def each_once(items: tuple[str, ...]) -> tuple[str, ...]:
    """A list as it is, refused where it names something twice: the second one was meant to be something else."""
    twice = next((item for index, item in enumerate(items) if item in items[:index]), None)
    if twice is not None:
        raise ValueError(f"names {show(twice)} twice. Remove one of the two, or write what was meant")
    return items


DeploymentName = Annotated[str, StringConstraints(pattern=_LABEL, max_length=20)]
"""Names a deployment: lower-case letters, digits, dashes; at most 20, since names of resources grow from it."""
GenerationName = Annotated[str, StringConstraints(pattern=_LABEL, max_length=8)]
DatasetName = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9_-]*[a-z0-9])?$", max_length=30)]
ServiceName = Annotated[str, StringConstraints(pattern=_LABEL, max_length=40)]
PoolName = Annotated[str, StringConstraints(pattern=_LABEL, max_length=25)]
ProjectId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")]
AccountId = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{4,28})[a-z0-9]$")]
ProjectNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{6,20}$")]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]+-[a-z]+[0-9]+$")]
Zone = Annotated[str, StringConstraints(pattern=r"^[a-z]+-[a-z]+[0-9]+-[a-z]$")]
ResourceName = Annotated[str, StringConstraints(pattern=_LABEL, max_length=63)]
"""A name of most cloud resources: lower-case letters, digits and dashes, 63 at most."""
BucketName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$")]
BigtableInstanceId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{4,31}[a-z0-9]$")]
BigtableTableId = Annotated[str, StringConstraints(pattern=r"^[_a-zA-Z0-9][-_.a-zA-Z0-9]{0,49}$")]
SqlName = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]*$", max_length=63)]
"""A database or table of PostgreSQL that needs no quotes."""
FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", max_length=100)]
"""The name of a datastack, an aligned volume or a group, as clients write it into URLs."""
Hostname = Annotated[
    str,
    StringConstraints(pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$", max_length=253),
]
"""A full host name, without scheme and without a dot at its end."""
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=120)]
Cidr = Annotated[str, AfterValidator(_network)]
Address = Annotated[str, AfterValidator(_address)]
SecretRef = Annotated[
    str,
    StringConstraints(
        pattern=r"^secret:(projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/secrets/)?[A-Za-z0-9_-]{1,255}(@[0-9]+)?$"
    ),
]
"""The name of a secret in Secret Manager, never its value: `secret:NAME`, or `secret:NAME@VERSION` to pin one."""
HttpsUrl = Annotated[str, StringConstraints(pattern=r"^https://[^\s\"'<>\\^`{|}]+$", max_length=500)]
CloudPath = Annotated[
    str, StringConstraints(pattern=r"^gs://[a-z0-9][a-z0-9._-]{1,61}[a-z0-9](/[^\s]*)?$", max_length=1024)
]
ImageSource = Annotated[str, StringConstraints(pattern=r"^(precomputed|zarr|zarr2|zarr3|n5)://[^\s]+$", max_length=200)]
"""Where a viewer reads images, in neuroglancer's words: `precomputed://gs://bucket/folder`."""
SegmentationSource = Annotated[
    str, StringConstraints(pattern=r"^(graphene|precomputed)://[^\s]+[^/\s]$", max_length=200)
]
Version = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$")]
Label = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{0,63}$")]
LabelKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
CpuQuantity = Annotated[str, StringConstraints(pattern=r"^([1-9][0-9]*m|[1-9][0-9]*(\.[0-9]+)?|0\.[0-9]*[1-9][0-9]*)$")]
"""Processor time: `250m` is a quarter of a core, `2` two cores."""
MemoryQuantity = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*(Mi|Gi)$")]
"""Memory: `512Mi`, `4Gi`."""
Cron = Annotated[str, StringConstraints(pattern=r"^\S+ \S+ \S+ \S+ \S+$", max_length=100), AfterValidator(_is_schedule)]
"""Minute, hour, day of month, month, day of week, in UTC: `10 8 * * 0,2,4,6`."""
Percent = Annotated[int, Field(ge=0, le=100)]
Resolution = tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]]
"""Size of a voxel along x, y, z in nanometres."""
Point = tuple[int, int, int]
"""x, y, z in voxels."""
