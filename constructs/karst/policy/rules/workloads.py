"""What runs in clusters: confined, known by name, closed to strangers, asked how it is, bounded, never all gone."""

from __future__ import annotations

import json
from collections.abc import Iterator

from karst.kubernetes.privileges import UPSTREAM_SERVER, UPSTREAM_WORKER
from karst.policy.model import Json, Resource, Rule, Stack, as_mapping, as_objects, dig, on_each
from karst.policy.pods import Pod, levels, pods, selects

_POLICY = "kubernetes_network_policy_v1"
_IDENTITY = "iam.gke.io/gcp-service-account"
_ALLOWED_VOLUMES = frozenset({"config_map", "csi", "downward_api", "empty_dir", "ephemeral", "projected", "name"})
_EXCEPTED = UPSTREAM_SERVER.capabilities.keys() | UPSTREAM_WORKER.capabilities.keys()
_UPSTREAM = "-upstream"
_SLOWEST_READY_S = 10
_LEAST_PATIENCE_S = 60


def _is_confined(stack: Stack) -> Iterator[tuple[str, str]]:
    known = levels(stack)
    for name, level in sorted(known.items()):
        if level not in {"restricted", "baseline"}:
            yield "", f"the namespace {name} admits every pod: set pod-security.kubernetes.io/enforce"
        elif level == "baseline" and not name.endswith(_UPSTREAM):
            yield "", f"the namespace {name} admits root, which only that of upstream's images may: enforce restricted"
    for pod in pods(stack):
        yield from ((pod.resource.address, message) for message in _breakouts(pod))
        if known.get(pod.namespace) != "baseline":
            yield from ((pod.resource.address, message) for message in _excesses(pod))


def _breakouts(pod: Pod) -> Iterator[str]:
    if any(pod.spec.get(key) for key in ("host_network", "host_pid", "host_ipc")):
        yield "shares namespaces of its node: remove host_network, host_pid and host_ipc"
    if any(set(volume) - _ALLOWED_VOLUMES for volume in as_objects(pod.spec.get("volume"))):
        yield "mounts what is not its own: use config_map, csi, projected or empty_dir"
    for container in pod.containers:
        context = as_mapping(container.get("security_context"))
        if context.get("privileged") or context.get("allow_privilege_escalation") is not False:
            yield "may gain privileges: set allow_privilege_escalation to false, and privileged too"
        if dig(context, "capabilities", "drop") != ["ALL"]:
            yield "keeps capabilities of root: drop ALL"
        added = dig(context, "capabilities", "add")
        if isinstance(added, list) and not set(added) <= _EXCEPTED:
            yield "has capabilities that no exception in karst.kubernetes.privileges lists: remove them"
        if dig(context, "seccomp_profile", "type") != "RuntimeDefault":
            yield "may make every call of the kernel: set the seccomp profile RuntimeDefault"
        if any(port.get("host_port") for port in as_objects(container.get("port"))):
            yield "takes a port of its node: remove host_port"


def _excesses(pod: Pod) -> Iterator[str]:
    for container in pod.containers:
        context = as_mapping(container.get("security_context"))
        user = context.get("run_as_user")
        if context.get("run_as_non_root") is not True or not str(user).isdigit() or int(str(user)) < 10000:
            yield "may run as root or as a user of the node: set run_as_non_root and a run_as_user of 10000 or more"
        if context.get("read_only_root_filesystem") is not True:
            yield "can change its own program: set read_only_root_filesystem"
        if dig(context, "capabilities", "add"):
            yield "has capabilities: remove them"


