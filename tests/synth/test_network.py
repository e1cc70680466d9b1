from dataclasses import replace

from cdktn import TerraformStack

from karst.config.types import Manage
from karst.gcp.network import Network, NetworkProps, SecondaryRange
from karst.gcp.project_services import CAVE_AND_CLIO, ProjectServices, ProjectServicesProps
from tests.synth.support import PROJECT, REGION, Document, only, resources, synth

PROPS = NetworkProps(
    project=PROJECT,
    region=REGION,
    name="daf-network",
    subnet_name="daf-network-sub",
    nodes_cidr="10.142.0.0/20",
    pods=SecondaryRange(name="pods", cidr="10.160.0.0/14"),
    services=SecondaryRange(name="services", cidr="10.143.0.0/18"),
    private_services=SecondaryRange(name="daf-private", cidr="10.144.0.0/16"),
)


def _network(props: NetworkProps = PROPS) -> Document:
    def build(stack: TerraformStack) -> None:
        Network(stack, "network", props)

    return synth(build)


def test_no_address_range_is_chosen_by_google():
    document = _network()
    assert only(document, "google_compute_network")["auto_create_subnetworks"] is False
    subnet = only(document, "google_compute_subnetwork")
    assert subnet["ip_cidr_range"] == "10.142.0.0/20"
    assert subnet["secondary_ip_range"] == [
        {"range_name": "pods", "ip_cidr_range": "10.160.0.0/14"},
        {"range_name": "services", "ip_cidr_range": "10.143.0.0/18"},
    ]
    allocation = only(document, "google_compute_global_address")
    assert (allocation["address"], allocation["prefix_length"]) == ("10.144.0.0", 16)
    assert (allocation["purpose"], allocation["address_type"]) == ("VPC_PEERING", "INTERNAL")


def test_google_is_reached_without_leaving_google_and_connections_are_recorded():
    subnet = only(_network(), "google_compute_subnetwork")
    assert subnet["private_ip_google_access"] is True
    assert subnet["log_config"]["metadata"] == "INCLUDE_ALL_METADATA"


def test_flow_logs_end_only_for_a_reason():
    subnet = only(_network(replace(PROPS, without_flow_logs_because="costs of ingest")), "google_compute_subnetwork")
    assert "log_config" not in subnet


def test_whatever_no_rule_allows_is_denied_and_logged():
    rules = resources(_network(), "google_compute_firewall")
    denial = rules["network__deny_ingress"]
    assert denial["deny"] == [{"protocol": "all"}]
    assert (denial["source_ranges"], denial["priority"]) == (["0.0.0.0/0"], 65534)
    assert all("log_config" in rule for rule in rules.values())


def test_nothing_is_let_in():
    rules = resources(_network(), "google_compute_firewall")
    assert [name for name, rule in rules.items() if "allow" in rule] == []


def test_machines_without_addresses_get_out_through_nat():
    document = _network()
    nat = only(document, "google_compute_router_nat")
    assert nat["source_subnetwork_ip_ranges_to_nat"] == "ALL_SUBNETWORKS_ALL_IP_RANGES"
    assert nat["nat_ip_allocate_option"] == "AUTO_ONLY"
    assert nat["router"] == "${google_compute_router.network__router.name}"
    assert only(document, "google_compute_router")["network"] == "${google_compute_network.network__vpc.id}"


def test_reserved_addresses_are_the_only_ones_that_others_see():
    document = _network(replace(PROPS, nat_addresses=("lab-nat-b", "lab-nat-a")))
    nat = only(document, "google_compute_router_nat")
    assert nat["nat_ip_allocate_option"] == "MANUAL_ONLY"
    assert nat["nat_ips"] == [
        f"${{google_compute_address.network__nat_lab_nat_{which}.self_link}}" for which in ("a", "b")
    ]
    addresses = resources(document, "google_compute_address")
    assert {one["name"] for one in addresses.values()} == {"lab-nat-a", "lab-nat-b"}
    assert {(one["region"], one["address_type"]) for one in addresses.values()} == {(REGION, "EXTERNAL")}


def test_managed_databases_get_the_allocated_range():
    connection = only(_network(), "google_service_networking_connection")
    assert connection["reserved_peering_ranges"] == [
        "${google_compute_global_address.network__private_services_range.name}"
    ]


def test_an_existing_network_is_named_and_left_alone():
    seen: list[Network] = []

    def build(stack: TerraformStack) -> None:
        seen.append(Network(stack, "network", replace(PROPS, manage=Manage.EXISTING)))

    assert "resource" not in synth(build)
    assert seen[0].network_id == f"projects/{PROJECT}/global/networks/daf-network"
    assert seen[0].subnet_id == f"projects/{PROJECT}/regions/{REGION}/subnetworks/daf-network-sub"
    assert seen[0].private_service_access == ()


def test_services_are_switched_on_and_never_off():
    def build(stack: TerraformStack) -> None:
        ProjectServices(stack, "services", ProjectServicesProps(project=PROJECT))

    document = synth(build)
    services = resources(document, "google_project_service")
    assert only(document, "terraform_data")["depends_on"] == [f"google_project_service.{name}" for name in services]
    assert {body["service"] for body in services.values()} == {f"{name}.googleapis.com" for name in CAVE_AND_CLIO}
    assert {(body["disable_on_destroy"], body["disable_dependent_services"]) for body in services.values()} == {
        (False, False)
    }
    assert "services__run" in services


def test_existing_services_are_left_alone():
    def build(stack: TerraformStack) -> None:
        props = ProjectServicesProps(project=PROJECT, manage=Manage.EXISTING)
        assert ProjectServices(stack, "services", props).ready is None

    assert "resource" not in synth(build)
