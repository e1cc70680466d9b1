"""Rules of sharing: what a project or a server has once is made by one deployment, and named by one dataset.

Two deployments may share a project, a zone, a database instance; then one of them creates it and the others say
`manage: existing`. What clients ask for by name (datastacks, aligned volumes, graphs) can't be shared at all.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from karst.config.dataset import Dataset
from karst.config.errors import Location, Problem, show
from karst.config.loader import Environment
from karst.config.rules.stores import bigtable_key
from karst.config.types import DatasetState, Kind, Manage
from karst.naming import Names

_CLUSTER_KINDS = frozenset({Kind.GLOBAL, Kind.LOCAL})
_REDIS_USERS: Mapping[str, frozenset[Kind]] = {
    "broker": frozenset({Kind.LOCAL}),
    "cache": frozenset({Kind.LOCAL}),
    "global": frozenset({Kind.GLOBAL}),
}
_BUCKET_USERS: Mapping[str, frozenset[Kind]] = {
    "dump": frozenset({Kind.LOCAL}),
    "upload": frozenset({Kind.LOCAL}),
    "skeleton": frozenset({Kind.LOCAL}),
    "nglstate": frozenset({Kind.GLOBAL}),
    "signatures": frozenset({Kind.CLIO}),
    "transfer": frozenset({Kind.CLIO}),
    "logs": frozenset(Kind),
}


class _Managed(Protocol):
    @property
    def manage(self) -> Manage: ...


@dataclass(frozen=True, kw_only=True)
class _Claim:
    """Somebody's word that a thing is his. `dataset` is empty where the deployment's own file says it."""

    what: str
    scope: tuple[str, ...]
    name: str
    environment: Environment
    location: Location
    dataset: str = ""

    @property
    def owner(self) -> str:
        deployment = f"the deployment {show(self.environment.name)}"
        return f"the dataset {show(self.dataset)} of {deployment}" if self.dataset else deployment

    def problem(self, message: str, remedy: str) -> Problem:
        if self.dataset:
            return self.environment.dataset_problem(self.dataset, self.location, message, remedy)
        return self.environment.problem(self.location, message, remedy)


def problems_between(environments: Mapping[str, Environment]) -> Iterator[Problem]:
    """Things that two deployments would create, or two datasets claim."""
    yield from _claimed_twice(
        (claim for one in environments.values() for claim in _created(one)),
        verb="already creates",
        remedy="Exactly one creates it: write `manage: existing` here, or another name.",
    )
    yield from _claimed_twice(
        (claim for one in environments.values() for claim in _exclusive(one)),
        verb="already has",
        remedy="Rename one of the two.",
    )


def _claimed_twice(claims: Iterator[_Claim], *, verb: str, remedy: str) -> Iterator[Problem]:
    first: dict[tuple[str, tuple[str, ...], str], _Claim] = {}
    for claim in claims:
        other = first.setdefault((claim.what, claim.scope, claim.name), claim)
        if other is not claim:
            yield claim.problem(f"{other.owner} {verb} the {claim.what} {show(claim.name)}", remedy)


def _created(environment: Environment) -> Iterator[_Claim]:
    """What the deployment creates and others could create too."""
    deployment, names = environment.deployment, Names(environment.deployment)
    project, region = deployment.gcp.project, deployment.gcp.region

    def claim(what: str, scope: tuple[str, ...], name: str, location: Location, managed: _Managed) -> Iterator[_Claim]:
        if managed.manage is Manage.CREATE:
            where = (*location, "manage")
            yield _Claim(what=what, scope=scope, name=name, environment=environment, location=where)

    yield from claim("project services of", (), project, ("gcp",), deployment.gcp)
    yield from claim("network", (project,), names.network, ("gcp", "network"), deployment.gcp.network)
    yield from claim("DNS zone", (project,), deployment.dns.zone, ("dns",), deployment.dns)
    if deployment.kinds & _CLUSTER_KINDS:
        yield from claim("SQL instance", (project,), names.sql_instance, ("sql",), deployment.sql)
        state = deployment.firestore.state
        yield from claim("document database", (project,), state.database, ("firestore", "state"), state)
    if Kind.LOCAL in deployment.kinds:
        bigtable_project, instance = bigtable_key(environment)
        yield from claim("Bigtable instance", (bigtable_project,), instance, ("bigtable",), deployment.bigtable)
    if Kind.CLIO in deployment.kinds:
        clio = deployment.firestore.clio
        yield from claim("document database", (project,), clio.database, ("firestore", "clio"), clio)
    for role, users in _REDIS_USERS.items():
        if deployment.kinds & users:
            redis = names.redis_settings(role)
            yield from claim("Redis", (project, region), names.redis(role), ("redis", role), redis)
    yield from _created_buckets(environment)


def _created_buckets(environment: Environment) -> Iterator[_Claim]:
    """Names of buckets are unique in the world, so they have no scope."""
    names = Names(environment.deployment)
    for role, users in _BUCKET_USERS.items():
        used = environment.deployment.kinds & users
        if used and names.bucket_settings(role).manage is Manage.CREATE:
            place = ("buckets", role, "manage")
            yield _Claim(what="bucket", scope=(), name=names.bucket(role), environment=environment, location=place)
    for file, dataset in _live(environment):
        if dataset.bucket.manage == "create":
            yield _Claim(
                what="bucket",
                scope=(),
                name=names.dataset_bucket(dataset),
                environment=environment,
                location=("bucket", "name"),
                dataset=file,
            )


def _exclusive(environment: Environment) -> Iterator[_Claim]:
    """What clients or services find by name alone, within the server that answers them."""
    deployment, names = environment.deployment, Names(environment.deployment)
    project = deployment.gcp.project
    prefix = deployment.pubsub.prefix or deployment.name
    place = ("pubsub", "prefix")
    yield _Claim(what="prefix of topics", scope=(project,), name=prefix, environment=environment, location=place)
    for file, dataset in _live(environment):
        for what, scope, name, location in _dataset_names(names, environment, dataset):
            yield _Claim(what=what, scope=scope, name=name, environment=environment, location=location, dataset=file)


def _dataset_names(
    names: Names, environment: Environment, dataset: Dataset
) -> Iterator[tuple[str, tuple[str, ...], str, Location]]:
    deployment = environment.deployment
    if Kind.LOCAL in deployment.kinds:
        server = (deployment.global_host or deployment.name,)
        yield "aligned volume", server, dataset.volume_name, ("aligned_volume", "name")
        for stack in dataset.datastacks:
            yield "datastack", server, stack, ("datastacks", stack)
        sql = (deployment.gcp.project, names.sql_instance)
        yield "database", sql, names.sql_database(dataset), ("annotations", "database")
        for graph, settings in dataset.graphs.items():
            yield "Bigtable table", bigtable_key(environment), graph, ("graphs", graph)
            if settings.l2cache:
                table = settings.l2cache_table or f"l2cache_{graph}"
                yield "Bigtable table", bigtable_key(environment), table, ("graphs", graph, "l2cache_table")
    if Kind.CLIO in deployment.kinds and dataset.clio is not None:
        store = (deployment.gcp.project, deployment.firestore.clio.database)
        yield "clio key", store, dataset.clio.key or dataset.name, ("clio", "key")
        if dataset.clio.search is not None:
            yield "search dataset", (deployment.gcp.project,), names.search_dataset(dataset), ("clio", "key")


def _live(environment: Environment) -> Iterator[tuple[str, Dataset]]:
    return ((n, one) for n, one in environment.datasets.items() if one.state is not DatasetState.REMOVED)
