"""What a namespace refuses, what a policy lets through, and what a ConfigMap may hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from karst.kubernetes.config_map import ConfigMap, ConfigMapProps, content_hash
from karst.kubernetes.namespace import Namespace, NamespaceProps
from karst.kubernetes.network_policy import (
    Addresses,
    Allowed,
    NetworkPolicy,
    NetworkPolicyProps,
    Port,
    dns,
    own_identity,
    public_https,
)
from karst.kubernetes.privileges import PodSecurity
from tests.synth.kubernetes import in_cluster
from tests.synth.support import Document, only

FILES = ConfigMapProps(namespace="lab-blue", name="info", files={"config.cfg": "a = 1\n"})


def namespace(props: NamespaceProps) -> Document:
    return in_cluster(lambda stack: Namespace(stack, "ours", props))


@pytest.mark.parametrize("level", list(PodSecurity))
def test_refuses_pods_beyond_its_level(level: PodSecurity) -> None:
    found = only(namespace(NamespaceProps(name="lab-blue", level=level)), "kubernetes_namespace_v1")
    labels = {f"pod-security.kubernetes.io/{mode}": level.value for mode in ("audit", "enforce", "warn")}
    assert found["metadata"] == [{"labels": labels, "name": "lab-blue"}]


def test_the_strictest_level_is_the_default() -> None:
    assert NamespaceProps(name="lab-blue").level is PodSecurity.RESTRICTED


def test_nobody_comes_in_or_out_by_default() -> None:
    found = only(namespace(NamespaceProps(name="lab-blue")), "kubernetes_network_policy_v1")
    assert found["spec"] == {"pod_selector": {}, "policy_types": ["Ingress", "Egress"]}
    assert found["metadata"]["namespace"] == "lab-blue"


def test_the_default_account_is_nobody() -> None:  # CKV_K8S_41, 42
    found = only(namespace(NamespaceProps(name="lab-blue")), "kubernetes_default_service_account_v1")
    assert found["automount_service_account_token"] is False


def test_the_default_namespace_is_refused() -> None:  # CKV_K8S_21
    with pytest.raises(ValueError, match="where forgotten things end up"):
        namespace(NamespaceProps(name="default"))


def test_rules_that_would_allow_everything_are_refused() -> None:
    for empty in ({"peers": []}, {"ports": []}):
        with pytest.raises(ValueError, match="would allow all of them"):
            replace(Allowed(peers=[Addresses(cidr="10.0.0.0/8")], ports=[Port(port=80)]), **empty)


def test_the_public_internet_holds_no_private_address() -> None:
    props = NetworkPolicyProps(
        namespace="n", name="x", labels={"a": "b"}, egress=[dns(), own_identity(), public_https()]
    )
    names, identity, public = only(
        in_cluster(lambda stack: NetworkPolicy(stack, "policy", props)), "kubernetes_network_policy_v1"
    )["spec"]["egress"]
    assert {(one["port"], one["protocol"]) for one in names["ports"]} == {("53", "TCP"), ("53", "UDP")}
    assert identity == {
        "to": [{"ip_block": {"cidr": "169.254.169.254/32"}}],
        "ports": [{"port": "80", "protocol": "TCP"}],
    }
    block = public["to"][0]["ip_block"]
    assert (block["cidr"], public["ports"]) == ("0.0.0.0/0", [{"port": "443", "protocol": "TCP"}])
    assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"} <= set(block["except"])


def test_files_arrive_as_they_are() -> None:
    props = replace(FILES, files={"x": "${a} %{b} $c"})
    found = only(in_cluster(lambda stack: ConfigMap(stack, "files", props)), "kubernetes_config_map_v1")
    assert found["data"] == {"x": "$${a} %%{b} $c"}


def test_secrets_floods_and_what_is_no_text_are_refused() -> None:
    with pytest.raises(ValueError, match=r"the file config\.cfg holds an address with a password") as refusal:
        replace(FILES, files={"config.cfg": "x = 'postgresql://u:planted@10.0.0.2/x'"})
    assert "planted" not in str(refusal.value)
    with pytest.raises(ValueError, match="a ConfigMap holds 1000000"):
        replace(FILES, files={"big": "x" * 1_000_001})
    with pytest.raises(ValueError, match=r"info: the file config\.cfg holds a NUL character and so is no text"):
        replace(FILES, files={"config.cfg": "a = 1\0"})


def test_the_hash_tells_contents_apart() -> None:
    assert content_hash({"a": "1", "b": "2"}) == content_hash({"b": "2", "a": "1"})
    assert content_hash({"a": "1"}) != content_hash({"a": "2"})
    assert content_hash({"a": "1"}) != content_hash({"b": "1"})
