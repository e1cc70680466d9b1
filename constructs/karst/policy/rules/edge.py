"""What comes in from the internet is refused, limited, logged and answered in time, or it does not come in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from karst.policy.model import Json, Resource, Rule, Stack, as_mapping, as_objects, dig, on_each

_BACKEND = "google_compute_backend_service"
_URL_MAP = "google_compute_url_map"
_REFERENCE = re.compile(r"\$\{([a-z_]+)\.([A-Za-z0-9_-]+)\.[a-z_]+\}")
_BALANCED = ("LEAST_REQUEST", "MAGLEV")


def _is_guarded(resource: Resource) -> Iterator[str]:
    if not resource.text("security_policy"):
        yield "is behind no Cloud Armor policy: set security_policy"
    if not resource.is_true("log_config", "enable"):
        yield "logs no requests: set log_config with enable"


def _limits_clients(resource: Resource) -> Iterator[str]:
    rules = as_objects(resource.body.get("rule"))
    if not any(rule.get("action") in ("throttle", "rate_based_ban") and not rule.get("preview") for rule in rules):
        yield "lets one client ask as often as it likes: add a rule that throttles"


def _no_plain_http(stack: Stack) -> Iterator[tuple[str, str]]:
    maps = {resource.name: resource for resource in stack.resources(_URL_MAP)}
    for proxy in stack.resources("google_compute_target_http_proxy"):
        found = _REFERENCE.fullmatch(proxy.text("url_map"))
        target = maps.get(found[2]) if found else None
        if target is None or not _only_redirects(target):
            yield proxy.address, "answers plain HTTP: let its URL map do nothing but redirect to HTTPS"


def _only_redirects(url_map: Resource) -> bool:
    serves = {"default_service", "path_matcher", "default_route_action"} & url_map.body.keys()
    return url_map.is_true("default_url_redirect", "https_redirect") and not serves


def _timeouts_in_order(stack: Stack) -> Iterator[tuple[str, str]]:
    """Draining < back end <= route. Services hold their handlers below their drain, and deployments the edge above."""
    backends = {resource.name: resource for resource in stack.resources(_BACKEND)}
    for backend in backends.values():
        for message in _outlives_drain(backend):
            yield backend.address, message
    for url_map in stack.resources(_URL_MAP):
        for matcher in as_objects(url_map.body.get("path_matcher")):
            for rule in as_objects(matcher.get("route_rules")):
                for message in _outlives_backends(rule, backends):
                    yield url_map.address, message


def _outlives_drain(backend: Resource) -> Iterator[str]:
    # Serverless back ends take neither value.
    if not backend.body.get("health_checks"):
        return
    timeout_s = _number(backend.body.get("timeout_sec"))
    drain_s = _number(backend.body.get("connection_draining_timeout_sec"))
    if timeout_s is None or drain_s is None:
        yield "cuts requests after the cloud's own 30 seconds: set timeout_sec and connection_draining_timeout_sec"
    elif not drain_s < timeout_s:
        yield f"waits {timeout_s} s for an answer that may come after {drain_s} s: let timeout_sec be longer"


def _outlives_backends(rule: Json, backends: Mapping[str, Resource]) -> Iterator[str]:
    action = as_mapping(rule.get("route_action"))
    timeout_s = _number(dig(action, "timeout", "seconds"))
    if timeout_s is None:
        yield f"the route of priority {rule.get('priority')} has no timeout: set it to that of its back ends"
        return
    links = [rule.get("service"), *(each.get("backend_service") for each in _weighted(action))]
    for link in links:
        found = _REFERENCE.fullmatch(link) if isinstance(link, str) else None
        backend = backends.get(found[2]) if found else None
        longest_s = _number(backend.body.get("timeout_sec")) if backend else None
        if longest_s is not None and timeout_s < longest_s:
            yield f"the route of priority {rule.get('priority')} ends after {timeout_s} s, its back end {longest_s} s"


def _spreads_load(stack: Stack) -> Iterator[tuple[str, str]]:
    for backend in stack.resources(_BACKEND):
        groups = as_objects(backend.body.get("backend"))
        if not any("/networkEndpointGroups/" in str(group.get("group")) for group in groups):
            continue
        if not backend.body.get("health_checks"):
            yield backend.address, "sends requests to replicas that can't answer: set health_checks"
        if backend.text("locality_lb_policy") not in _BALANCED:
            yield backend.address, "sends requests to busy replicas: set locality_lb_policy to LEAST_REQUEST"


def _weighted(action: Json) -> list[Json]:
    return as_objects(action.get("weighted_backend_services"))


def _number(value: object) -> int | None:
    return int(value) if isinstance(value, int | str) and str(value).isdigit() else None


RULES = (
    Rule(
        id="KARST_EDGE_1",
        reason="One door without a guard is the door that is used.",
        judge=on_each((_BACKEND,), _is_guarded),
    ),
    Rule(id="KARST_EDGE_2", reason="A token sent in the clear is known to all who listen.", judge=_no_plain_http),
    Rule(
        id="KARST_EDGE_3",
        reason="Who stops waiting first must be the one who knows why; else work goes on for nobody.",
        judge=_timeouts_in_order,
    ),
    Rule(id="KARST_EDGE_4", reason="One slow replica makes everybody wait while others idle.", judge=_spreads_load),
    Rule(
        id="KARST_EDGE_5",
        reason="A loop in one notebook takes the platform from everybody else.",
        judge=on_each(("google_compute_security_policy",), _limits_clients),
    ),
)
