"""Rules of stores: Firestore's modes never share a database, graphs never stand in a replicated Bigtable instance."""

from collections.abc import Iterator, Mapping

from karst.config.errors import Location, Problem, choices, show
from karst.config.loader import Environment
from karst.config.types import DatasetState, Kind
from karst.naming import Names


def problems(environment: Environment) -> Iterator[Problem]:
    """What is wrong with the databases of one deployment."""
    databases = environment.deployment.sql.databases
    seen: dict[str, str] = {}
    for role in ("auth", "info", "annotation", "materialization"):
        name = getattr(databases, role)
        other = seen.setdefault(name, role)
        if other != role:
            message = f"{show(name)} is also the database of {other}"
            yield environment.problem(("sql", "databases", role), message, "Give each its own database.")


def problems_between(environments: Mapping[str, Environment]) -> Iterator[Problem]:
    """What is wrong with stores that several deployments, or several parts of one, have in common."""
    yield from _firestore_modes(environments)
    yield from _replicated_graphs(environments)


def _firestore_uses(environment: Environment) -> Iterator[tuple[Location, str, str]]:
    firestore, kinds = environment.deployment.firestore, environment.deployment.kinds
    if kinds & {Kind.GLOBAL, Kind.LOCAL}:
        yield ("firestore", "state", "database"), firestore.state.database, "Datastore mode"
    if Kind.CLIO in kinds:
        yield ("firestore", "clio", "database"), firestore.clio.database, "native mode"


def _firestore_modes(environments: Mapping[str, Environment]) -> Iterator[Problem]:
    modes: dict[tuple[str, str], tuple[str, str, str]] = {}
    for environment in environments.values():
        for location, database, mode in _firestore_uses(environment):
            key = (environment.deployment.gcp.project, database)
            first = (mode, environment.name, ".".join(map(str, location)))
            other_mode, owner, other = modes.setdefault(key, first)
            if other_mode != mode:
                where = other if owner == environment.name else f"{other} of the deployment {show(owner)}"
                message = f"the database {show(database)} is used in {other_mode} by {where}, here in {mode}"
                yield environment.problem(location, message, "A database has one mode: write two different ids.")


def _replicated_graphs(environments: Mapping[str, Environment]) -> Iterator[Problem]:
    graphs: dict[tuple[str, str], list[str]] = {}
    for environment in environments.values():
        held = graphs.setdefault(bigtable_key(environment), [])
        held += environment.deployment.pychunkedgraph.graph_ids
        live = (one for one in environment.datasets.values() if one.state is not DatasetState.REMOVED)
        held += [graph for dataset in live for graph in dataset.graphs]
    for environment in environments.values():
        held = graphs[bigtable_key(environment)]
        if environment.deployment.bigtable.replica is not None:
            whose = (
                f"the graphs that stand here: {choices(held, 'and')}" if held else "every graph that will stand here"
            )
            message = f"replication breaks the single-row atomicity of {whose}"
            remedy = "Remove replica; protect graphs with bigtable.backups."
            yield environment.problem(("bigtable", "replica"), message, remedy)


def bigtable_key(environment: Environment) -> tuple[str, str]:
    """Project and id of the Bigtable instance: what makes two deployments share one."""
    return Names(environment.deployment).bigtable_project, environment.deployment.bigtable.instance
