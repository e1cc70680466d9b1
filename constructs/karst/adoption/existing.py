"""What stands already: used by name, or taken into Karst's care where a plan shows that nothing is replaced.

Databases' server, Redis, Bigtable, documents, buckets and the zone are used as they are: the old cluster goes on using
them until the new one has taken over, and to take them over would close its way to them. Network, databases, topics,
subscriptions, accounts and records of hosts are taken over: Karst adds to them what it needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from karst.adoption.draft import Draft
from karst.adoption.hosts import own_host
from karst.adoption.secrets import is_running, kinds, name_of, project
from karst.config.deployment import Deployment
from karst.derived.messages import SUBSCRIPTIONS, TOPICS
from karst.drafts.placeholders import FILL_IN, UNKNOWN_ADDRESSES, UNKNOWN_NUMBER
from karst.drafts.yaml_text import Node
from karst.name_forms import underscored
from karst.stack_names import StackNames

_MOST_ACCOUNT_CHARS = 30
_ACCOUNT = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])\Z")
_DEAD = "skeletons-dead"
_MESSAGE_NAMES = re.compile(r"(PYCHUNKEDGRAPH_(EDITS|.*REMESH)|L2CACHE|SKELETON_CACHE).*_(EXCHANGE|QUEUE)\Z")
_READERS: Mapping[str, tuple[str, ...]] = {
    "remesh-high": ("meshworker",),
    "remesh-low": ("remeshworker",),
    "l2cache-high": ("pcgl2cache-highpriority-worker",),
    "l2cache-low": ("pcgl2cache-lowpriority-worker",),
    "l2cache": ("pcgl2cache-worker",),
    "skeletons-high": ("skeletoncache-worker-high",),
    "skeletons-low": ("skeletoncache-worker-low",),
    "skeletons-dead": ("skeletoncache-worker-dead",),
}
_WRITERS: Mapping[str, tuple[str, ...]] = {
    "edits": ("pychunkedgraph", "meshing"),
    "l2cache": ("pcgl2cache",),
    "skeletons-high": ("skeletoncache",),
    "skeletons-low": ("skeletoncache",),
    "skeletons-dead": (),
}
ACCOUNTS: Mapping[str, str] = {
    "AUTH_SERVICE_ACCOUNT_NAME": "auth",
    "NGLSTATE_SERVICE_ACCOUNT_NAME": "nglstate",
    "PYCG_SERVICE_ACCOUNT_NAME": "pychunkedgraph",
    "SKELETON_SERVICE_ACCOUNT_NAME": "skeletoncache",
    "AE_SERVICE_ACCOUNT_NAME": "annotationengine",
    "PMANAGEMENT_SERVICE_ACCOUNT_NAME": "pmanagement",
}
"""Variable to the service that keeps the account."""
_UNUSED_ACCOUNTS = {
    "CLOUD_SQL_SERVICE_ACCOUNT_NAME": "services reach the databases on their private address, without a proxy",
    "CLOUD_DNS_SERVICE_ACCOUNT_NAME": "certificates are proven through records that Karst makes",
}


def add_existing(draft: Draft, neighbours: Iterable[Deployment], project_number: str | None) -> None:
    """Say of every store who keeps it, and list what is taken over."""
    others = [one for one in neighbours if one.gcp.project == project(draft) and one.name != name_of(draft)]
    _add_project(draft, others, project_number)
    _add_network(draft, others)
    if draft.get(("state",)) is None:
        draft.ask(
            "state",
            "Where Terraform keeps what it knows: write state: {bucket: ...}, which the command makes.",
            f"karst bootstrap {name_of(draft)}",
        )
    draft.put(("dns", "manage"), "existing")
    draft.put(("firestore", "state"), {"manage": "existing", "database": "(default)"})
    _add_sql(draft)
    _add_redis(draft)
    _add_buckets(draft)
    if "local" in kinds(draft):
        draft.put(("bigtable", "manage"), "existing")
        _add_messages(draft)
    _add_accounts(draft)
    _add_records(draft)


def take_over(draft: Draft, stack: str, address: str, id: str) -> None:
    """An entry of `imports`."""
    known = draft.get(("imports",))
    entries: list[Node] = list(known) if isinstance(known, list) else []
    draft.put(("imports",), [*entries, {"stack": stack, "address": address, "id": id}])


def stacks(draft: Draft) -> StackNames:
    """The deployment's stacks."""
    return StackNames(deployment=name_of(draft))


