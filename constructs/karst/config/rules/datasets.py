"""Rules of datasets in their deployment: what they declare must be something the deployment runs."""

from collections.abc import Iterator

from karst.config.errors import Problem
from karst.config.loader import Environment
from karst.config.types import DatasetState, Kind


def problems(environment: Environment) -> Iterator[Problem]:
    """Datasets that ask for services of a kind that the deployment is not."""
    kinds = environment.deployment.kinds
    for name, dataset in environment.datasets.items():
        if dataset.state is DatasetState.REMOVED:
            continue
        if not kinds & {Kind.LOCAL, Kind.CLIO}:
            message = "a global deployment serves no datasets"
            remedy = "Move the file to a deployment with `local` or `clio` in its kinds, or add one of them to kinds."
            yield environment.dataset_problem(name, ("name",), message, remedy)
            continue
        if dataset.clio is not None and Kind.CLIO not in kinds:
            message = "the deployment runs no connectomics store"
            yield environment.dataset_problem(
                name, ("clio",), message, "Remove clio, or add `clio` to the deployment's kinds."
            )
        for key in ("graphs", "datastacks"):
            if getattr(dataset, key) and Kind.LOCAL not in kinds:
                message = f"the deployment runs no local services, which {key} need"
                remedy = f"Remove {key}, or add `local` to the deployment's kinds."
                yield environment.dataset_problem(name, (key,), message, remedy)
