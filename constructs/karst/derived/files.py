"""The configuration files of a workload: as they are, or as skeletons that secrets are filled into in the pod."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from karst.blueprint import Blueprint
from karst.config.service_needs import ConfigFile
from karst.derived.sql_login import is_administrator
from karst.derived.sql_roles import ROLES_FILE, sql_roles
from karst.derived.upstream_values import upstream_values
from karst.derived.workloads import Workload
from karst.upstream.filling import Filling
from karst.upstream.render import RenderError, render, skeleton


@dataclass(frozen=True, kw_only=True)
class WorkloadFiles:
    """Files by the path at which the program reads them."""

    plain: Mapping[str, str] = field(default_factory=dict)
    """Their text; no secret is in it."""
    filled: Mapping[str, str] = field(default_factory=dict)
    """Their skeletons (`karst.upstream.render.skeleton`)."""

    @property
    def filling(self) -> Filling | None:
        """How the pod writes the files with secrets; None where there are none."""
        return Filling(skeletons=self.filled) if self.filled else None


def workload_files(blueprint: Blueprint, generation: str, workload: Workload) -> WorkloadFiles:
    """The declared files of a workload in a generation's cluster.

    Raises ValueError that names the file whose template can't be filled.
    """
    if is_administrator(workload):
        return WorkloadFiles(plain={ROLES_FILE: sql_roles(blueprint)})
    if not workload.service.config_files:
        return WorkloadFiles()
    values = upstream_values(blueprint, generation, workload)
    declared = sorted(workload.service.config_files.items())
    return WorkloadFiles(
        plain={path: _filled_in(render, values, workload, path, file) for path, file in declared if not file.is_secret},
        filled={path: _filled_in(skeleton, values, workload, path, file) for path, file in declared if file.is_secret},
    )


def _filled_in(
    fill: Callable[[str, Mapping[str, object]], str],
    values: Mapping[str, object],
    workload: Workload,
    path: str,
    file: ConfigFile,
) -> str:
    where = f"services.{workload.name}: the file {path}"
    if file.template not in workload.templates:
        raise ValueError(f"{where} has no template: '{file.template}' was not loaded. Load it with the declarations")
    try:
        return fill(workload.templates[file.template], values)
    except RenderError as error:
        raise ValueError(f"{where} can't be computed: {error}") from error