def _add_project(draft: Draft, others: Sequence[Deployment], number: str | None) -> None:
    draft.put(("gcp", "project_number"), number or next((one.gcp.project_number for one in others), UNKNOWN_NUMBER))
    if draft.get(("gcp", "project_number")) == UNKNOWN_NUMBER:
        draft.comment(("gcp", "project_number"), "Fill in: names of Google's own accounts contain it.")
        draft.ask(
            "gcp.project_number",
            "The number of the project; names of Google's own accounts contain it. --project-number sets it.",
            f"gcloud projects describe {project(draft)} --format='value(projectNumber)'",
        )
    if any(one.gcp.manage == "create" for one in others):
        draft.put(("gcp", "manage"), "existing")
        draft.comment(("gcp", "manage"), "Another deployment here enables the project's services.")


def _add_network(draft: Draft, others: Sequence[Deployment]) -> None:
    network = draft.get(("gcp", "network", "name"))
    subnet = draft.get(("gcp", "network", "subnet"))
    if not isinstance(network, str):
        return
    if any((one.gcp.network.name or f"{one.name}-network") == network for one in others):
        draft.put(("gcp", "network", "manage"), "existing")
        return
    foundation, where = stacks(draft).foundation, f"projects/{project(draft)}"
    take_over(draft, foundation, "google_compute_network.network__vpc", f"{where}/global/networks/{network}")
    if isinstance(subnet, str):
        place = f"{where}/regions/{draft.get(('gcp', 'region'))}/subnetworks/{subnet}"
        take_over(draft, foundation, "google_compute_subnetwork.network__subnet", place)
    draft.comment(
        ("gcp", "network"),
        "Upstream's network, taken over. While its old cluster stands, name the ranges that GKE gave that\n"
        "cluster under kept_ranges, or the plan would take them away.",
    )
    draft.ask(
        "gcp.network.kept_ranges",
        "Ranges of the subnet that the old cluster uses, by name; take them out when it is gone.",
        f"gcloud compute networks subnets describe {subnet or network} --project={project(draft)} "
        f"--region={draft.get(('gcp', 'region'))} --format='yaml(secondaryIpRanges)'",
    )


def _add_sql(draft: Draft) -> None:
    instance = draft.get(("sql", "instance"))
    if not isinstance(instance, str):
        # Without a name of what exists, Karst would make an instance of its own, and it would be empty.
        instance = FILL_IN
        draft.put(("sql", "instance"), instance)
        draft.ask(
            "sql.instance",
            "The instance that holds the databases, of which the file says no name. It stands in `imports`, too.",
            f"gcloud sql instances list --project={project(draft)}",
        )
    draft.put(("sql", "manage"), "existing")
    draft.put(("sql", "address"), UNKNOWN_ADDRESSES["sql"])
    draft.comment(("sql", "address"), "Fill in: the private address, which upstream's instances get by one command.")
    draft.ask(
        "sql.address",
        "The private address of the instance. Upstream's have none: give it one in the network once foundation has "
        "made the link to Google's services, and turn on cloudsql.iam_authentication; the instance restarts.",
        f"gcloud sql instances describe {instance} --project={project(draft)} --format='value(ipAddresses)'",
    )
    roles = ("auth", "info") if "global" in kinds(draft) else ("annotation", "materialization")
    defaults = {
        "auth": "authentication",
        "info": "infoservice",
        "annotation": "annotation",
        "materialization": "materialization",
    }
    for role in roles:
        database = draft.get(("sql", "databases", role)) or defaults[role]
        take_over(
            draft,
            stacks(draft).foundation,
            f"google_sql_database.sql__server__database_{underscored(str(database))}",
            f"projects/{project(draft)}/instances/{instance}/databases/{database}",
        )


def _add_redis(draft: Draft) -> None:
    roles = {"global": ("global",), "local": ("broker", "cache")}
    for role in (role for kind in kinds(draft) for role in roles.get(str(kind), ())):
        name = draft.get(("redis", role, "name"))
        draft.put(("redis", role, "manage"), "existing")
        if draft.get(("redis", role, "address")) is None:
            draft.put(("redis", role, "address"), UNKNOWN_ADDRESSES[role])
            draft.comment(("redis", role, "address"), "Fill in.")
            draft.ask(
                f"redis.{role}.address",
                "The private address of the instance.",
                f"gcloud redis instances describe {name or 'NAME'} --project={project(draft)} "
                f"--region={draft.get(('gcp', 'region'))} --format='value(host)'",
            )


def _add_buckets(draft: Draft) -> None:
    for role in ("dump", "nglstate", "pcg", "skeleton", "upload"):
        if draft.get(("buckets", role, "name")) is not None:
            draft.put(("buckets", role, "manage"), "existing")


