from dataclasses import replace

import pytest
from cdktn import TerraformStack

from karst.gcp.cluster_firewall import ClusterFirewall, ClusterFirewallProps
from tests.synth.support import PROJECT, Document, only, resources, synth

ACCOUNT = f"daf-nodes@{PROJECT}.iam.gserviceaccount.com"
PROPS = ClusterFirewallProps(
    project=PROJECT, network="n", name="daf-blue", node_account=ACCOUNT, ports=frozenset({8080, 80})
)


def _rules(props: ClusterFirewallProps = PROPS) -> Document:
    def build(stack: TerraformStack) -> None:
        ClusterFirewall(stack, "firewall", props)

    return synth(build)


def test_the_load_balancer_reaches_the_ports_that_are_listened_on_and_no_other():
    rule = only(_rules(), "google_compute_firewall")
    assert rule["allow"] == [{"protocol": "tcp", "ports": ["80", "8080"]}]
    assert sorted(rule["source_ranges"]) == ["130.211.0.0/22", "35.191.0.0/16"]
    assert rule["target_service_accounts"] == [ACCOUNT]
    assert (rule["direction"], rule["network"]) == ("INGRESS", "n")
    assert rule["log_config"] == {"metadata": "INCLUDE_ALL_METADATA"}


def test_without_a_port_nothing_is_opened():
    assert "resource" not in _rules(replace(PROPS, ports=()))


def test_a_control_plane_outside_the_subnet_reaches_what_extends_it():
    rules = resources(_rules(replace(PROPS, control_plane="172.16.0.0/28")), "google_compute_firewall")
    assert set(rules) == {"firewall__allow_load_balancer", "firewall__allow_control_plane"}
    rule = rules["firewall__allow_control_plane"]
    assert rule["source_ranges"] == ["172.16.0.0/28"]
    assert rule["target_service_accounts"] == [ACCOUNT]
    assert rule["allow"] == [{"protocol": "tcp", "ports": ["6443", "8443", "9443"]}]


def test_a_number_that_is_no_port_is_refused():
    with pytest.raises(ValueError, match="no ports"):
        _rules(replace(PROPS, ports={0, 8080}))
