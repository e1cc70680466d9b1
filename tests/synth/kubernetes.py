"""Workloads to build tests of Kubernetes objects from, and the synthesis of them."""

from __future__ import annotations

from collections.abc import Callable

from cdktn import TerraformStack

from karst.kubernetes.autoscaler import Measure, ReplicaRange
from karst.kubernetes.container import ContainerProps, ContainerResources, Listener, Mount
from karst.kubernetes.network_policy import Allowed, Pods, Port, dns, load_balancers
from karst.kubernetes.pod import Placement, PodProps, ScratchVolume, SecretVolume
from karst.kubernetes.probes import Probes
from karst.kubernetes.providers import add_kubernetes_provider
from karst.kubernetes.workload import MigrationProps, ProcessProps, Replicas, Workload, WorkloadProps
from tests.synth.support import Document, synth

IMAGE = "us-east4-docker.pkg.dev/lab-project/lab-services/info:0123456789abcdef01234567"
EMAIL = "lab-info@lab-project.iam.gserviceaccount.com"
RESOURCES = ContainerResources(cpu="250m", memory="256Mi", memory_limit="512Mi")
LISTENER = Listener(port=8080, probes=Probes(live="/health/live", ready="/health/ready"))
VOLUMES = {"tmp": ScratchVolume(), "secrets": SecretVolume(provider_class="info")}
CONTAINER = ContainerProps(
    name="web",
    image=IMAGE,
    resources=RESOURCES,
    env={"MODE": "plain"},
    mounts=(Mount(volume="tmp", path="/tmp", is_writable=True), Mount(volume="secrets", path="/run/secrets/karst")),
    listener=LISTENER,
)
POD = PodProps(service_account="info", labels={"app": "info"}, container=CONTAINER, volumes=VOLUMES)
WEB = ProcessProps(
    name="info",
    container=CONTAINER,
    runs=Replicas(
        count=None,
        least=2,
        range=ReplicaRange(min_replicas=2, max_replicas=6, measure=Measure.CPU, target_percent=70),
    ),
    drain_s=45,
    longest_request_s=30,
    placement=Placement(node_labels={"pool": "core"}, tolerations={"pool": "core"}),
    endpoint_group="lab-blue-info",
)
CALLER = Allowed(peers=[Pods(namespace="lab-blue", labels={"app": "schema"})], ports=[Port(port=8080)])
INFO = WorkloadProps(
    namespace="lab-blue",
    name="info",
    identity=EMAIL,
    processes={"web": WEB},
    receives=[load_balancers([8080]), CALLER],
    reaches=[dns()],
    volumes=VOLUMES,
    config_hash="0123456789abcdef",
    migration=MigrationProps(
        container=ContainerProps(name="migrate", image=IMAGE, resources=RESOURCES, command=("karst-migrate",)),
        timeout_s=900,
    ),
)


def in_cluster(build: Callable[[TerraformStack], object]) -> Document:
    """Return the Terraform JSON of a stack that speaks to a cluster and holds what `build` puts there."""

    def declare(stack: TerraformStack) -> None:
        add_kubernetes_provider(stack, "https://cluster.example.org")
        build(stack)

    return synth(declare)


def synth_workload(props: WorkloadProps = INFO) -> Document:
    """Synthesize one workload."""
    return in_cluster(lambda stack: Workload(stack, "info", props))
