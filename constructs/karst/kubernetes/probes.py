"""How Kubernetes learns how a server is: started, alive, ready. Three questions with three consequences."""

from __future__ import annotations

from dataclasses import dataclass

from cdktn_provider_kubernetes.deployment_v1 import (
    DeploymentV1SpecTemplateSpecContainerLivenessProbe,
    DeploymentV1SpecTemplateSpecContainerLivenessProbeHttpGet,
    DeploymentV1SpecTemplateSpecContainerReadinessProbe,
    DeploymentV1SpecTemplateSpecContainerReadinessProbeHttpGet,
    DeploymentV1SpecTemplateSpecContainerStartupProbe,
    DeploymentV1SpecTemplateSpecContainerStartupProbeHttpGet,
)

_STARTUP_PERIOD_S = 5
_READY_PERIOD_S = 10
_LIVE_PERIOD_S = 20


@dataclass(frozen=True, kw_only=True)
class Probes:
    """Paths that answer GET without credentials.

    Not ready for 20 seconds takes a replica out of rotation. Not alive for `live_patience_s` restarts it; that is long,
    since a busy replica that is restarted leaves its work to the others, which are as busy.
    """

    live: str
    ready: str
    startup: str | None = None
    """Asked first, until it answers once; by default `live`."""
    startup_s: int = 300
    """A replica that has not started by then is restarted."""
    live_patience_s: int = 120
    """Where one path is all that an image answers, give it more: it also fails when the replica is merely busy."""

    def __post_init__(self) -> None:
        for what, path in (("live", self.live), ("ready", self.ready), ("startup", self.startup or "/")):
            if not path.startswith("/"):
                raise ValueError(f"the path {what} {path!r} does not begin with '/'. Write it as in /health/{what}")
        if self.live_patience_s < 3 * _LIVE_PERIOD_S:
            raise ValueError(f"live_patience_s {self.live_patience_s} restarts busy replicas. Write 60 or more")
        if self.startup_s < _STARTUP_PERIOD_S:
            raise ValueError(f"startup_s {self.startup_s} ends before the first question. Write 5 or more")

    def startup_probe(self, port: int) -> DeploymentV1SpecTemplateSpecContainerStartupProbe:
        """Whether it has started; nothing else is asked before."""
        return DeploymentV1SpecTemplateSpecContainerStartupProbe(
            http_get=DeploymentV1SpecTemplateSpecContainerStartupProbeHttpGet(
                path=self.startup or self.live, port=str(port)
            ),
            period_seconds=_STARTUP_PERIOD_S,
            timeout_seconds=4,
            failure_threshold=-(-self.startup_s // _STARTUP_PERIOD_S),
        )

    def liveness_probe(self, port: int) -> DeploymentV1SpecTemplateSpecContainerLivenessProbe:
        """Whether it works at all."""
        return DeploymentV1SpecTemplateSpecContainerLivenessProbe(
            http_get=DeploymentV1SpecTemplateSpecContainerLivenessProbeHttpGet(path=self.live, port=str(port)),
            period_seconds=_LIVE_PERIOD_S,
            timeout_seconds=10,
            failure_threshold=-(-self.live_patience_s // _LIVE_PERIOD_S),
        )

    def readiness_probe(self, port: int) -> DeploymentV1SpecTemplateSpecContainerReadinessProbe:
        """Whether it can take requests now."""
        return DeploymentV1SpecTemplateSpecContainerReadinessProbe(
            http_get=DeploymentV1SpecTemplateSpecContainerReadinessProbeHttpGet(path=self.ready, port=str(port)),
            period_seconds=_READY_PERIOD_S,
            timeout_seconds=5,
            failure_threshold=2,
        )
