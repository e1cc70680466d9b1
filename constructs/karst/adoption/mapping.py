"""Says in Karst's words what a running platform was configured with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from karst.adoption import datasets, existing, hosts, programs, secrets, services, unsettled
from karst.adoption.draft import Draft
from karst.adoption.fitting import MissingError, fit
from karst.adoption.leaks import without_leaks
from karst.adoption.report import Report
from karst.adoption.rows import settle, words
from karst.adoption.table import TABLE
from karst.adoption.terraform import INPUTS, add_inputs, is_terraform
from karst.adoption.values import Environment
from karst.config.deployment import Deployment
from karst.config.errors import show_path
from karst.config.folder import DATASETS_FOLDER, DEPLOYMENT_FILE
from karst.config.schema import file_name
from karst.drafts.yaml_text import Node, yaml_text

_GLOBAL = ("AUTH_VERSION", "INFOSERVICE_VERSION", "AUTH_DEFAULT_ADMINS")
_REQUIRED = {
    ("gcp", "project"): "PROJECT_NAME (project_id)",
    ("gcp", "region"): "REGION (region)",
    ("gcp", "zone"): "ZONE (zone)",
    ("dns", "zone"): "DNS_ZONE (dns_zone)",
    ("dns", "domain"): "DOMAIN_NAME (domain_name)",
}

_MOST_CAUSES = 10

_ORDER = words(
    "name kinds global gcp state dns tls sql bigtable firestore redis buckets pubsub viewer auth nglstate annotation "
    "materialization pychunkedgraph l2cache skeletoncache guidebook dash tourguide pmanagement proxy canary labels "
    "alerts"
)
_LAST = ("images", "services", "secrets", "extra", "imports")
_LEADS = ("manage", "project", "project_number", "instance", "name")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What an operator may say beside the file."""

    name: str | None = None
    """Name of the deployment, where the environment's isn't wanted."""
    project_number: str | None = None
    schemas: str = "../../docs/schemas"
    """Where the JSON schemas stand, seen from the deployment's folder."""


@dataclass(frozen=True, kw_only=True)
class Adoption:
    """The new files, by their path in the deployment's folder, and the report."""

    files: Mapping[str, str]
    report: Report


def adopt(environment: Environment, options: Options, neighbours: Iterable[Deployment] = ()) -> Adoption:
    """The configuration of a platform that runs already. Raises `MissingError` where not even its place is known.

    `neighbours` are deployments that stand in the same repository: of what a project has once, one of them may be the
    keeper already.
    """
    from_terraform = is_terraform(environment)
    table = INPUTS if from_terraform else TABLE
    readable, leaks = without_leaks(environment, table)
    draft = Draft(environment=readable, hidden={one.name: one for one in leaks})
    kind = "local" if from_terraform or not any(name in environment.variables for name in _GLOBAL) else "global"
    draft.put(("name",), "")
    draft.put(("kinds",), [kind])
    settle_place_first(draft, table, options, from_terraform=from_terraform)
    settle(draft, {name: row for name, row in table.items() if name not in _PLACE_NAMES})
    if from_terraform:
        add_inputs(draft)
    else:
        _add_environment(draft)
    if kind == "local":
        datasets.add_datasets(draft)
        datasets.add_skeleton_test(draft)
    draft.comment(
        ("name",), f"Imported from {show_path(environment.file.name)}; README.md says what became of each variable."
    )
    if not from_terraform:
        secrets.add_files(draft, draft.text("ENVIRONMENT") or secrets.name_of(draft))
    existing.add_existing(draft, neighbours, options.project_number)
    hosts.finish_contact(draft)
    programs.finish_slack(draft)
    programs.finish_auth(draft)
    unsettled.settle_rest(draft, table)
    fit(draft)
    return Adoption(files=_files(draft, options), report=_report(draft, kind))


_PLACE_NAMES = frozenset(
    words("PROJECT_NAME REGION ZONE DNS_ZONE DOMAIN_NAME project_id region zone dns_zone domain_name")
)


