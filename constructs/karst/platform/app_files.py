"""What the pods of a workload find in their file system: configuration, secrets, datasets, room to write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cdktn import ITerraformDependable
from constructs import Construct

from karst.blueprint import Blueprint
from karst.cluster_names import ClusterNames
from karst.config.service_runtime import ImageOrigin
from karst.derived.datasets_json import datasets_json
from karst.derived.files import WorkloadFiles, workload_files
from karst.derived.processes import LAST, turn
from karst.derived.secret_classes import WorkloadSecrets, workload_secrets
from karst.derived.settings import CONFIG_FOLDER, DATASETS_FILE
from karst.derived.workloads import Workload
from karst.kubernetes.config_map import ConfigMap, ConfigMapProps, content_hash
from karst.kubernetes.container import ContainerProps, ContainerResources, Mount
from karst.kubernetes.pod import ConfigVolume, ScratchVolume, SecretVolume, Volume
from karst.kubernetes.privileges import OURS, Privileges
from karst.upstream.filling import SCRIPT, SKELETONS, Filling, file_keys

DATASETS = "datasets"
"""The ConfigMap with `datasets.json`, in the namespace of ours."""
FILL_SCRIPT = "fill-secrets"
"""The ConfigMap with the program that fills secrets into files, one in each namespace that needs it."""
SECRETS_VARIABLE = "KARST_SECRETS"
_CONFIG, _SECRETS, _SKELETONS, _FILLED, _SCRATCH = "config", "secrets", "skeletons", "filled", "tmp"
_SCRIPT = "script"
_SKELETONS_FOLDER, _FILLED_FOLDER = "/run/karst/skeletons", "/run/karst/filled"
_FILL = Privileges(user=None, root_because="the user of upstream's images is root, and files are written for it")
_FILL_RESOURCES = ContainerResources(cpu="10m", memory="64Mi", memory_limit="128Mi")


class AppFiles(Construct):
    """The ConfigMaps of one workload, and everything that its pods mount. No secret is in what is declared."""

    env: Mapping[str, str]
    """Variables that say where files are."""
    secrets: WorkloadSecrets | None
    mounts: tuple[Mount, ...]
    volumes: Mapping[str, Volume]
    before: tuple[ContainerProps, ...]
    config_hash: str | None
    """Of the files that are read once; whatever runs on reads `datasets.json` again where it changes."""
    maps: tuple[ITerraformDependable, ...]

    def __init__(
        self,
        scope: Construct,
        id: str,
        blueprint: Blueprint,
        generation: str,
        workload: Workload,
        waits_for: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, id)
        self._workload = workload
        self._namespace = ClusterNames(of=blueprint.deployment, generation=generation).namespace(workload)
        self._waits_for = waits_for
        self._is_ours = workload.service.image.source is ImageOrigin.KARST
        files = workload_files(blueprint, generation, workload)
        self.secrets = workload_secrets(blueprint.deployment, workload, blueprint.workloads)
        self.env = {SECRETS_VARIABLE: self.secrets.folder} if self.secrets and self._is_ours else {}
        self.mounts = tuple(self._mounts(files))
        self.volumes = dict(self._volumes(files))
        filling = files.filling
        self.before = () if filling is None else (self._filler(filling),)
        self.maps = tuple(self._maps(files))
        everything = {**files.plain, **files.filled}
        if turn(workload) == LAST:
            everything[DATASETS_FILE] = datasets_json(blueprint.deployment, blueprint.live_datasets)
        self.config_hash = content_hash(everything) if everything else None

    def _maps(self, files: WorkloadFiles) -> Iterator[ITerraformDependable]:
        if files.plain:
            keys = file_keys(files.plain)
            yield self._map(_CONFIG, {keys[path]: text for path, text in files.plain.items()})
        if files.filling is not None:
            yield self._map(_SKELETONS, {SKELETONS: files.filling.config_map[SKELETONS]})

    def _map(self, id: str, files: Mapping[str, str]) -> ITerraformDependable:
        props = ConfigMapProps(
            namespace=self._namespace, name=self._map_name(id), files=files, waits_for=self._waits_for
        )
        return ConfigMap(self, id, props).map

    def _map_name(self, id: str) -> str:
        return f"{self._workload.name}-{id}"

    def _volumes(self, files: WorkloadFiles) -> Iterator[tuple[str, Volume]]:
        if files.plain:
            yield _CONFIG, ConfigVolume(config_map=self._map_name(_CONFIG))
        if files.filled:
            yield _SKELETONS, ConfigVolume(config_map=self._map_name(_SKELETONS))
            yield _SCRIPT, ConfigVolume(config_map=FILL_SCRIPT)
            yield _FILLED, ScratchVolume(is_memory=True, limit="16Mi")
        if self.secrets is not None and (self._is_ours or files.filled or self.secrets.placed):
            yield _SECRETS, SecretVolume(provider_class=self.secrets.secret_class.name)
        if self._is_ours:
            yield _SCRATCH, ScratchVolume()
            yield DATASETS, ConfigVolume(config_map=DATASETS)

    def _mounts(self, files: WorkloadFiles) -> Iterator[Mount]:
        for path, key in sorted(file_keys(files.plain).items()):
            yield Mount(volume=_CONFIG, path=path, file=key)
        if files.filling is not None:
            for path, key in sorted(files.filling.sub_paths.items()):
                yield Mount(volume=_FILLED, path=path, file=key)
        if self.secrets is not None:
            yield from self._secret_mounts(self.secrets)
        if self._is_ours:
            yield Mount(volume=_SCRATCH, path="/tmp", is_writable=True)  # noqa: S108 - the container's own
            yield Mount(volume=DATASETS, path=CONFIG_FOLDER)

    def _secret_mounts(self, secrets: WorkloadSecrets) -> Iterator[Mount]:
        if self._is_ours:
            yield Mount(volume=_SECRETS, path=secrets.folder)
        for placed in secrets.placed:
            yield Mount(volume=_SECRETS, path=placed.path, file=placed.file)

    def _filler(self, filling: Filling) -> ContainerProps:
        if self.secrets is None:
            raise ValueError(
                f"services.{self._workload.name}: a file takes secrets, and none is declared. Declare them"
            )
        return ContainerProps(
            name="fill-secrets",
            image=self._workload.image,
            command=filling.command(config_map=_SKELETONS_FOLDER, secrets=self.secrets.folder, output=_FILLED_FOLDER),
            resources=_FILL_RESOURCES,
            mounts=(
                Mount(volume=_SCRIPT, path=f"{_SKELETONS_FOLDER}/{SCRIPT}", file=SCRIPT),
                Mount(volume=_SKELETONS, path=f"{_SKELETONS_FOLDER}/{SKELETONS}", file=SKELETONS),
                Mount(volume=_SECRETS, path=self.secrets.folder),
                Mount(volume=_FILLED, path=_FILLED_FOLDER, is_writable=True),
            ),
            privileges=OURS if self._is_ours else _FILL,
        )
