"""Rules of kinds: each stands once in the list, for one that stands twice was meant to be another."""

from collections.abc import Iterator

from karst.config.errors import Problem, show
from karst.config.loader import Environment


def problems(environment: Environment) -> Iterator[Problem]:
    """Kinds that are named again; the model keeps a set, so what was written is asked."""
    written = environment.deployment_source.data.get("kinds")
    items = written if isinstance(written, list) else []
    for index, kind in enumerate(items):
        if kind in items[:index]:
            message = f"{show(kind)} is named twice"
            yield environment.problem(("kinds", index), message, "Remove one of the two, or write what was meant.")