def settle_place_first(draft: Draft, table: Mapping[str, object], options: Options, *, from_terraform: bool) -> None:
    """Project, region, zone, domain and name: what everything else is called after."""
    rows = {
        name: row for name, row in (INPUTS if from_terraform else TABLE).items() if name in _PLACE_NAMES & table.keys()
    }
    settle(draft, rows)
    missing = [words for place, words in _REQUIRED.items() if not draft.get(place)]
    if missing:
        raise MissingError(
            f"{draft.environment.file.name} does not say {', '.join(missing)}, without which no deployment can be "
            f"written. Set them in the file; variables that another file sets must stand in it too{_noticed(draft)}"
        )
    hosts.add_name(draft, "environment" if from_terraform else "ENVIRONMENT", options.name)


def _noticed(draft: Draft) -> str:
    """The likely causes of what is missing: values that would have to be computed, a quote that swallows the rest."""
    file = draft.environment.file.name
    causes = [
        f"{file}:{draft.line(name)}: {name} is {reason}. Write its value out."
        for name in sorted(_PLACE_NAMES)
        if (reason := draft.why_not(name))
    ] + [str(one) for one in draft.environment.notices]
    more = [f"and {len(causes) - _MOST_CAUSES} more"] if len(causes) > _MOST_CAUSES else []
    return "".join(f"\n  {show_path(one)}" for one in (*causes[:_MOST_CAUSES], *more))


def _add_environment(draft: Draft) -> None:
    """What variables of the shell mean together."""
    if "local" in draft.get_list(("kinds",)):
        draft.put(("pubsub", "prefix"), draft.text("ENVIRONMENT"), "ENVIRONMENT")
    hosts.add_hosts(draft)
    if draft.variable("GLOBAL_SERVER") or "local" in draft.get_list(("kinds",)):
        hosts.add_global_host(draft, "GLOBAL_SERVER")
    unsettled.add_pools(draft)
    unsettled.add_twins(draft)
    services.add_services(draft)


def _files(draft: Draft, options: Options) -> dict[str, str]:
    head = "# yaml-language-server: $schema={}/{}"
    files = {
        DEPLOYMENT_FILE: yaml_text(
            head.format(options.schemas, file_name("deployment")), _ordered(draft.deployment), draft.comments
        )
    }
    for name, data in sorted(draft.datasets.items()):
        path = f"{DATASETS_FOLDER}/{name}.yaml"
        line = head.format(f"../{options.schemas}", file_name("dataset"))
        files[path] = yaml_text(line, data, draft.dataset_comments.get(name, {}))
    return files


def _ordered(tree: Mapping[str, Node]) -> dict[str, Node]:
    """Keys in the order of the examples: who and where first, what was taken over last."""
    ordered = {key: tree[key] for key in (*_ORDER, *sorted(tree.keys() - {*_ORDER, *_LAST}), *_LAST) if key in tree}
    return {key: _led(value) for key, value in ordered.items()}


def _led(node: Node) -> Node:
    """Mappings with who keeps a thing and what it is called before its details."""
    if not isinstance(node, Mapping):
        return node
    return {
        key: _led(node[key]) for key in (*(one for one in _LEADS if one in node), *(n for n in node if n not in _LEADS))
    }


def _report(draft: Draft, kind: str) -> Report:
    return Report(
        source=draft.environment.file,
        deployment=secrets.name_of(draft),
        kind=kind,
        mapped=draft.mapped(),
        derived=draft.dropped(),
        secrets=tuple(draft.hidden.values()),
        unknown=tuple(draft.unknown),
        warnings=tuple(dict.fromkeys((*draft.warnings, *unsettled.notices(draft)))),
        to_do=tuple(draft.to_do),
    )


def deployment_folder(root: Path, adoption: Adoption) -> Path:
    """Where the deployment belongs."""
    return root / adoption.report.deployment