def _add_messages(draft: Draft) -> None:
    """Topics and subscriptions that upstream has and a running service of Karst uses."""
    prefix, missing = draft.get(("pubsub", "prefix")), _never_made(draft)
    foundation, where = stacks(draft).foundation, f"projects/{project(draft)}"
    for name in filter(_MESSAGE_NAMES.match, draft.environment.variables):
        text = draft.text(name)
        if text and not text.startswith(f"{prefix}_"):
            draft.warn(
                name, f"It does not begin with {prefix}_, so Karst makes one that does, and does not read this one."
            )
    read = {role for role, services in _READERS.items() if any(is_running(draft, one) for one in services)}
    filled = {role for role, services in _WRITERS.items() if any(is_running(draft, one) for one in services)}
    used = filled | {SUBSCRIPTIONS[role].topic for role in read}
    if any(role.startswith("skeletons-") for role in read):
        used.add(_DEAD)
    for role in (role for role in TOPICS if role in used - missing):
        address = f"google_pubsub_topic.messages__{underscored(role)}__topic"
        take_over(draft, foundation, address, f"{where}/topics/{prefix}_{TOPICS[role]}")
    for role in sorted((read | ({_DEAD} & used)) - missing):
        queue = SUBSCRIPTIONS[role]
        end = "subscription" if role == _DEAD else f"subscription_{underscored(role)}"
        address = f"google_pubsub_subscription.messages__{underscored(queue.topic)}__{end}"
        take_over(draft, foundation, address, f"{where}/subscriptions/{prefix}_{queue.suffix}")


def _never_made(draft: Draft) -> set[str]:
    """Roles of topics and subscriptions that upstream calls otherwise, or makes only where their names are set."""
    if draft.variable("project_id"):
        return {"l2cache-high", "l2cache-low"}
    return set() if draft.text("SKELETON_CACHE_DEAD_LETTER_EXCHANGE") else {_DEAD}


def _add_accounts(draft: Draft) -> None:
    """One account stays with one service; upstream gives the same one to many, and those get accounts of their own."""
    for variable, reason in _UNUSED_ACCOUNTS.items():
        if draft.variable(variable):
            draft.drop(variable, reason)
    for variable, service in ACCOUNTS.items():
        if draft.variable(variable):
            keep_account(draft, variable, service, draft.text(variable))


def keep_account(draft: Draft, variable: str, service: str, account: str | None) -> None:
    """Let a service keep the account that upstream made for it."""
    if service not in _services_of_kind(draft) or not is_running(draft, service):
        draft.drop(variable, f"{service} does not run here")
        return
    if account is None:
        draft.drop(variable, draft.why_not(variable) or "it is empty")
        return
    if not 6 <= len(account) <= _MOST_ACCOUNT_CHARS or not _ACCOUNT.match(account):
        draft.drop(variable, "no account can have such a name")
        draft.warn(
            variable,
            f"Accounts have 6 to {_MOST_ACCOUNT_CHARS} characters, so it was never made. The service gets its own.",
        )
        return
    draft.put(("services", service, "account"), account, variable)
    take_over(
        draft,
        stacks(draft).foundation,
        f"google_service_account.identities__{underscored(service)}__account",
        f"projects/{project(draft)}/serviceAccounts/{account}@{project(draft)}.iam.gserviceaccount.com",
    )
    if service == "pychunkedgraph":
        draft.warn(
            variable,
            "Upstream gave this account rights over all databases and buckets of the project, and ten programs share "
            "its key. Once the old cluster is gone, take these rights and its keys away: Karst grants what is needed.",
        )


def _services_of_kind(draft: Draft) -> frozenset[str]:
    found: set[str] = set()
    if "global" in kinds(draft):
        found |= {"auth", "nglstate"}
    if "local" in kinds(draft):
        found |= {"pychunkedgraph", "skeletoncache", "annotationengine", "pmanagement"}
    return frozenset(found)


def _add_records(draft: Draft) -> None:
    """Records of hosts move to the new cluster when the edge is deployed: that is the cut-over."""
    listed = draft.get(("dns", "hostnames"))
    extra = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    main = str(draft.get(("dns", "zone")))
    for host, zone in [(own_host(draft), main), *((str(one["name"]), str(one.get("zone") or main)) for one in extra)]:
        take_over(
            draft,
            stacks(draft).edge,
            f"google_dns_record_set.front__alias_{underscored(host)}_a__record",
            f"projects/{project(draft)}/managedZones/{zone}/rrsets/{host}./A",
        )
