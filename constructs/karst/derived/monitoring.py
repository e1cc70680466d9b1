"""Which pods the cluster asks for their metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from karst.config.service_runtime import ScalingSignal
from karst.config.types import GenerationState
from karst.derived.processes import RunningProcess

METRICS_PATH = "/metrics"
COLLECTORS_NAMESPACE = "gmp-system"
"""Where the collectors of Managed Prometheus run; network policies let them in by this name."""
_INTERVAL_S = 30


@dataclass(frozen=True, kw_only=True)
class Monitoring:
    """Pods whose metrics are collected; metrics carry `name` as their job."""

    name: str
    match_labels: Mapping[str, str]
    port: int
    path: str = METRICS_PATH
    interval_s: int = _INTERVAL_S


def monitoring(process: RunningProcess, match_labels: Mapping[str, str], state: GenerationState) -> Monitoring | None:
    """The monitoring that the scaler of a process needs: requests in flight are counted by the pods themselves.

    None for processes that scale by anything else.
    """
    port = process.process.port
    if port is None or process.scaling.signal is not ScalingSignal.REQUESTS or not process.is_awake(state):
        return None
    return Monitoring(name=process.name, match_labels=match_labels, port=port)
