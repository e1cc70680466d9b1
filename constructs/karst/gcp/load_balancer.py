"""The one door of a deployment: takes HTTPS from the internet and hands each request to the service of its path."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cdktn_provider_google.compute_global_forwarding_rule import ComputeGlobalForwardingRule
from cdktn_provider_google.compute_ssl_policy import ComputeSslPolicy
from cdktn_provider_google.compute_target_http_proxy import ComputeTargetHttpProxy
from cdktn_provider_google.compute_target_https_proxy import ComputeTargetHttpsProxy
from cdktn_provider_google.compute_url_map import ComputeUrlMap, ComputeUrlMapDefaultUrlRedirect
from constructs import Construct

from karst.gcp.backends import ClusterBackend, RunBackend, Surroundings, check_backend, cluster_links, run_links
from karst.gcp.routes import Route, check_routes
from karst.gcp.security_policy import RateLimit, SecurityPolicy, SecurityPolicyProps
from karst.gcp.url_map import UrlMap, UrlMapProps, WeightedLink

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,47}[a-z0-9])?")
_BACKEND_KEY = re.compile(r"[a-z][a-z0-9-]{0,59}")


@dataclass(frozen=True, kw_only=True)
class LoadBalancerProps:
    """Names and addresses that other stacks declared, and what is reached through them."""

    name: str
    project: str
    hosts: Sequence[str]
    """Host names that the certificates of the map cover."""
    certificate_map_path: str
    """`//certificatemanager.googleapis.com/projects/P/locations/global/certificateMaps/M`."""
    ipv4_address: str
    """A reserved global address; a reference to one of the same stack also says that it comes first."""
    ipv6_address: str
    backends: Mapping[str, RunBackend | ClusterBackend]
    """By a stable name, at most 60 characters, that becomes part of resource names."""
    routes: Sequence[Route]
    default_backend: str
    """Answers what no route takes; a landing page, or a service whose 404 is fit to be seen. On Cloud Run, so that it
    answers whatever happens to a cluster."""
    redirects_http: bool = True
    """Whether plain HTTP is answered, with nothing but a redirect; if not, the port is closed."""
    rate_limit: RateLimit = field(default_factory=RateLimit)
    allowed: Sequence[str] = ()
    trusted: Sequence[str] = ()
    """Address ranges that get in; everybody where none is named."""


class LoadBalancer(Construct):
    """A global external Application Load Balancer, by IPv4 and IPv6.

    Promises: TLS 1.2 or later with modern ciphers only; no service is reached by plain HTTP; every back end is behind
    one Cloud Armor policy and logs its requests; a route table that cannot work as written is refused.
    """

    url_map_name: str

    def __init__(self, scope: Construct, id: str, props: LoadBalancerProps) -> None:
        super().__init__(scope, id)
        _check(props)
        policy = SecurityPolicy(
            self,
            "security",
            SecurityPolicyProps(
                name=f"{props.name}-edge",
                project=props.project,
                rate_limit=props.rate_limit,
                allowed=props.allowed,
                trusted=props.trusted,
            ),
        )
        surroundings = Surroundings(name=props.name, project=props.project, security_policy=policy.self_link)
        links = {key: self._links(key, backend, surroundings) for key, backend in sorted(props.backends.items())}
        url_map = UrlMap(
            self,
            "urls",
            UrlMapProps(
                name=props.name,
                project=props.project,
                hosts=props.hosts,
                routes=props.routes,
                backend_links=links,
                default_backend=props.default_backend,
            ),
        )
        self.url_map_name = props.name
        self._serve_https(props, url_map.self_link)
        if props.redirects_http:
            self._redirect_http(props)

    def _links(
        self, key: str, backend: RunBackend | ClusterBackend, surroundings: Surroundings
    ) -> tuple[WeightedLink, ...]:
        if isinstance(backend, RunBackend):
            return run_links(self, key, backend, surroundings)
        return cluster_links(self, key, backend, surroundings)

    def _serve_https(self, props: LoadBalancerProps, url_map: str) -> None:
        ssl_policy = ComputeSslPolicy(
            self,
            "tls",
            name=f"{props.name}-tls",
            project=props.project,
            profile="MODERN",
            min_tls_version="TLS_1_2",
        )
        proxy = ComputeTargetHttpsProxy(
            self,
            "https",
            name=f"{props.name}-https",
            project=props.project,
            url_map=url_map,
            ssl_policy=ssl_policy.self_link,
            certificate_map=props.certificate_map_path,
        )
        self._forward("https", proxy.self_link, 443, props)

    def _redirect_http(self, props: LoadBalancerProps) -> None:
        redirect = ComputeUrlMap(
            self,
            "redirect",
            name=f"{props.name}-redirect",
            project=props.project,
            default_url_redirect=ComputeUrlMapDefaultUrlRedirect(
                https_redirect=True, strip_query=False, redirect_response_code="MOVED_PERMANENTLY_DEFAULT"
            ),
        )
        proxy = ComputeTargetHttpProxy(
            self, "http", name=f"{props.name}-http", project=props.project, url_map=redirect.self_link
        )
        self._forward("http", proxy.self_link, 80, props)

    def _forward(self, protocol: str, target: str, port: int, props: LoadBalancerProps) -> None:
        for version, address in (("v4", props.ipv4_address), ("v6", props.ipv6_address)):
            ComputeGlobalForwardingRule(
                self,
                f"{protocol}-{version}",
                name=f"{props.name}-{protocol}-{version}",
                project=props.project,
                target=target,
                ip_address=address,
                ip_protocol="TCP",
                port_range=str(port),
                load_balancing_scheme="EXTERNAL_MANAGED",
            )


def _check(props: LoadBalancerProps) -> None:
    if not _NAME.fullmatch(props.name):
        raise ValueError(
            f"load balancer name {props.name!r} must have 1-49 lower-case letters, digits and hyphens, begin with a "
            "letter and not end with a hyphen"
        )
    for key, backend in sorted(props.backends.items()):
        if not _BACKEND_KEY.fullmatch(key):
            raise ValueError(
                f"back end key {key!r} must have 1-60 lower-case letters, digits and hyphens and begin with a letter"
            )
        check_backend(key, backend)
    on_run = sorted(key for key, backend in props.backends.items() if isinstance(backend, RunBackend))
    if props.default_backend not in on_run:
        raise ValueError(
            f"default_backend {props.default_backend!r} is no back end on Cloud Run; known: {', '.join(on_run)}"
        )
    if not props.hosts:
        raise ValueError(f"load balancer {props.name!r} has no hosts: name at least one that the certificate covers")
    check_routes(props.routes, props.backends)
