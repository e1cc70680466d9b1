"""What a workload is told at its start: declared defaults, what the deployment knows, what it chooses to override."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from karst.blueprint import Blueprint
from karst.config.deployment import Deployment
from karst.config.service_runtime import ImageOrigin, Runtime
from karst.derived.listed_services import listed_services
from karst.derived.redis import redis_access
from karst.derived.secret_classes import SECRETS_FOLDER, redis_files
from karst.derived.sql_login import sql_login
from karst.derived.sql_roles import database_roles
from karst.derived.upstream_values import upstream_values, urls
from karst.derived.workloads import Workload
from karst.naming import Names
from karst.upstream.render import RenderError, render

CONFIG_FOLDER = "/etc/karst"
"""Where `datasets.json` is mounted."""
DATASETS_FILE = "datasets.json"
_TRUSTED_HOPS = "2"
"""The load balancer ends X-Forwarded-For with the client's address and its own."""


def environment(blueprint: Blueprint, generation: str, workload: Workload) -> dict[str, str]:
    """Environment of a workload in a generation's cluster by variable: its settings, and those that templates give.

    A template that gives nothing leaves its variable out, so that the image's own default holds. Raises ValueError
    where a required variable has no value, or a template can't be filled.
    """
    found = settings(blueprint, workload) | _addresses(blueprint, generation, workload)
    templates = {name: one.template for name, one in workload.service.settings.items() if one.template is not None}
    if templates:
        values = upstream_values(blueprint, generation, workload)
        computed = {name: _rendered(workload, name, template, values) for name, template in templates.items()}
        found |= {name: text for name, text in computed.items() if text and name not in workload.choice.env}
    if missing := missing_settings(found, workload):
        raise ValueError(f"services.{workload.name}.env: {missing[0]} is required. Give it a value in deployment.yaml")
    return dict(sorted(found.items()))


def _addresses(blueprint: Blueprint, generation: str, workload: Workload) -> dict[str, str]:
    """Where services that it calls answer within the cluster, for programs that run before the edge leads anywhere."""
    running = {one.name: one for one in blueprint.workloads}
    found: dict[str, str] = {}
    for name, url in urls(blueprint, generation, workload).items():
        variable, called = f"KARST_{name.upper()}_URL", running.get(name)
        if variable not in workload.service.settings or variable in workload.choice.env:
            continue
        routes = called.service.routes if called is not None else None
        found[variable] = f"{url}{routes.prefix if routes is not None else f'/{name}'}"
    return found


def settings(blueprint: Blueprint, workload: Workload) -> dict[str, str]:
    """Environment of a workload by variable. Only variables that it declares are derived for it."""
    declared = workload.service.settings
    known = _known(blueprint.deployment, blueprint.workloads) | _for_databases(blueprint, workload)
    deployment = blueprint.deployment
    known |= _for_auth(deployment) | _for_states(deployment) | _for_clio(deployment) | _for_redis(deployment, workload)
    found = {name: setting.default for name, setting in declared.items() if setting.default is not None}
    found |= {name: known[name] for name in declared.keys() & known.keys()}
    if workload.choice.log_level is not None and "KARST_LOG_LEVEL" in declared:
        found["KARST_LOG_LEVEL"] = workload.choice.log_level
    return dict(sorted((found | workload.choice.env).items()))


def missing_settings(found: Mapping[str, str], workload: Workload) -> tuple[str, ...]:
    """Variables without which the workload refuses to start and for which nobody gave a value."""
    return tuple(
        sorted(name for name, one in workload.service.settings.items() if one.is_required and name not in found)
    )


def _rendered(workload: Workload, name: str, template: str, values: Mapping[str, object]) -> str:
    try:
        return render(template, values)
    except RenderError as error:
        raise ValueError(f"services.{workload.name}: the setting {name} can't be computed: {error}") from error