def _is_closed(stack: Stack) -> Iterator[tuple[str, str]]:
    policies = [(_namespace(resource), as_mapping(resource.body.get("spec"))) for resource in stack.resources(_POLICY)]
    closed = {place for place, spec in policies if _denies_all(spec)}
    for name in sorted(levels(stack)):
        if name not in closed:
            yield "", f"the namespace {name} lets everybody in and out: deny all by default"
    for resource in stack.resources(_POLICY):
        for rule in ("ingress", "egress"):
            for allowed in as_objects(as_mapping(resource.body.get("spec")).get(rule)):
                peers = as_objects(allowed.get("from" if rule == "ingress" else "to"))
                if not peers or not as_objects(allowed.get("ports")):
                    yield resource.address, f"allows {rule} with everybody, or at every port: name peers and ports"
    for pod in pods(stack):
        if not any(
            place == pod.namespace and not _denies_all(spec) and selects(spec.get("pod_selector"), pod.labels)
            for place, spec in policies
        ):
            yield pod.resource.address, "has no network policy of its own: say whom it reaches and who reaches it"


def _denies_all(spec: Json) -> bool:
    both = spec.get("policy_types")
    is_whole = isinstance(both, list) and set(both) == {"Ingress", "Egress"}
    selector = dig(as_mapping(spec.get("pod_selector")), "match_labels")
    return is_whole and not selector and not spec.get("ingress") and not spec.get("egress")


def _is_somebody(stack: Stack) -> Iterator[tuple[str, str]]:
    accounts: dict[tuple[str, str], str] = {}
    owners: dict[str, str] = {}
    for resource in stack.resources("kubernetes_service_account_v1"):
        identity = str(dig(resource.body, "metadata", "annotations", _IDENTITY) or "")
        accounts[_namespace(resource), str(dig(resource.body, "metadata", "name"))] = identity
        if not identity:
            yield resource.address, f"stands for no account of Google's: annotate it with {_IDENTITY}"
        elif owners.setdefault(identity, resource.address) != resource.address:
            yield resource.address, f"shares its account with {owners[identity]}: give it one of its own"
        if resource.body.get("automount_service_account_token") is not False:
            yield resource.address, "hands out tokens of the cluster: set automount_service_account_token to false"
    for pod in pods(stack):
        if (pod.namespace, str(pod.spec.get("service_account_name"))) not in accounts:
            yield pod.resource.address, "runs as nobody: name a service account of the stack"
        if pod.spec.get("automount_service_account_token") is not False:
            yield pod.resource.address, "gets a token of the cluster: set automount_service_account_token to false"


def _is_asked(stack: Stack) -> Iterator[tuple[str, str]]:
    known = levels(stack)
    for pod in pods(stack, "kubernetes_deployment_v1"):
        for container in pod.main:
            if as_objects(container.get("port")):
                is_ours = known.get(pod.namespace) != "baseline"
                yield from ((pod.resource.address, message) for message in _deaf(container, is_ours=is_ours))


def _deaf(container: Json, *, is_ours: bool) -> Iterator[str]:
    started, live, ready = (as_mapping(container.get(f"{kind}_probe")) for kind in ("startup", "liveness", "readiness"))
    if not (started and live and ready):
        yield "is sent requests before it can answer, or after: give it startup, liveness and readiness probes"
        return
    if _number(ready, "period_seconds") > _SLOWEST_READY_S:
        yield "is asked too seldom whether it is ready: set period_seconds to 10 or less"
    if _number(live, "period_seconds") * _number(live, "failure_threshold") < _LEAST_PATIENCE_S:
        yield "is restarted when it is merely busy: let liveness fail for a minute or more"
    if is_ours and dig(live, "http_get", "path") == dig(ready, "http_get", "path"):
        yield "is restarted when what it needs is away: give liveness a path without I/O"


def _number(body: Json, key: str) -> float:
    value = body.get(key)
    return value if isinstance(value, int | float) else 0


def _is_bounded(stack: Stack) -> Iterator[tuple[str, str]]:
    for pod in pods(stack):
        for container in pod.containers:
            resources = as_mapping(container.get("resources"))
            if not dig(resources, "limits", "memory"):
                yield pod.resource.address, "may take all memory of its node: set limits"
            if not dig(resources, "requests", "memory") or not dig(resources, "requests", "cpu"):
                yield pod.resource.address, "is packed where there is no room: set requests of cpu and memory"


