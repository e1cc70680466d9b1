"""Secrets of an imported platform: a reference in the configuration, a command for whoever holds the value."""

from __future__ import annotations

import re
import shlex

from karst.adoption.draft import Draft
from karst.adoption.rows import Row, words
from karst.adoption.values import Derived
from karst.config.errors import Location
from karst.drafts.placeholders import FILL_IN

_FROM_FILE = re.compile(r"--from-file=(?:(?P<name>[^\s=]+)=)?(?P<path>\S+)")
_FILE_NAME = re.compile(r"\.?[A-Za-z0-9_-][A-Za-z0-9._-]*\Z")


def hide(name: str, purpose: str, places: tuple[Location, ...], meaning: str) -> Row:
    """A variable whose value is a secret: the keys at `places` refer to it."""

    def apply(draft: Draft, variable: str) -> None:
        reference = reference_to(draft, purpose)
        for place in places:
            draft.put(place, reference, variable)
        found = draft.variable(variable)
        if found is not None and isinstance(found.value, Derived):
            draft.warn(
                variable,
                f"The file does not hold this secret itself: it is {found.value.reason}. Store the value that the "
                "running platform has.",
            )
        draft.hide(variable, meaning=meaning, reference=reference, command=store(draft, purpose))

    return Row(names=(name,), apply=apply, is_secret=True)


def hide_unused(names: str, meaning: str) -> Row:
    """Variables whose values are secrets that nothing needs any more."""

    def apply(draft: Draft, variable: str) -> None:
        draft.hide(variable, meaning=meaning)

    return Row(names=words(names), apply=apply, is_secret=True)


def reference_to(draft: Draft, purpose: str) -> str:
    """`secret:api-imported-token`: no name that Karst gives to a secret of its own."""
    return f"secret:{_secret_id(draft, purpose)}"


def store(draft: Draft, purpose: str, *, source: str | None = None) -> str:
    """The command that stores a value; it comes from standard input, or from what `source` prints."""
    create = (
        f"gcloud secrets create {_secret_id(draft, purpose)} --project={shlex.quote(project(draft))} "
        "--replication-policy=automatic --data-file=-"
    )
    return f"{source} | {create}" if source else create


def project(draft: Draft) -> str:
    """The deployment's project, for commands."""
    found = draft.get(("gcp", "project"))
    return found if isinstance(found, str) else FILL_IN


def name_of(draft: Draft) -> str:
    """The deployment's name."""
    found = draft.get(("name",))
    return found if isinstance(found, str) else FILL_IN


def _secret_id(draft: Draft, purpose: str) -> str:
    return f"{name_of(draft)}-imported-{purpose}"


def add_management_token(draft: Draft, source: str | None) -> None:
    """Management of proofreading has a token of its own, which `source` prints."""
    if not is_running(draft, "pmanagement"):
        return
    reference = reference_to(draft, "pmanagement-token")
    draft.put(("services", "pmanagement", "secrets", "CAVE_TOKEN"), reference)
    draft.hide(
        "pmanagement-secret.json",
        meaning="Management of proofreading has a token of its own.",
        reference=reference,
        command=store(draft, "pmanagement-token", source=source),
    )


def add_files(draft: Draft, environment_name: str) -> None:
    """Secrets that upstream keeps in files beside its environment: the service token, the web client, further keys."""
    folder = shlex.quote(f"secrets/{environment_name}")
    token = reference_to(draft, "service-token")
    draft.put(("secrets", "service_token"), token)
    draft.hide(
        "cave-secret.json",
        meaning="The token with which services speak to auth and info goes on being used.",
        reference=token,
        command=store(draft, "service-token", source=f"jq -j .token {folder}/cave-secret.json"),
    )
    if "global" in kinds(draft):
        _add_web_client(draft, environment_name)
    if "local" in kinds(draft):
        add_management_token(draft, f"jq -j .token {folder}/pmanagement-secret.json")


def kinds(draft: Draft) -> list[object]:
    """What the deployment runs."""
    found = draft.get(("kinds",))
    return list(found) if isinstance(found, list) else []


def is_running(draft: Draft, service: str) -> bool:
    """Whether nothing so far turned a service off."""
    return draft.get(("services", service, "enabled")) is not False


def _add_web_client(draft: Draft, environment_name: str) -> None:
    reference = reference_to(draft, "oauth-client")
    draft.put(("auth", "oauth_client"), reference, *(n for n in ("AUTH_OAUTH_SECRET",) if draft.variable(n)))
    path = shlex.quote(f"gcloud_keys/{environment_name}/oauth-secret-{environment_name}.json")
    draft.hide(
        f"oauth-secret-{environment_name}.json",
        meaning="The web client of Google's sign-in, as the file that the console gave.",
        reference=reference,
        command=store(draft, "oauth-client", source=f"cat {path}"),
    )


def extra_files(draft: Draft, name: str) -> None:
    """`--from-file=NAME=PATH ...`: keys of other projects' buckets, which services of the graph read as files."""
    found = list(_FROM_FILE.finditer(draft.text(name) or ""))
    entries: list[dict[str, str]] = []
    for match in found:
        path = match["path"].strip("\"'")
        file = (match["name"] or path.rpartition("/")[2]).strip("\"'")
        if not _FILE_NAME.match(file) or file in {entry["name"] for entry in entries}:
            draft.warn(name, "One of its files has a name that no file of a service can have, or has it twice.")
            continue
        purpose = re.sub(r"[^A-Za-z0-9_-]+", "-", file).strip("-")
        entries.append({"name": file, "secret": reference_to(draft, purpose)})
        draft.hide(
            file,
            meaning="A key file that services of the graph read, for buckets of other projects.",
            reference=entries[-1]["secret"],
            command=store(draft, purpose, source=f"cat {shlex.quote(path)}"),
        )
    if entries:
        draft.put(("secrets", "extra"), list(entries), name)
    else:
        draft.drop(name, "it names no file")