def _for_databases(blueprint: Blueprint, workload: Workload) -> dict[str, str]:
    return {
        "KARST_SQL_HOST": blueprint.names.sql_host,
        "KARST_SQL_USER": sql_login(blueprint.deployment, workload),
        "KARST_DATABASE_ROLES": json.dumps(database_roles(blueprint, workload), sort_keys=True),
    }


def _for_auth(deployment: Deployment) -> dict[str, str]:
    """Who administers from the first start, and to which pages people come back with a token."""
    viewer = urlsplit(deployment.viewer.url)
    origins = (f"https://{deployment.host}", f"{viewer.scheme}://{viewer.netloc}")
    return {
        "DEFAULT_ADMINS": json.dumps([[one.email, one.name, one.pi] for one in deployment.auth.admins]),
        "KARST_SIGN_IN_ORIGINS": ",".join(origins),
    }


def _for_redis(deployment: Deployment, workload: Workload) -> dict[str, str]:
    """The Redis by which services of ours tell each other of changes, in a cluster; elsewhere they ask auth more often.

    Authorities and password are files among the workload's secrets.
    """
    if workload.service.image.source is not ImageOrigin.KARST or workload.runtime is not Runtime.GKE:
        return {}
    for use in workload.service.stores.cache:
        access = redis_access(deployment, use.name)
        password, authorities = (f"{SECRETS_FOLDER}/{file}" for file in redis_files(use.name))
        told = {"REDISHOST": access.host, "REDISPORT": str(access.port)}
        told |= {"KARST_REDIS_CA": authorities} if access.is_encrypted else {}
        return told | ({"KARST_REDIS_PASSWORD_FILE": password} if access.password is not None else {})
    return {}


def _for_states(deployment: Deployment) -> dict[str, str]:
    """Where the service of states finds them: where upstream's keeps them."""
    return {
        "JSON_DB_TABLE_NAME": deployment.nglstate.table,
        "KARST_DATASTORE_DATABASE": deployment.firestore.state.database,
        "NGLSTATE_BUCKET_PATH": f"gs://{_place(Names(deployment), 'nglstate')}",
    }


def _for_clio(deployment: Deployment) -> dict[str, str]:
    """What the connectomics store is told. `*` lets every page call; only those that are named may with credentials."""
    names, clio = Names(deployment), deployment.clio
    told = {
        "ALLOWED_ORIGINS": ",".join(("*", *clio.allowed_origins)),
        "CLIO_SUBVOL_WIDTH": str(clio.subvolume_width),
        "KARST_FIRESTORE_DATABASE": deployment.firestore.clio.database,
        "OWNER": clio.owner,
        "SIG_BUCKET": _place(names, "signatures"),
        "TRANSFER_DEST": _place(names, "transfer"),
        "TRANSFER_FUNC": clio.transfer_url,
    }
    return {name: value for name, value in told.items() if value is not None}


def _place(names: Names, bucket: str) -> str:
    return "/".join(filter(None, (names.bucket(bucket), names.bucket_settings(bucket).path)))


def _known(deployment: Deployment, workloads: Iterable[Workload]) -> dict[str, str]:
    names = Names(deployment)
    global_host = deployment.global_host or deployment.host
    return {
        "KARST_DEPLOYMENT": deployment.name,
        "KARST_DATASETS": f"{CONFIG_FOLDER}/{DATASETS_FILE}",
        "KARST_SERVICES": json.dumps(list(listed_services(deployment, workloads)), ensure_ascii=False, sort_keys=True),
        "KARST_HOST": deployment.host,
        "KARST_TRUSTED_HOPS": _TRUSTED_HOPS,
        "KARST_GLOBAL_HOST": global_host,
        "AUTH_URI": f"{global_host}/auth",
        "AUTH_URL": f"{global_host}/auth",
        "STICKY_AUTH_URL": f"{global_host}/sticky_auth",
        "INFO_URL": f"{global_host}/info",
        "GOOGLE_CLOUD_PROJECT": deployment.gcp.project,
        "BIGTABLE_PROJECT": names.bigtable_project,
        "BIGTABLE_INSTANCE": deployment.bigtable.instance,
    }
