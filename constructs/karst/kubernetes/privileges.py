"""What a container may do to its node and to itself: nothing for ours, a listed set of exceptions for upstream's.

Every exception says why. The level of the namespace (Pod Security) refuses whatever goes beyond them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from karst.gcp.reasons import require_reason

_OUR_USER = 10001
"""The user of our images, above the ids of people and services of any node."""
_BASELINE_CAPABILITIES = frozenset(
    {"CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"}
)


class PodSecurity(StrEnum):
    """Levels of Kubernetes' own admission: what a namespace refuses to run."""

    RESTRICTED = "restricted"
    BASELINE = "baseline"


@dataclass(frozen=True, kw_only=True)
class Privileges:
    """The user that a container runs as, and its exceptions from the strictest level.

    Raises `ValueError` for an exception without a reason, and for one that no reason is good enough for.

    Without exceptions: an unprivileged user, a root file system that can't be written, no capability. Nothing can be
    excepted from seccomp, from the ban on gaining privileges, and from staying out of the node.
    """

    user: int | None = _OUR_USER
    """None leaves it to the image, which may be root; needs `root_because`."""
    root_because: str | None = None
    writable_root_because: str | None = None
    capabilities: Mapping[str, str] = field(default_factory=dict[str, str])
    """Linux capability to the reason for it."""

    def __post_init__(self) -> None:
        if (self.user is None) != (self.root_because is not None):
            raise ValueError("a container runs as a user of its own, or as root for a reason. Give one of the two")
        if self.root_because is not None:
            require_reason("running as root", self.root_because)
        if self.writable_root_because is not None:
            require_reason("a root file system that can be written", self.writable_root_because)
        for capability, reason in sorted(self.capabilities.items()):
            require_reason(f"the capability {capability}", reason)
            if capability not in _BASELINE_CAPABILITIES:
                raise ValueError(f"the capability {capability} reaches beyond the container: no exception allows it")

    @property
    def level(self) -> PodSecurity:
        """The strictest level of a namespace that admits it."""
        is_restricted = self.user is not None and self.capabilities.keys() <= {"NET_BIND_SERVICE"}
        return PodSecurity.RESTRICTED if is_restricted else PodSecurity.BASELINE


OURS = Privileges()
"""Images of ours need no exception."""

_ROOT = "upstream's images name no user: they start as root and write below its home"
_WRITABLE = "upstream's programs write logs, sockets and caches all over the image"
_HOME = "root writes caches into the home of nginx, which belongs to nginx"

UPSTREAM_SERVER = Privileges(
    user=None,
    root_because=_ROOT,
    writable_root_because=_WRITABLE,
    capabilities={
        "CHOWN": "nginx and uWSGI hand their sockets and folders to the user nginx",
        "DAC_OVERRIDE": _HOME,
        "KILL": "the supervisor, as root, stops workers that run as nginx",
        "NET_BIND_SERVICE": "nginx listens on port 80",
        "SETGID": "nginx and uWSGI give up root for the group nginx",
        "SETUID": "nginx and uWSGI give up root for the user nginx",
    },
)
"""Upstream's web images: a supervisor with nginx and uWSGI, or nginx alone."""

UPSTREAM_WORKER = Privileges(
    user=None, root_because=_ROOT, writable_root_because=_WRITABLE, capabilities={"DAC_OVERRIDE": _HOME}
)
"""The same images where they run one program only: it stays root and listens nowhere."""
