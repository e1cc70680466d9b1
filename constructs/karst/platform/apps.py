"""Everything of a deployment that runs in one generation of its cluster."""

from __future__ import annotations

from collections.abc import Sequence

from cdktn import ITerraformDependable
from constructs import Construct

from karst.blueprint import Blueprint
from karst.cluster_names import ClusterNames
from karst.derived.datasets_json import datasets_json
from karst.derived.monitoring import monitoring
from karst.derived.processes import FIRST, LAST, cluster_workloads, processes, turn
from karst.derived.scaling import scaler
from karst.derived.secret_classes import workload_secrets
from karst.derived.settings import DATASETS_FILE
from karst.derived.workloads import Workload
from karst.kubernetes.config_map import ConfigMap, ConfigMapProps
from karst.kubernetes.custom_resources import CustomResources, CustomResourcesProps
from karst.kubernetes.labels import common_labels, process_labels
from karst.kubernetes.namespace import Namespace, NamespaceProps
from karst.kubernetes.privileges import PodSecurity
from karst.platform.app_files import DATASETS, FILL_SCRIPT
from karst.platform.app_workload import App, AppProps
from karst.upstream.filling import SCRIPT, SCRIPT_TEXT


class Apps(Construct):
    """Two namespaces, ours and upstream's, each only where something runs in it, and the workloads in them."""

    def __init__(self, scope: Construct, id: str, blueprint: Blueprint, generation: str) -> None:
        super().__init__(scope, id)
        self._blueprint = blueprint
        self._generation = generation
        self._names = ClusterNames(of=blueprint.deployment, generation=generation)
        self._first: list[ITerraformDependable] = []
        self._standing: dict[str, Sequence[ITerraformDependable]] = {}
        workloads = sorted(cluster_workloads(blueprint.workloads), key=turn)
        for id_, name, level in (
            ("ours", self._names.ours, PodSecurity.RESTRICTED),
            ("upstream", self._names.upstream, PodSecurity.BASELINE),
        ):
            inside = [one for one in workloads if self._names.namespace(one) == name]
            if inside:
                self._add_namespace(id_, NamespaceProps(name=name, level=level, labels=self._labels), inside)

    @property
    def _labels(self) -> dict[str, str]:
        return common_labels(self._blueprint.deployment.name)

    def _add_namespace(self, id: str, props: NamespaceProps, workloads: Sequence[Workload]) -> None:
        namespace = Namespace(self, id, props)
        needs: list[ITerraformDependable] = list(namespace.ready)
        if props.name == self._names.ours:
            needs.append(self._datasets(props.name, namespace.ready))
        if any(file.is_secret for one in workloads for file in one.service.config_files.values()):
            script = ConfigMapProps(
                namespace=props.name, name=FILL_SCRIPT, files={SCRIPT: SCRIPT_TEXT}, waits_for=namespace.ready
            )
            needs.append(ConfigMap(self, f"{id}-{FILL_SCRIPT}", script).map)
        custom = self._custom_resources(f"{id}-custom", props.name, workloads, namespace.ready)
        if custom.release is not None:
            needs.append(custom.release)
        for workload in workloads:
            app = App(
                self,
                workload.name,
                AppProps(
                    blueprint=self._blueprint,
                    generation=self._generation,
                    declared=workload,
                    waits_for=tuple(needs),
                    starts_after=self._before(workload),
                ),
            )
            if turn(workload) == FIRST:
                self._first += app.done
            self._standing[workload.name] = app.stands

    def _before(self, workload: Workload) -> tuple[ITerraformDependable, ...]:
        """What must have happened before a workload's pods start."""
        first = tuple(self._first) if workload.service.stores.relational else ()
        if turn(workload) != LAST:
            return first
        return first + tuple(one for name in sorted(workload.service.calls) for one in self._standing.get(name, ()))

    def _datasets(self, namespace: str, waits_for: Sequence[ITerraformDependable]) -> ITerraformDependable:
        document = datasets_json(self._blueprint.deployment, self._blueprint.live_datasets)
        props = ConfigMapProps(namespace=namespace, name=DATASETS, files={DATASETS_FILE: document}, waits_for=waits_for)
        return ConfigMap(self, DATASETS, props).map

    def _custom_resources(
        self, id: str, namespace: str, workloads: Sequence[Workload], waits_for: Sequence[ITerraformDependable]
    ) -> CustomResources:
        deployment = self._blueprint.deployment
        state = deployment.generations[self._generation].state
        running_now = self._blueprint.workloads
        secrets = [found for one in workloads if (found := workload_secrets(deployment, one, running_now)) is not None]
        running = [process for one in workloads for process in processes(one)]
        scalers = [scaler(self._names, process, state) for process in running]
        monitored = [
            monitoring(process, process_labels(process.workload.name, process.key), state) for process in running
        ]
        return CustomResources(
            self,
            id,
            CustomResourcesProps(
                namespace=namespace,
                labels=self._labels,
                secret_classes=[one.secret_class for one in secrets],
                secret_syncs=[one.sync for one in secrets if one.sync is not None],
                scalers=[one for one in scalers if one is not None],
                monitorings=[one for one in monitored if one is not None],
                waits_for=tuple(waits_for),
            ),
        )
