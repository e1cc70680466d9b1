"""Builds the image of a bundle where it is missing. The cloud stands behind `ImageBuilder`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from karst.packaging.bundle import Bundle
from karst.packaging.target import BuildTarget

WAIT_S = 3.0
TIMEOUT_S = 1200


class BuildState(StrEnum):
    """How far a build is."""

    WAITING = "waiting"
    WORKING = "working"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Build:
    """A build as the cloud tells of it."""

    id: str
    state: BuildState
    detail: str
    """What the cloud calls the state, with its reason if there is one."""
    log_url: str


class BuildError(RuntimeError):
    """An image that could not be built; the message says what to do, or where the log stands."""


class ImageBuilder(Protocol):
    """What building needs of a cloud. Every method raises BuildError with a message for people."""

    def has_image(self, target: BuildTarget, service: str, tag: str) -> bool:
        """Whether the registry has the tag."""
        ...

    def upload(self, target: BuildTarget, name: str, content: bytes) -> None:
        """Store the sources under `name`; no error if somebody else has just done so."""
        ...

    def start(self, target: BuildTarget, service: str, tag: str, source: str) -> Build:
        """Begin to build the image from the stored sources."""
        ...

    def look(self, target: BuildTarget, build_id: str) -> Build:
        """How far the build is."""
        ...


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The image of a service, and whether this call built it."""

    image: str
    was_built: bool


def build_image(
    builder: ImageBuilder,
    target: BuildTarget,
    bundle: Bundle,
    *,
    report: Callable[[str], None],
    sleep: Callable[[float], None],
) -> Outcome:
    """Make sure that the registry has the bundle's image.

    Does nothing where the tag is there. Two callers at once do no harm: tags are immutable, so the slower build fails
    to push, finds the tag of the other, and counts as done.
    """
    image = target.image(bundle.service, bundle.tag)
    if builder.has_image(target, bundle.service, bundle.tag):
        report(f"{bundle.service}: {bundle.tag} is in the registry")
        return Outcome(image=image, was_built=False)
    source = f"{bundle.service}/{bundle.tag}.tar.gz"
    content = bundle.tar_gz()
    report(f"{bundle.service}: upload {len(content) // 1024 + 1} KiB of sources")
    builder.upload(target, source, content)
    build = started = builder.start(target, bundle.service, bundle.tag, source)
    report(f"{bundle.service}: build {build.id}, log: {build.log_url}")
    for build in _states(builder, target, started, sleep):
        report(f"{bundle.service}: {build.detail}")
    if build.state is BuildState.FAILED and not builder.has_image(target, bundle.service, bundle.tag):
        raise BuildError(f"{bundle.service}: the build failed ({build.detail}). Read its log: {build.log_url}")
    return Outcome(image=image, was_built=build.state is BuildState.SUCCEEDED)


def _states(
    builder: ImageBuilder, target: BuildTarget, build: Build, sleep: Callable[[float], None]
) -> Iterator[Build]:
    """Look until the build has ended; give each new state of it."""
    shown = ""
    for _ in range(int(TIMEOUT_S * 2 / WAIT_S)):
        if build.detail != shown:
            shown = build.detail
            yield build
        if build.state in (BuildState.SUCCEEDED, BuildState.FAILED):
            return
        sleep(WAIT_S)
        build = builder.look(target, build.id)
    raise BuildError(f"Build {build.id} has not ended after {TIMEOUT_S * 2} s. Read its log: {build.log_url}")
