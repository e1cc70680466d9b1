"""Rules of the cluster's generations: exactly one is active, and weights divide 100 percent among those that run."""

from collections.abc import Iterator

from karst.config.errors import Problem, choices, did_you_mean, show
from karst.config.loader import Environment
from karst.config.types import GenerationState

ALL_TRAFFIC = 100
_GONE = (GenerationState.RETIRED, GenerationState.REMOVED)
_LEAST_VERSION = (1, 34)
"""Before it Google's clusters know no `SecretSync`, by which programs get secrets as variables."""


def problems(environment: Environment) -> Iterator[Problem]:
    """What is wrong with generations and weights of one deployment."""
    if environment.deployment.runs_cluster:
        yield from _one_active(environment)
    yield from _too_old(environment)
    yield from _weights(environment)


def _one_active(environment: Environment) -> Iterator[Problem]:
    generations = environment.deployment.generations
    active = sorted(name for name, one in generations.items() if one.state is GenerationState.ACTIVE)
    if not active:
        remedy = "Write `state: active` for the one that runs schedulers and queue workers."
        yield environment.problem(("generations",), "no generation is active", remedy)
    for name in active[1:]:
        message = f"{choices(active, 'and')} are both active" if len(active) == 2 else f"{len(active)} are active"
        remedy = "Keep one active; write `state: standby` or `state: draining` for the others."
        yield environment.problem(("generations", name, "state"), message, remedy)


def _too_old(environment: Environment) -> Iterator[Problem]:
    least = ".".join(map(str, _LEAST_VERSION))
    for name, one in environment.deployment.generations.items():
        if one.version is None or one.state in _GONE:
            continue
        if tuple(map(int, one.version.split(".")))[:2] < _LEAST_VERSION:
            message = f"{show(one.version)} is too old: clusters copy secrets for their pods from {least} on"
            yield environment.problem(
                ("generations", name, "version"), message, f"Write '{least}' or later, or leave it out."
            )


def _weights(environment: Environment) -> Iterator[Problem]:
    weights, generations = environment.deployment.edge.weights, environment.deployment.generations
    for name, weight in weights.items():
        location = ("edge", "weights", name)
        if name not in generations:
            running = [each for each, one in generations.items() if one.state not in _GONE]
            remedy = did_you_mean(name, running, "Generations that run")
            yield environment.problem(location, f"there is no generation {show(name)}", remedy)
        elif weight and generations[name].state in _GONE:
            message = f"{weight} percent go to {show(name)}, which is {generations[name].state}"
            yield environment.problem(location, message, "Write 0, or give the traffic to a generation that runs.")
    if weights and sum(weights.values()) != ALL_TRAFFIC:
        message = f"the weights sum to {sum(weights.values())}, not {ALL_TRAFFIC}"
        remedy = "Write percentages that sum to 100, or leave weights out: then the active generation gets all."
        yield environment.problem(("edge", "weights"), message, remedy)
