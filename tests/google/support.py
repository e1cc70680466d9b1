"""Deployments, a fake cloud and a clock for tests of bootstrap and doctor."""

from __future__ import annotations

from dataclasses import dataclass, field

from karst.bootstrap.run import apply, plan
from karst.bootstrap.step import Standing, Step
from karst.bootstrap.steps import steps_of
from karst.config.deployment import Deployment
from karst.google.client import Endpoints, GoogleApi
from tests.google.fake import FakeGoogle
from tests.google.fake_state import NUMBER, PROJECT

BASE = "http://google.test"
REPOSITORY = "lab/karst-environments"
BUCKET = "lab-karst-state"


@dataclass
class Clock:
    """Time that passes only while somebody sleeps."""

    now_s: float = 1000.0
    pauses: list[float] = field(default_factory=list)

    def sleep(self, pause_s: float) -> None:
        self.pauses.append(pause_s)
        self.now_s += pause_s

    def time(self) -> float:
        return self.now_s


def deployment(**keys: object) -> Deployment:
    """A deployment of everything, with a bucket of states and a repository."""
    plain: dict[str, object] = {
        "name": "api",
        "kinds": ["global", "local", "clio"],
        "gcp": {"project": PROJECT, "project_number": NUMBER, "region": "us-east4", "zone": "us-east4-a"},
        "dns": {"zone": "example-org", "domain": "example.org", "hostnames": [{"name": "cave.example.org"}]},
        "state": {"bucket": BUCKET},
        "ci": {"repository": REPOSITORY},
        "labels": {"owner": "lab"},
    }
    return Deployment.model_validate({key: value for key, value in (plain | keys).items() if value is not None})


def client(fake: FakeGoogle, clock: Clock | None = None) -> GoogleApi:
    """A client of the fake, without a socket."""
    clock = clock or Clock()
    return GoogleApi(fake.session(), Endpoints(base=BASE), sleep=clock.sleep, clock=clock.time, openly=fake.session())


def steps(fake: FakeGoogle, of: Deployment | None = None) -> tuple[Step, ...]:
    """The steps of a deployment, each time as in a new process."""
    return steps_of(client(fake), of or deployment())


def make(fake: FakeGoogle, of: Deployment | None = None) -> list[str]:
    """Take all steps; give the names of those that were due."""
    made: list[str] = []
    apply(steps(fake, of), lambda step: made.append(step.name), lambda _: None)
    return made


def standings(fake: FakeGoogle, of: Deployment | None = None) -> dict[str, Standing]:
    """How each step stands."""
    return {one.step.name: one.look.standing for one in plan(steps(fake, of))}


def details(fake: FakeGoogle, name: str, of: Deployment | None = None) -> str:
    """What is said of one step."""
    (look,) = (one.look for one in plan(steps(fake, of)) if one.step.name == name)
    return "\n".join((*look.details, look.remedy))
