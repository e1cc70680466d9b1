"""All stacks of one deployment, and the order in which they are deployed."""

from __future__ import annotations

from constructs import Construct

from karst.blueprint import Blueprint
from karst.imports import apply_imports
from karst.moves import apply_moves
from stacks.addons import AddonsStack
from stacks.apps import AppsStack
from stacks.cluster import ClusterStack
from stacks.dataset import DatasetStack
from stacks.edge import EdgeStack
from stacks.foundation import FoundationStack
from stacks.run import RunStack


def declare(scope: Construct, blueprint: Blueprint) -> None:
    """Declare a deployment.

    Foundation, then datasets, clusters and Cloud Run beside each other, then what runs in the clusters, charts of
    others first, then the edge.
    """
    foundation = FoundationStack(scope, blueprint)
    datasets = [DatasetStack(scope, blueprint, dataset) for dataset in blueprint.datasets]
    generations = sorted(blueprint.deployment.generations) if blueprint.deployment.runs_cluster else ()
    clusters = [ClusterStack(scope, blueprint, generation) for generation in generations]
    addons = [AddonsStack(scope, blueprint, generation) for generation in generations]
    apps = [AppsStack(scope, blueprint, generation) for generation in generations]
    run = RunStack(scope, blueprint)
    edge = EdgeStack(scope, blueprint)
    for stack in (*datasets, *clusters, run):
        stack.add_dependency(foundation)
    for cluster, charts, app in zip(clusters, addons, apps, strict=True):
        charts.add_dependency(cluster)
        for stack in (foundation, *datasets, cluster, charts):
            app.add_dependency(stack)
    for stack in (foundation, *datasets, *clusters, *addons, *apps, run):
        edge.add_dependency(stack)
    stacks = (foundation, *datasets, *clusters, *addons, *apps, run, edge)
    apply_moves(stacks)
    apply_imports(blueprint.deployment.name, stacks, blueprint.deployment.imports)
