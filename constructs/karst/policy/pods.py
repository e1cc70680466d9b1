"""Pods as rules see them, whatever resource holds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from karst.policy.model import Json, Resource, Stack, as_mapping, as_objects, dig

POD_KINDS = ("kubernetes_cron_job_v1", "kubernetes_deployment_v1", "kubernetes_job_v1")
_LEVEL = "pod-security.kubernetes.io/enforce"


@dataclass(frozen=True, kw_only=True)
class Pod:
    """The pod that a resource makes."""

    resource: Resource
    spec: Json
    labels: Json
    namespace: str

    @property
    def main(self) -> list[Json]:
        """The containers that do its work."""
        return as_objects(self.spec.get("container"))

    @property
    def containers(self) -> list[Json]:
        """All its containers."""
        return [*self.main, *as_objects(self.spec.get("init_container"))]


def pods(stack: Stack, *kinds: str) -> Iterator[Pod]:
    """Yield every pod that the stack makes, or those of these kinds of resources."""
    for resource in stack.resources(*(kinds or POD_KINDS)):
        spec = as_mapping(resource.body.get("spec"))
        job = as_mapping(spec.get("job_template"))
        template = as_mapping(as_mapping(job.get("spec") if job else spec).get("template"))
        yield Pod(
            resource=resource,
            spec=as_mapping(template.get("spec")),
            labels=as_mapping(dig(template, "metadata", "labels")),
            namespace=str(dig(resource.body, "metadata", "namespace") or "default"),
        )


def levels(stack: Stack) -> dict[str, str]:
    """Namespaces of the stack to what they enforce, empty where they enforce nothing."""
    return {
        str(dig(resource.body, "metadata", "name")): str(dig(resource.body, "metadata", "labels", _LEVEL) or "")
        for resource in stack.resources("kubernetes_namespace_v1")
    }


def selects(selector: object, labels: Json) -> bool:
    """Whether a selector by labels finds a pod."""
    wanted = as_mapping(as_mapping(selector).get("match_labels"))
    return all(labels.get(key) == value for key, value in wanted.items())
