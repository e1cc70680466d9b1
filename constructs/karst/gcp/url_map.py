"""The load balancer's table of paths, written from a checked list of routes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cdktn_provider_google.compute_url_map import (
    ComputeUrlMap,
    ComputeUrlMapHostRule,
    ComputeUrlMapPathMatcher,
    ComputeUrlMapPathMatcherRouteRules,
    ComputeUrlMapPathMatcherRouteRulesMatchRules,
    ComputeUrlMapPathMatcherRouteRulesRouteAction,
    ComputeUrlMapPathMatcherRouteRulesRouteActionTimeout,
    ComputeUrlMapPathMatcherRouteRulesRouteActionWeightedBackendServices,
)
from constructs import Construct

from karst.gcp.routes import Route, check_routes, prefix_of


@dataclass(frozen=True, kw_only=True)
class WeightedLink:
    """A back end of the cloud and its share of the requests."""

    link: str
    weight: int = 100


@dataclass(frozen=True, kw_only=True)
class UrlMapProps:
    """Hosts, routes, and where the back ends they name are."""

    name: str
    project: str
    hosts: Sequence[str]
    routes: Sequence[Route]
    backend_links: Mapping[str, Sequence[WeightedLink]]
    """By the name that routes use. Of several, each gets requests by its weight."""
    default_backend: str
    """A back end with one link."""


class UrlMap(Construct):
    """Routes of one load balancer, in order of priority, the same for all of its hosts.

    Promises: what `check_routes` refuses never reaches the cloud.
    """

    self_link: str

    def __init__(self, scope: Construct, id: str, props: UrlMapProps) -> None:
        super().__init__(scope, id)
        check_routes(props.routes, props.backend_links)
        default = _default(props)
        url_map = ComputeUrlMap(
            self,
            "map",
            name=props.name,
            project=props.project,
            default_service=default,
            host_rule=[ComputeUrlMapHostRule(hosts=sorted(set(props.hosts)), path_matcher="services")],
            path_matcher=[
                ComputeUrlMapPathMatcher(
                    name="services",
                    default_service=default,
                    route_rules=[
                        _rule(route, props.backend_links[route.backend])
                        for route in sorted(props.routes, key=lambda route: route.priority)
                    ],
                )
            ],
        )
        self.self_link = url_map.self_link


def _default(props: UrlMapProps) -> str:
    links = props.backend_links[props.default_backend]
    if len(links) != 1:
        raise ValueError(f"default_backend {props.default_backend!r} has {len(links)} links: name a back end with one")
    return links[0].link


def _rule(route: Route, links: Sequence[WeightedLink]) -> ComputeUrlMapPathMatcherRouteRules:
    # No retry policy: by default only requests without a body are repeated, so no merge or split is.
    return ComputeUrlMapPathMatcherRouteRules(
        priority=route.priority,
        service=links[0].link if len(links) == 1 else None,
        match_rules=[_match(route.path)],
        route_action=ComputeUrlMapPathMatcherRouteRulesRouteAction(
            timeout=ComputeUrlMapPathMatcherRouteRulesRouteActionTimeout(seconds=str(route.timeout_s)),
            weighted_backend_services=[_weighted(link) for link in links] if len(links) > 1 else None,
        ),
    )


def _weighted(link: WeightedLink) -> ComputeUrlMapPathMatcherRouteRulesRouteActionWeightedBackendServices:
    return ComputeUrlMapPathMatcherRouteRulesRouteActionWeightedBackendServices(
        backend_service=link.link, weight=link.weight
    )


def _match(path: str) -> ComputeUrlMapPathMatcherRouteRulesMatchRules:
    # Templates are few, and one without a wildcard is refused; so what can be said otherwise is.
    prefix = prefix_of(path)
    if prefix is not None:
        return ComputeUrlMapPathMatcherRouteRulesMatchRules(prefix_match=prefix)
    if "*" in path:
        return ComputeUrlMapPathMatcherRouteRulesMatchRules(path_template_match=path)
    return ComputeUrlMapPathMatcherRouteRulesMatchRules(full_path_match=path)