def _is_never_all_gone(stack: Stack) -> Iterator[tuple[str, str]]:
    budgets = list(stack.resources("kubernetes_pod_disruption_budget_v1"))
    least = _least_replicas(stack)
    for budget in budgets:
        if dig(budget.body, "spec", "max_unavailable") != "1":
            yield budget.address, "keeps nodes from being drained, or protects nothing: set max_unavailable to 1"
    for pod in pods(stack, "kubernetes_deployment_v1"):
        count = least.get((pod.namespace, str(dig(pod.resource.body, "metadata", "name"))), 0)
        protected = any(
            _namespace(budget) == pod.namespace and selects(dig(budget.body, "spec", "selector"), pod.labels)
            for budget in budgets
        )
        if count >= 2 and not protected:
            yield pod.resource.address, "may lose all replicas at once: give it a disruption budget"
        if count < 2 and protected:
            yield (
                pod.resource.address,
                "has a disruption budget that protects nothing and holds its node while it isn't ready: remove it",
            )


def _least_replicas(stack: Stack) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for resource in stack.resources("kubernetes_deployment_v1"):
        count = str(dig(resource.body, "spec", "replicas") or "")
        found[_namespace(resource), str(dig(resource.body, "metadata", "name"))] = int(count) if count.isdigit() else 1
    for resource in stack.resources("kubernetes_horizontal_pod_autoscaler_v2"):
        target = _namespace(resource), str(dig(resource.body, "spec", "scale_target_ref", "name"))
        found[target] = int(_number(as_mapping(resource.body.get("spec")), "min_replicas"))
    for release in stack.resources("helm_release"):
        for scaler in _scalers(release):
            found[release.text("namespace"), str(scaler.get("name"))] = int(_number(scaler, "minReplicas"))
    return found


def _scalers(release: Resource) -> list[Json]:
    values = release.body.get("values")
    text = values[0] if isinstance(values, list) and values else "{}"
    return as_objects(as_mapping(json.loads(str(text))).get("scalers"))


def _is_spread(stack: Stack) -> Iterator[tuple[str, str]]:
    for pod in pods(stack, "kubernetes_deployment_v1"):
        keys = {str(one.get("topology_key")) for one in as_objects(pod.spec.get("topology_spread_constraint"))}
        if not {"topology.kubernetes.io/zone", "kubernetes.io/hostname"} <= keys:
            yield pod.resource.address, "may stand on one node: spread it over zones and nodes"
        if not _number(pod.spec, "termination_grace_period_seconds"):
            yield pod.resource.address, "may be killed in the middle of its work: set termination_grace_period_seconds"


def _is_inside(resource: Resource) -> Iterator[str]:
    if resource.text("spec", "type") != "ClusterIP":
        yield "opens a way past the load balancer: set the type ClusterIP"


def _namespace(resource: Resource) -> str:
    return str(dig(resource.body, "metadata", "namespace") or "default")


RULES = (
    Rule(
        id="KARST_K8S_1",
        reason="Whoever repairs nodes drains as many as nobody forbids, or none for ever.",
        judge=_is_never_all_gone,
    ),
    Rule(id="KARST_K8S_2", reason="A node or a zone that fails takes everything on it along.", judge=_is_spread),
    Rule(id="KARST_K8S_3", reason="One program that is taken over reaches all others.", judge=_is_closed),
    Rule(id="KARST_K8S_4", reason="A program that is taken over takes over its node.", judge=_is_confined),
    Rule(id="KARST_K8S_5", reason="A shared account joins what its users may do, and keys leak.", judge=_is_somebody),
    Rule(id="KARST_K8S_6", reason="Requests are lost to replicas that can't answer.", judge=_is_asked),
    Rule(id="KARST_K8S_7", reason="A program that leaks takes its neighbours down.", judge=_is_bounded),
    Rule(
        id="KARST_K8S_8",
        reason="Attacks that the security policy stops come in by every other door.",
        judge=on_each(("kubernetes_service_v1",), _is_inside),
    ),
)
