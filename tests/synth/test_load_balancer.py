"""What the edge promises."""

from __future__ import annotations

from dataclasses import replace

import pytest

from karst.gcp.load_balancer import LoadBalancer, LoadBalancerProps, RunBackend
from karst.gcp.routes import Route
from karst.gcp.security_policy import AttackSignatures, RateLimit, SecurityPolicy, SecurityPolicyProps
from tests.synth.support import Document, only, resources, synth

CERTIFICATES = "//certificatemanager.googleapis.com/projects/lab-project/locations/global/certificateMaps/lab-hosts"
PROPS = LoadBalancerProps(
    name="lab",
    project="lab-project",
    hosts=["lab.example.org"],
    certificate_map_path=CERTIFICATES,
    ipv4_address="203.0.113.5",
    ipv6_address="2001:db8::5",
    backends={
        "clio": RunBackend(service="lab-clio", region="us-east4"),
        "web": RunBackend(service="w", region="us-east4"),
    },
    routes=[
        Route(path="/clio/**", backend="clio", priority=20, timeout_s=900),
        Route(path="/clio", backend="web", priority=10),
    ],
    default_backend="web",
    rate_limit=RateLimit(requests=500, per_s=60),
)


def synth_edge(props: LoadBalancerProps = PROPS) -> Document:
    return synth(lambda stack: LoadBalancer(stack, "edge", props))


def test_https_by_both_address_families_on_the_certificate_map() -> None:
    document = synth_edge()
    rules = resources(document, "google_compute_global_forwarding_rule")
    served = {r["ip_address"]: r["load_balancing_scheme"] for r in rules.values() if r["port_range"] == "443"}
    assert served == {
        "203.0.113.5": "EXTERNAL_MANAGED",
        "2001:db8::5": "EXTERNAL_MANAGED",
    }
    assert only(document, "google_compute_target_https_proxy")["certificate_map"] == CERTIFICATES


def test_modern_tls_only() -> None:
    document = synth_edge()
    policy = only(document, "google_compute_ssl_policy")
    assert (policy["profile"], policy["min_tls_version"]) == ("MODERN", "TLS_1_2")
    link = "${google_compute_ssl_policy.edge__tls.self_link}"
    assert only(document, "google_compute_target_https_proxy")["ssl_policy"] == link


def test_plain_http_reaches_no_service() -> None:
    document = synth_edge()
    redirect = resources(document, "google_compute_url_map")["edge__redirect"]
    assert redirect["default_url_redirect"]["https_redirect"] is True
    assert not {"default_service", "path_matcher", "host_rule"} & redirect.keys()
    proxy = only(document, "google_compute_target_http_proxy")
    assert proxy["url_map"] == "${google_compute_url_map.edge__redirect.self_link}"


def test_the_plain_port_can_be_closed() -> None:
    document = synth_edge(replace(PROPS, redirects_http=False))
    assert resources(document, "google_compute_target_http_proxy") == {}
    ports = {r["port_range"] for r in resources(document, "google_compute_global_forwarding_rule").values()}
    assert ports == {"443"}


def test_every_back_end_is_logged_and_behind_the_policy() -> None:
    document = synth_edge()
    backends = resources(document, "google_compute_backend_service")
    assert len(backends) == 2
    for backend in backends.values():
        assert backend["security_policy"] == "${google_compute_security_policy.edge__security__policy.self_link}"
        assert backend["log_config"] == {"enable": True, "sample_rate": 1}
        assert backend["load_balancing_scheme"] == "EXTERNAL_MANAGED"
        assert "timeout_sec" not in backend
    group = resources(document, "google_compute_region_network_endpoint_group")["edge__group_clio"]
    assert group["network_endpoint_type"] == "SERVERLESS"
    assert group["cloud_run"] == {"service": "lab-clio"}


