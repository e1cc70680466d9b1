"""What stands behind a load balancer: Cloud Run services, and processes in the generations of a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cdktn import TerraformResourceLifecycle
from cdktn_provider_google.compute_backend_service import (
    ComputeBackendService,
    ComputeBackendServiceBackend,
    ComputeBackendServiceLogConfig,
)
from cdktn_provider_google.compute_health_check import ComputeHealthCheck, ComputeHealthCheckHttpHealthCheck
from cdktn_provider_google.compute_region_network_endpoint_group import (
    ComputeRegionNetworkEndpointGroup,
    ComputeRegionNetworkEndpointGroupCloudRun,
)
from constructs import Construct

from karst.gcp.url_map import WeightedLink
from karst.name_forms import shorten

_LONGEST_NAME = 63
_LONGEST_DRAIN_S = 3600
_REQUESTS_PER_ENDPOINT = 100
"""Requests a second beyond which another zone is asked first; none is refused, and zones fill evenly below it."""
_CHECK_EVERY_S = 10
_CHECK_TIMEOUT_S = 5


@dataclass(frozen=True, kw_only=True)
class RunBackend:
    """A Cloud Run service behind the load balancer. Its own request timeout counts, beside that of the route."""

    service: str
    region: str
    log_sample_rate: float = 1.0
    """Share of requests that are logged, 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class ClusterBackend:
    """A process that runs in one or more generations of a cluster, each with endpoint groups of its own.

    Kubernetes makes the groups, one of the same name in each zone of the nodes, so they are named, not declared.
    """

    groups: Mapping[str, str]
    """Name of the endpoint group by generation."""
    weights: Mapping[str, int]
    """Share of the requests by generation; none where one is missing."""
    zones: Sequence[str]
    health_path: str
    """Answers 200 without credentials while the replica takes requests; asked on the port that serves."""
    timeout_s: int
    """Until the last byte of the answer. A WebSocket is cut then, however busy it is."""
    drain_s: int
    """How long a replica that goes may finish what it holds; at most an hour is kept."""
    is_sticky: bool = False
    """Whether a client stays with one replica, by a cookie, as long as that lives."""
    log_sample_rate: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What all back ends of one load balancer share."""

    name: str
    """Of the load balancer; names of its parts begin with it."""
    project: str
    security_policy: str


def run_links(scope: Construct, key: str, backend: RunBackend, surroundings: Surroundings) -> tuple[WeightedLink, ...]:
    """Declare a Cloud Run service as back end."""
    name = shorten(f"{surroundings.name}-{key}", _LONGEST_NAME)
    group = ComputeRegionNetworkEndpointGroup(
        scope,
        f"group-{key}",
        name=name,
        project=surroundings.project,
        region=backend.region,
        network_endpoint_type="SERVERLESS",
        cloud_run=ComputeRegionNetworkEndpointGroupCloudRun(service=backend.service),
    )
    # No timeout and no health check: serverless groups take neither, so timeouts stand in the routes.
    service = ComputeBackendService(
        scope,
        f"backend-{key}",
        name=name,
        project=surroundings.project,
        load_balancing_scheme="EXTERNAL_MANAGED",
        protocol="HTTPS",
        security_policy=surroundings.security_policy,
        backend=[ComputeBackendServiceBackend(group=group.self_link)],
        log_config=_log(backend.log_sample_rate),
        lifecycle=_goes_last(),
    )
    return (WeightedLink(link=service.self_link),)


def cluster_links(
    scope: Construct, key: str, backend: ClusterBackend, surroundings: Surroundings
) -> tuple[WeightedLink, ...]:
    """Declare one back end for each generation of a process; weights are no part of them, so shifting is one update."""
    check = ComputeHealthCheck(
        scope,
        f"health-{key}",
        name=shorten(f"{surroundings.name}-{key}", _LONGEST_NAME),
        project=surroundings.project,
        check_interval_sec=_CHECK_EVERY_S,
        timeout_sec=_CHECK_TIMEOUT_S,
        healthy_threshold=1,
        unhealthy_threshold=3,
        http_health_check=ComputeHealthCheckHttpHealthCheck(
            port_specification="USE_SERVING_PORT", request_path=backend.health_path
        ),
    )
    return tuple(
        WeightedLink(
            link=_generation(scope, key, generation, backend, surroundings, check.self_link),
            weight=backend.weights.get(generation, 0),
        )
        for generation in sorted(backend.groups)
    )


def _generation(
    scope: Construct, key: str, generation: str, backend: ClusterBackend, surroundings: Surroundings, check: str
) -> str:
    return ComputeBackendService(
        scope,
        f"backend-{generation}-{key}",
        name=shorten(f"{surroundings.name}-{generation}-{key}", _LONGEST_NAME),
        project=surroundings.project,
        load_balancing_scheme="EXTERNAL_MANAGED",
        protocol="HTTP",
        security_policy=surroundings.security_policy,
        health_checks=[check],
        timeout_sec=backend.timeout_s,
        connection_draining_timeout_sec=min(backend.drain_s, _LONGEST_DRAIN_S),
        # A busy replica gets nothing new while another is idle; a cookie needs replicas that keep their places.
        locality_lb_policy="MAGLEV" if backend.is_sticky else "LEAST_REQUEST",
        session_affinity="GENERATED_COOKIE" if backend.is_sticky else "NONE",
        backend=[
            ComputeBackendServiceBackend(
                group=_group_link(surroundings.project, zone, backend.groups[generation]),
                balancing_mode="RATE",
                max_rate_per_endpoint=_REQUESTS_PER_ENDPOINT,
            )
            for zone in sorted(backend.zones)
        ],
        log_config=_log(backend.log_sample_rate),
        lifecycle=_goes_last(),
    ).self_link


def _goes_last() -> TerraformResourceLifecycle:
    # A back end that the URL map still names can't be deleted; without this it would go before the map lets go of it.
    return TerraformResourceLifecycle(create_before_destroy=True)


def _group_link(project: str, zone: str, name: str) -> str:
    # Unlike elsewhere, the API takes no shorter form of it here.
    return f"https://www.googleapis.com/compute/v1/projects/{project}/zones/{zone}/networkEndpointGroups/{name}"


def _log(sample_rate: float) -> ComputeBackendServiceLogConfig:
    return ComputeBackendServiceLogConfig(enable=True, sample_rate=sample_rate)


def check_backend(key: str, backend: RunBackend | ClusterBackend) -> None:
    """Refuse what the load balancer would refuse only when it is deployed."""
    if not 0 <= backend.log_sample_rate <= 1:
        raise ValueError(f"back end {key!r}: log_sample_rate must be from 0 to 1, not {backend.log_sample_rate}")
    if isinstance(backend, RunBackend):
        return
    if not backend.groups or not backend.zones:
        raise ValueError(f"back end {key!r} has no endpoint group: name at least one generation and one zone")
    unknown = sorted(backend.weights.keys() - backend.groups.keys())
    if unknown:
        raise ValueError(f"back end {key!r}: the generation {unknown[0]!r} has a weight, but no endpoint group")
    if not any(backend.weights.values()):
        raise ValueError(f"back end {key!r}: no generation has a weight, so nobody would answer")
    if not backend.health_path.startswith("/"):
        raise ValueError(f"back end {key!r}: the health path {backend.health_path!r} must begin with '/'")
