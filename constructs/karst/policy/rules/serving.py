"""Services are reached by the load balancer alone, as themselves, over TLS that is not old."""

from __future__ import annotations

from collections.abc import Iterator

from karst.policy.model import Resource, Rule, Stack, as_mapping, as_objects, dig, on_each

_RUN = ("google_cloud_run_v2_service",)
_DEFAULT_ACCOUNT = "-compute@developer.gserviceaccount.com"


def _is_behind_balancer(resource: Resource) -> Iterator[str]:
    if resource.text("ingress") != "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER":
        yield "is reached past the load balancer: set ingress to INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
    if not resource.is_true("default_uri_disabled"):
        yield "has an address of Google's beside the deployment's: set default_uri_disabled"


def _own_accounts(stack: Stack) -> Iterator[tuple[str, str]]:
    owners: dict[str, str] = {}
    for resource in stack.resources(*_RUN):
        account = resource.text("template", "service_account")
        if not account or account.endswith(_DEFAULT_ACCOUNT):
            yield resource.address, "runs as the project's default account: give it one of its own"
        elif owners.setdefault(account, resource.address) != resource.address:
            yield resource.address, f"shares its account with {owners[account]}: give it one of its own"


def _has_split_probes(resource: Resource) -> Iterator[str]:
    for container in as_objects(as_mapping(resource.body.get("template")).get("containers")):
        ready = dig(as_mapping(container.get("startup_probe")), "http_get", "path")
        live = dig(as_mapping(container.get("liveness_probe")), "http_get", "path")
        if not ready or not live or ready == live:
            yield "cannot tell busy from broken: give startup and liveness probes different paths"
        if not dig(as_mapping(container.get("resources")), "limits", "memory"):
            yield "may take all memory: set limits"


def _modern_tls(resource: Resource) -> Iterator[str]:
    if resource.text("min_tls_version") != "TLS_1_2" or resource.text("profile") not in {"MODERN", "RESTRICTED"}:
        yield "takes old TLS: set min_tls_version to TLS_1_2 and the profile to MODERN or RESTRICTED"


RULES = (
    Rule(
        id="KARST_RUN_1",
        reason="Attacks that the security policy stops come in by every other door.",
        judge=on_each(_RUN, _is_behind_balancer),
    ),
    Rule(id="KARST_RUN_2", reason="A shared account joins what its users may do.", judge=_own_accounts),
    Rule(
        id="KARST_RUN_3",
        reason="A busy instance that is restarted makes the others busier.",
        judge=on_each(_RUN, _has_split_probes),
    ),
    Rule(
        id="KARST_TLS_1",
        reason="Tokens pass through every connection.",
        judge=on_each(("google_compute_ssl_policy",), _modern_tls),
    ),
)
