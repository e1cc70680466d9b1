"""A new deployment: the few answers without which there is none, and the file that follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from karst.config.deployment import Deployment
from karst.config.errors import Location
from karst.config.types import Kind, Tier
from karst.drafts.yaml_text import Node, yaml_text

SCHEMA = "# yaml-language-server: $schema=../../docs/schemas/deployment.json"
_SMALL_POOLS: Mapping[str, Mapping[str, Node]] = {
    "core": {"machine_type": "e2-standard-2", "min_nodes": 1, "max_nodes": 2, "disk_gib": 20, "tainted": False},
    "standard": {"machine_type": "e2-standard-4", "min_nodes": 1, "max_nodes": 2},
    "lightweight": {"machine_type": "e2-standard-2", "min_nodes": 0, "max_nodes": 2, "disk_gib": 20, "spot": True},
    "mesh": {"machine_type": "e2-standard-4", "min_nodes": 0, "max_nodes": 2, "spot": True},
}


@dataclass(frozen=True, kw_only=True)
class NewDeployment:
    """What has to be known of a deployment; all else has a default that its comments name."""

    name: str
    kinds: tuple[Kind, ...]
    project: str
    project_number: str
    region: str
    domain: str
    administrator: str
    """Address of the person who lets the first others in, and hears of trouble."""
    tier: Tier = Tier.DEV
    global_host: str | None = None
    """Host of the global services, for a deployment that has none of its own."""

    @property
    def zone(self) -> str:
        """Zone of single machines: every region has a `b`, and not every one an `a`."""
        return f"{self.region}-b"

    @property
    def dns_zone(self) -> str:
        """Name of the zone in Cloud DNS."""
        return self.domain.replace(".", "-")

    @property
    def has_cluster(self) -> bool:
        """Whether anything of it runs on Kubernetes."""
        return set(self.kinds) != {Kind.CLIO}


def deployment_yaml(new: NewDeployment, neighbours: Sequence[Deployment]) -> str:
    """The commented `deployment.yaml`. What `neighbours` in the same project make already, it uses and doesn't make."""
    return yaml_text(SCHEMA, _data(new, neighbours), _comments(new))


def _data(new: NewDeployment, neighbours: Sequence[Deployment]) -> dict[str, Node]:
    in_project = [one for one in neighbours if one.gcp.project == new.project]
    gcp: dict[str, Node] = {
        "project": new.project,
        "project_number": new.project_number,
        **({"manage": "existing"} if in_project else {}),
        "region": new.region,
        "zone": new.zone,
        **({"pools": _SMALL_POOLS} if new.has_cluster and new.tier is Tier.DEV else {}),
    }
    dns: dict[str, Node] = {
        **({"manage": "existing"} if any(one.dns.zone == new.dns_zone for one in in_project) else {}),
        "zone": new.dns_zone,
        "domain": new.domain,
    }
    data: dict[str, Node] = {"name": new.name, "kinds": list(map(str, new.kinds)), "tier": str(new.tier)}
    if new.global_host is not None:
        data["global"] = {"host": new.global_host}
    data |= {"gcp": gcp, "state": {"bucket": _state_bucket(new, in_project)}, "dns": dns}
    if in_project:
        data |= _own_stores(new)
    if Kind.GLOBAL in new.kinds:
        data["auth"] = {"admins": [{"email": new.administrator, "name": new.administrator}]}
    if Kind.CLIO in new.kinds:
        data["clio"] = {"owner": new.administrator}
    return {**data, "alerts": {"emails": [new.administrator]}}


def _own_stores(new: NewDeployment) -> dict[str, Node]:
    """Stores whose names by default are those of a neighbour in the same project."""
    roles = {"clio": {Kind.CLIO}, "state": {Kind.GLOBAL, Kind.LOCAL}}
    databases: dict[str, Node] = {
        role: {"database": f"{new.name}-{role}"} for role, users in roles.items() if users.intersection(new.kinds)
    }
    stores: dict[str, Node] = {"firestore": databases} if databases else {}
    if Kind.LOCAL in new.kinds:
        stores["bigtable"] = {"instance": f"{new.name}-graphs"}
    return stores


def _state_bucket(new: NewDeployment, in_project: Sequence[Deployment]) -> str:
    known = next((one.state.bucket for one in in_project if one.state is not None), None)
    return known or f"{new.project}-karst-state"


def _comments(new: NewDeployment) -> dict[Location, str]:
    comments: dict[Location, str] = {
        ("name",): "Resources are named after it, so it can't be changed.",
        ("kinds",): "Any of global (users, catalogue, links), local (a lab's own data), clio (the connectomics store).",
        ("tier",): "dev: one of each, cheap, down while a zone is. prod: what holds data stands in more than one zone.",
        ("global",): "Where its services ask who somebody is: that deployment's own name, not an alias.",
        ("gcp", "region"): "Where the images stand: reading them from elsewhere costs money for every request.",
        ("gcp", "pools"): "The smallest machines on which everything runs. Without this block: sizes that labs use.",
        ("state",): "Where Terraform keeps what it knows. `karst bootstrap` makes the bucket.",
        ("dns",): "The zone is made here; its name servers are then entered where the domain was bought.",
        ("firestore",): "Of its own: by default these have the names that another deployment of the project took.",
        ("bigtable",): "Of its own. To share that of the other deployment: its name, and `manage: existing`.",
        ("auth",): "The first administrators; they let others in, in the pages.",
        ("clio",): "The first administrator of the store.",
        ("alerts",): "Who hears of failures and of costs.",
    }
    if Kind.LOCAL in new.kinds:
        comments["kinds",] += (
            "\nServices of `local` are upstream's images so far: `images: {fallback: upstream}` makes them run."
        )
    if new.has_cluster:
        comments["gcp",] = "docs/reference/configuration.md explains every key, with those that are left out here."
    return comments
