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
)
from constructs import Construct

from karst.gcp.routes import Route, check_routes


@dataclass(frozen=True, kw_only=True)
class UrlMapProps:
    """Hosts, routes, and where the back ends they name are."""

    name: str
    project: str
    hosts: Sequence[str]
    routes: Sequence[Route]
    backend_links: Mapping[str, str]
    default_backend: str


class UrlMap(Construct):
    """Routes of one load balancer, in order of priority, the same for all of its hosts.

    Promises: what `check_routes` refuses never reaches the cloud.
    """

    self_link: str

    def __init__(self, scope: Construct, id: str, props: UrlMapProps) -> None:
        super().__init__(scope, id)
        check_routes(props.routes, props.backend_links)
        default = props.backend_links[props.default_backend]
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


def _rule(route: Route, backend_link: str) -> ComputeUrlMapPathMatcherRouteRules:
    return ComputeUrlMapPathMatcherRouteRules(
        priority=route.priority,
        service=backend_link,
        match_rules=[_match(route.path)],
        route_action=ComputeUrlMapPathMatcherRouteRulesRouteAction(
            timeout=ComputeUrlMapPathMatcherRouteRulesRouteActionTimeout(seconds=str(route.timeout_s))
        ),
    )


def _match(path: str) -> ComputeUrlMapPathMatcherRouteRulesMatchRules:
    # The load balancer refuses a template without a wildcard.
    if "*" in path:
        return ComputeUrlMapPathMatcherRouteRulesMatchRules(path_template_match=path)
    return ComputeUrlMapPathMatcherRouteRulesMatchRules(full_path_match=path)
