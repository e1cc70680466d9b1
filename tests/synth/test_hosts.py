from collections.abc import Callable
from dataclasses import replace

import pytest
from cdktn import TerraformStack

from karst.config.types import Manage
from karst.gcp.address import GlobalAddresses, GlobalAddressesProps
from karst.gcp.certificate import Certificates, CertificatesProps, CertifiedHost
from karst.gcp.dns import PrivateZone, PrivateZoneProps, PublicZone, PublicZoneProps
from tests.synth.support import PROJECT, Document, only, resources, synth

ZONE = PublicZoneProps(project=PROJECT, name="lab-zone", domain="lab.example.org")


def _zone(props: PublicZoneProps = ZONE, use: Callable[[PublicZone], object] = lambda _: None) -> Document:
    def build(stack: TerraformStack) -> None:
        use(PublicZone(stack, "zone", props))

    return synth(build)


def test_a_zone_of_ours_is_signed_and_not_with_sha1():
    zone = only(_zone(), "google_dns_managed_zone")
    assert (zone["dns_name"], zone["visibility"], zone["force_destroy"]) == ("lab.example.org.", "public", False)
    assert zone["dnssec_config"]["state"] == "on"
    keys = zone["dnssec_config"]["default_key_specs"]
    assert {key["key_type"] for key in keys} == {"keySigning", "zoneSigning"}
    assert {key["algorithm"] for key in keys} == {"ecdsap256sha256"}


@pytest.mark.parametrize("hostname", ["api.lab.example.org", "lab.example.org.", "a.b.lab.example.org"])
def test_records_have_full_names(hostname: str):
    document = _zone(use=lambda zone: zone.add_record("api", hostname, "A", ["192.0.2.1"]))
    record = only(document, "google_dns_record_set")
    assert record["name"] == hostname.removesuffix(".") + "."
    assert (record["type"], record["rrdatas"], record["ttl"]) == ("A", ["192.0.2.1"], 300)
    assert record["managed_zone"] == "${google_dns_managed_zone.zone__zone.name}"


@pytest.mark.parametrize("hostname", ["api.example.org", "evillab.example.org", "lab.example.org.example.com"])
def test_a_host_outside_its_zone_is_refused(hostname: str):
    with pytest.raises(ValueError, match=r"lies outside the domain 'lab\.example\.org': choose another zone"):
        _zone(use=lambda zone: zone.add_record("api", hostname, "A", ["192.0.2.1"]))


def test_an_existing_zone_takes_records_and_one_account_may_edit_it():
    account = f"daf-dns@{PROJECT}.iam.gserviceaccount.com"

    def use(zone: PublicZone) -> None:
        zone.add_record("api", "api.lab.example.org", "A", ["192.0.2.1"])
        zone.grant_edit(account)

    document = _zone(replace(ZONE, manage=Manage.EXISTING), use)
    assert set(document["resource"]) == {"google_dns_record_set", "google_dns_managed_zone_iam_member"}
    grant = only(document, "google_dns_managed_zone_iam_member")
    assert (grant["managed_zone"], grant["role"]) == ("lab-zone", "roles/dns.admin")
    assert grant["member"] == f"serviceAccount:{account}"


def test_a_private_zone_is_seen_by_one_network():
    def build(stack: TerraformStack) -> None:
        props = PrivateZoneProps(project=PROJECT, name="internal", domain="daf.internal", network_id="n")
        PrivateZone(stack, "internal", props).add_record("sql", "sql.daf.internal", "A", ["10.0.0.3"])

    document = synth(build)
    zone = only(document, "google_dns_managed_zone")
    assert zone["visibility"] == "private"
    assert zone["private_visibility_config"] == {"networks": [{"network_url": "n"}]}
    assert only(document, "google_dns_record_set")["name"] == "sql.daf.internal."


def test_addresses_of_both_kinds_are_reserved():
    def build(stack: TerraformStack) -> None:
        GlobalAddresses(stack, "addresses", GlobalAddressesProps(project=PROJECT, ipv4_name="daf-4", ipv6_name="daf-6"))

    addresses = resources(synth(build), "google_compute_global_address").values()
    assert {(a["name"], a["ip_version"], a["address_type"]) for a in addresses} == {
        ("daf-4", "IPV4", "EXTERNAL"),
        ("daf-6", "IPV6", "EXTERNAL"),
    }


def _certificates(*hostnames: str) -> Document:
    hosts = [CertifiedHost(hostname=name, zone_name="lab-zone", zone_project="dns-project") for name in hostnames]

    def build(stack: TerraformStack) -> None:
        certificates = Certificates(
            stack, "certificates", CertificatesProps(project=PROJECT, map_name="daf", hosts=hosts)
        )
        reference = f"projects/{PROJECT}/locations/global/certificateMaps/daf"
        assert certificates.map_reference == f"//certificatemanager.googleapis.com/{reference}"

    return synth(build)


def test_a_host_is_proven_by_a_record_and_served_from_the_map():
    document = _certificates("api.lab.example.org")
    authorization = only(document, "google_certificate_manager_dns_authorization")
    assert authorization["domain"] == "api.lab.example.org"
    address = "google_certificate_manager_dns_authorization.certificates__authorization_api_lab_example_org"
    proof = only(document, "google_dns_record_set")
    assert (proof["project"], proof["managed_zone"]) == ("dns-project", "lab-zone")
    assert proof["name"] == f"${{{address}.dns_resource_record[0].name}}"
    assert proof["rrdatas"] == [f"${{{address}.dns_resource_record[0].data}}"]
    managed = only(document, "google_certificate_manager_certificate")["managed"]
    assert managed == {"domains": ["api.lab.example.org"], "dns_authorizations": [f"${{{address}.id}}"]}
    entry = only(document, "google_certificate_manager_certificate_map_entry")
    assert entry["hostname"] == "api.lab.example.org"
    assert entry["map"] == "${google_certificate_manager_certificate_map.certificates__map.name}"


def test_another_host_touches_no_certificate_there_is():
    one, two = _certificates("b.example.org"), _certificates("a.example.org", "b.example.org")
    for kind, found in one["resource"].items():
        assert found.items() <= two["resource"][kind].items(), kind


def test_long_hosts_keep_names_within_the_limit_and_apart():
    stem = "x" * 60
    names = [
        body["name"]
        for body in resources(
            _certificates(f"{stem}.a.example.org", f"{stem}.b.example.org"), "google_certificate_manager_certificate"
        ).values()
    ]
    assert len(set(names)) == 2
    assert max(map(len, names)) <= 63