def test_routes_stand_in_order_with_their_timeouts() -> None:
    url_map = resources(synth_edge(), "google_compute_url_map")["edge__urls__map"]
    assert url_map["host_rule"] == [{"hosts": ["lab.example.org"], "path_matcher": "services"}]
    first, second = url_map["path_matcher"][0]["route_rules"]
    assert first["match_rules"] == [{"full_path_match": "/clio"}]
    assert second["match_rules"] == [{"path_template_match": "/clio/**"}]
    assert (first["priority"], second["priority"]) == (10, 20)
    assert second["service"] == "${google_compute_backend_service.edge__backend_clio.self_link}"
    assert second["route_action"] == {"timeout": {"seconds": "900"}}


def test_log4shell_is_refused_first_and_clients_are_limited_last() -> None:
    policy = only(synth_edge(), "google_compute_security_policy")
    rules = sorted(policy["rule"], key=lambda rule: rule["priority"])
    assert rules[0]["match"]["expr"]["expression"] == "evaluatePreconfiguredExpr('cve-canary')"
    assert (rules[0]["action"], rules[0]["preview"]) == ("deny(403)", False)
    assert rules[-2]["action"] == "throttle"
    assert rules[-2]["rate_limit_options"] == {
        "enforce_on_key": "IP",
        "conform_action": "allow",
        "exceed_action": "deny(429)",
        "rate_limit_threshold": {"count": 500, "interval_sec": 60},
    }
    assert (rules[-1]["action"], rules[-1]["priority"]) == ("allow", 2_147_483_647)
    previewed = [rule["description"] for rule in rules if rule.get("preview")]
    assert previewed == ["session fixation", "sql injection", "script injection", "local files", "remote code"]


def test_named_ranges_get_in_and_all_others_do_not() -> None:
    rules = only(synth_edge(replace(PROPS, allowed=("203.0.113.0/24",))), "google_compute_security_policy")["rule"]
    limited = next(rule for rule in rules if rule["action"] == "throttle")
    assert limited["match"]["config"]["src_ip_ranges"] == ["203.0.113.0/24"]
    assert (rules[-1]["action"], rules[-1]["match"]["config"]["src_ip_ranges"]) == ("deny(403)", ["*"])


@pytest.mark.parametrize(
    ("props", "message"),
    [
        (replace(PROPS, allowed=["10.0.0.0/8"] * 11), "allows 11 address ranges: at most 10 fit a rule"),
        (replace(PROPS, default_backend="x"), "default_backend 'x' is no back end; known: clio, web"),
        (replace(PROPS, hosts=[]), "load balancer 'lab' has no hosts: name at least one that the certificate covers"),
        (replace(PROPS, name="Lab"), "load balancer name 'Lab' must have 1-49 lower-case letters"),
        (replace(PROPS, backends={"Clio": PROPS.backends["clio"]}), "back end key 'Clio' must have 1-12 lower-case"),
        (replace(PROPS, routes=[PROPS.routes[0]] * 2), "is claimed twice, by 'clio' and by 'clio'"),
        (replace(PROPS, rate_limit=RateLimit(per_s=61)), "security policy 'lab-edge': per_s must be one of 10, 30, 60"),
        (replace(PROPS, rate_limit=RateLimit(requests=0)), "requests must be from 1 to 10000, not 0"),
    ],
)
def test_bad_edges(props: LoadBalancerProps, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        synth_edge(props)


@pytest.mark.parametrize(
    ("enforced", "message"),
    [
        ([AttackSignatures.SCANNERS], "'p' must enforce cve-canary: it stops log4shell"),
        (
            [AttackSignatures.KNOWN_VULNERABILITIES, AttackSignatures.SQL_INJECTION],
            "'p' both enforces and previews sqli-v33-stable: keep one",
        ),
    ],
)
def test_bad_policies(enforced: list[AttackSignatures], message: str) -> None:
    props = SecurityPolicyProps(name="p", project="lab-project", enforced=enforced)
    with pytest.raises(ValueError, match=message):
        synth(lambda stack: SecurityPolicy(stack, "security", props))
