"""What the edge promises."""

from __future__ import annotations

from dataclasses import replace

import pytest

from karst.gcp.backends import ClusterBackend, RunBackend
from karst.gcp.load_balancer import LoadBalancer, LoadBalancerProps
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
INFO = ClusterBackend(
    groups={"blue": "lab-blue-info", "green": "lab-green-info"},
    weights={"blue": 90, "green": 10},
    zones=["us-east4-b", "us-east4-a"],
    health_path="/health/ready",
    timeout_s=600,
    drain_s=590,
    log_sample_rate=0.5,
)
WITH_CLUSTER = replace(
    PROPS,
    backends={"info": INFO, "web": PROPS.backends["web"]},
    routes=[Route(path="/info/**", backend="info", priority=10, timeout_s=600)],
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
    assert second["match_rules"] == [{"prefix_match": "/clio/"}]
    assert (first["priority"], second["priority"]) == (10, 20)
    assert second["service"] == "${google_compute_backend_service.edge__backend_clio.self_link}"
    assert second["route_action"] == {"timeout": {"seconds": "900"}}


def backend_services(props: LoadBalancerProps = WITH_CLUSTER) -> Document:
    found = resources(synth_edge(props), "google_compute_backend_service")
    return {body["name"]: body for body in found.values()}


def test_each_generation_of_a_process_is_a_back_end_with_a_group_in_each_zone() -> None:
    services = backend_services()
    assert services.keys() == {"lab-blue-info", "lab-green-info", "lab-web"}
    zones = "https://www.googleapis.com/compute/v1/projects/lab-project/zones"
    assert services["lab-green-info"]["backend"] == [
        {
            "group": f"{zones}/{zone}/networkEndpointGroups/lab-green-info",
            "balancing_mode": "RATE",
            "max_rate_per_endpoint": 100,
        }
        for zone in ("us-east4-a", "us-east4-b")
    ]


def test_requests_to_a_cluster_may_end_and_go_where_least_is_done() -> None:
    blue = backend_services()["lab-blue-info"]
    assert (blue["timeout_sec"], blue["connection_draining_timeout_sec"]) == (600, 590)
    assert (blue["locality_lb_policy"], blue["session_affinity"]) == ("LEAST_REQUEST", "NONE")
    assert blue["security_policy"] == "${google_compute_security_policy.edge__security__policy.self_link}"
    assert blue["log_config"] == {"enable": True, "sample_rate": 0.5}


def test_the_api_drains_for_an_hour_at_the_most() -> None:
    slow = replace(WITH_CLUSTER, backends={**WITH_CLUSTER.backends, "info": replace(INFO, drain_s=7200)})
    assert backend_services(slow)["lab-blue-info"]["connection_draining_timeout_sec"] == 3600


def test_a_sticky_back_end_keeps_a_client_at_one_replica() -> None:
    sticky = replace(WITH_CLUSTER, backends={**WITH_CLUSTER.backends, "info": replace(INFO, is_sticky=True)})
    blue = backend_services(sticky)["lab-blue-info"]
    assert (blue["locality_lb_policy"], blue["session_affinity"]) == ("MAGLEV", "GENERATED_COOKIE")


def test_replicas_are_asked_how_they_are_on_the_port_that_serves() -> None:
    document = synth_edge(WITH_CLUSTER)
    check = only(document, "google_compute_health_check")
    assert check["http_health_check"] == {"port_specification": "USE_SERVING_PORT", "request_path": "/health/ready"}
    assert check["check_interval_sec"] > check["timeout_sec"]
    links = [
        body["health_checks"]
        for body in resources(document, "google_compute_backend_service").values()
        if "health_checks" in body
    ]
    assert links == [["${google_compute_health_check.edge__health_info.self_link}"]] * 2


def test_requests_are_divided_by_weight_where_there_are_generations_to_choose_from() -> None:
    (rule,) = resources(synth_edge(WITH_CLUSTER), "google_compute_url_map")["edge__urls__map"]["path_matcher"][0][
        "route_rules"
    ]
    assert "service" not in rule
    assert rule["route_action"]["weighted_backend_services"] == [
        {
            "backend_service": f"${{google_compute_backend_service.edge__backend_{name}_info.self_link}}",
            "weight": weight,
        }
        for name, weight in (("blue", 90), ("green", 10))
    ]


def test_one_generation_needs_no_weights() -> None:
    info = replace(INFO, groups={"blue": "lab-blue-info"}, weights={"blue": 100})
    document = synth_edge(replace(WITH_CLUSTER, backends={**WITH_CLUSTER.backends, "info": info}))
    (rule,) = resources(document, "google_compute_url_map")["edge__urls__map"]["path_matcher"][0]["route_rules"]
    assert rule["service"] == "${google_compute_backend_service.edge__backend_blue_info.self_link}"
    assert rule["route_action"] == {"timeout": {"seconds": "600"}}


def test_nothing_is_repeated_but_what_the_load_balancer_repeats_by_itself() -> None:
    assert "retry_policy" not in str(synth_edge(WITH_CLUSTER))


@pytest.mark.parametrize(
    ("backend", "message"),
    [
        (replace(INFO, groups={}, weights={}), "'info' has no endpoint group: name at least one generation"),
        (replace(INFO, zones=[]), "'info' has no endpoint group: name at least one generation and one zone"),
        (replace(INFO, weights={"red": 100}), "the generation 'red' has a weight, but no endpoint group"),
        (replace(INFO, weights={"blue": 0}), "'info': no generation has a weight, so nobody would answer"),
        (replace(INFO, health_path="ready"), "'info': the health path 'ready' must begin with '/'"),
        (replace(INFO, log_sample_rate=2), "'info': log_sample_rate must be from 0 to 1, not 2"),
    ],
)
def test_bad_back_ends_of_a_cluster(backend: ClusterBackend, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        synth_edge(replace(WITH_CLUSTER, backends={**WITH_CLUSTER.backends, "info": backend}))


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


def test_our_own_pods_get_in_and_never_wait_unless_they_attack() -> None:
    props = replace(PROPS, allowed=("203.0.113.0/24",), trusted=("198.51.100.7/32",))
    rules = sorted(only(synth_edge(props), "google_compute_security_policy")["rule"], key=lambda rule: rule["priority"])
    (place,) = [
        place
        for place, rule in enumerate(rules)
        if rule["match"].get("config") == {"src_ip_ranges": ["198.51.100.7/32"]}
    ]
    assert rules[place]["action"] == "allow"
    assert rules[place + 1]["action"] == "throttle"
    assert {rule["action"] for rule in rules[:place]} == {"deny(403)"}
    assert all("expr" in rule["match"] for rule in rules[:place])


@pytest.mark.parametrize(
    ("props", "message"),
    [
        (replace(PROPS, trusted=["::/0"]), "security policy 'lab-edge' trusts everybody"),
        (replace(PROPS, trusted=["10.0.0.0/8"] * 11), "trusts 11 address ranges: at most 10 fit a rule"),
        (replace(PROPS, allowed=["10.0.0.0/8"] * 11), "allows 11 address ranges: at most 10 fit a rule"),
        (replace(PROPS, default_backend="x"), "default_backend 'x' is no back end on Cloud Run; known: clio, web"),
        (replace(WITH_CLUSTER, default_backend="info"), "'info' is no back end on Cloud Run; known: web"),
        (replace(PROPS, hosts=[]), "load balancer 'lab' has no hosts: name at least one that the certificate covers"),
        (replace(PROPS, name="Lab"), "load balancer name 'Lab' must have 1-49 lower-case letters"),
        (replace(PROPS, backends={"Clio": PROPS.backends["clio"]}), "back end key 'Clio' must have 1-60 lower-case"),
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
