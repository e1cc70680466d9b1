"""Which secrets the pods of a workload see, as files or as variables, and what the cluster must know to fetch them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from karst.config.deployment import Deployment
from karst.derived.redis import redis_access, redis_roles
from karst.derived.secrets import SecretPlace, extra_files, passwords, places
from karst.derived.sql_login import is_administrator
from karst.derived.workloads import Workload

SECRETS_FOLDER = "/run/secrets/karst"
"""Where the secrets of a workload are mounted, each a file of its variable's name."""
CSI_DRIVER = "secrets-store-gke.csi.k8s.io"
"""The cluster's own driver that mounts secrets from Secret Manager."""

_FILE_BESIDE = "DAF_CREDENTIALS"
"""Upstream's programs look for further files beside the one that this variable names."""


@dataclass(frozen=True, kw_only=True, order=True)
class SecretEntry:
    """One version of a secret, and the file that shows it."""

    resource: str
    """`projects/P/secrets/S/versions/V`."""
    file: str


@dataclass(frozen=True, kw_only=True)
class SecretClass:
    """What a volume of this class holds; the pod's own account must be allowed to read it."""

    name: str
    entries: tuple[SecretEntry, ...]


@dataclass(frozen=True, kw_only=True)
class SecretSync:
    """Keeps a Kubernetes Secret like some entries of a class, for programs that read variables only."""

    name: str
    """Name of the Secret, too."""
    account: str
    """Kubernetes service account that reads the values."""
    secret_class: str
    keys: tuple[str, ...]
    """Files of the class; each becomes a key of the same name."""


@dataclass(frozen=True, kw_only=True)
class PlacedFile:
    """A file of the class that the program expects at a path of its own."""

    file: str
    path: str


@dataclass(frozen=True, kw_only=True)
class WorkloadSecrets:
    """The secrets of one workload: what the cluster fetches, and how its pods take them."""

    secret_class: SecretClass
    sync: SecretSync | None
    placed: tuple[PlacedFile, ...]
    folder: str = SECRETS_FOLDER

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files in the folder."""
        return tuple(entry.file for entry in self.secret_class.entries)

    @property
    def variables(self) -> tuple[str, ...]:
        """Variables that the pods take from the synchronized Secret, where each is a key."""
        return self.sync.keys if self.sync else ()


def workload_secrets(
    deployment: Deployment, workload: Workload, running: Iterable[Workload] = ()
) -> WorkloadSecrets | None:
    """The secrets of a workload in a cluster; None where it needs none.

    Declared and chosen ones carry their variable's name; the password and the authorities of a Redis that it uses are
    `REDIS_<ROLE>_AUTH` and `REDIS_<ROLE>_CA`; files of other projects keep their names. The administrator of databases
    reads the passwords of all that is `running`. Raises ValueError where two
    claim one name.
    """
    own = places(deployment, workload)
    redis = dict(_redis(deployment, workload))
    extra = extra_files(deployment, workload)
    logins = _logins(deployment, workload, running)
    _check_names(workload, own, redis, extra, logins)
    found = {**own, **redis, **extra, **logins}
    if not found:
        return None
    entries = tuple(SecretEntry(resource=resource(deployment, found[file]), file=file) for file in sorted(found))
    declared = workload.service.secrets
    keys = tuple(name for name in own if name in declared and declared[name].is_variable)
    secret_class = SecretClass(name=workload.name, entries=entries)
    sync = SecretSync(name=f"{workload.name}-variables", account=workload.name, secret_class=workload.name, keys=keys)
    return WorkloadSecrets(
        secret_class=secret_class, sync=sync if keys else None, placed=tuple(_placed(workload, sorted(extra)))
    )


def own_files(deployment: Deployment, workload: Workload, running: Iterable[Workload] = ()) -> frozenset[str]:
    """Names that Karst gives the secret files of a workload, so that no file of another project may have them."""
    redis = {name for use in workload.service.stores.cache for name in redis_files(use.name)}
    return frozenset({*places(deployment, workload), *redis, *_logins(deployment, workload, running)})


def _logins(deployment: Deployment, workload: Workload, running: Iterable[Workload]) -> Mapping[str, SecretPlace]:
    return passwords(deployment, running) if is_administrator(workload) else {}


def resource(deployment: Deployment, place: SecretPlace) -> str:
    """A version of a secret, written out in full."""
    is_full = place.secret.startswith("projects/")
    secret = place.secret if is_full else f"projects/{deployment.gcp.project}/secrets/{place.secret}"
    return f"{secret}/versions/{place.version}"


def _redis(deployment: Deployment, workload: Workload) -> Iterable[tuple[str, SecretPlace]]:
    roles = redis_roles(deployment.kinds)
    for use in workload.service.stores.cache:
        if use.name not in roles:
            raise ValueError(
                f"services.{workload.name}: it uses the Redis {use.name!r}, and this deployment has "
                f"{', '.join(roles) or 'none'}. Add the kind that brings it, or write enabled: false"
            )
        access = redis_access(deployment, use.name)
        password, authorities = redis_files(use.name)
        if access.password is not None:
            yield password, access.password
        if access.authorities is not None:
            yield authorities, access.authorities


def redis_files(role: str) -> tuple[str, str]:
    """Names of the files with the password and the authorities of a Redis."""
    return f"REDIS_{role.upper()}_AUTH", f"REDIS_{role.upper()}_CA"


def _placed(workload: Workload, files: Iterable[str]) -> Iterable[PlacedFile]:
    for file in files:
        path = place_beside(workload, file)
        if path is not None:
            yield PlacedFile(file=file, path=path)


def place_beside(workload: Workload, file: str) -> str | None:
    """Where a program that looks for its secret files in a folder of its own finds `file`; None for others."""
    beside = workload.service.settings.get(_FILE_BESIDE)
    if beside is None or beside.default is None:
        return None
    return str(PurePosixPath(beside.default).with_name(file))


def _check_names(workload: Workload, *kinds: Mapping[str, SecretPlace]) -> None:
    seen: set[str] = set()
    for kind in kinds:
        if twice := sorted(seen & kind.keys()):
            raise ValueError(f"services.{workload.name}: two secrets are called {twice[0]}. Rename one of them")
        seen |= kind.keys()
