"""The reference page of permissions in Google Cloud, from the table that bootstrap and doctor go by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from karst.bootstrap.rights_table import Right

_RESOURCES = ("Resources", "Kinds", "To plan", "Also, to deploy", "Role of whoever deploys")
_ACCOUNTS = ("Account", "Behind the pool", "May be", "Holds in the project", "Holds on the bucket of states")
_INTRODUCTION = """\
What each type of resource asks, in the deployment's project, of whoever plans it and of whoever deploys it.
`karst doctor NAME` tests exactly these of you, and `karst bootstrap NAME` grants them to the workflows of the
repository that `ci` names. They come from Google's reference, and have not been tried in a real project yet."""
_NEITHER = """\
Neither has a key. Who plans reads no object, row, document or secret of the platform. It does read states, in which the
password of Redis stands; and whoever may push to a branch of the repository may open a pull request that prints them.
Who deploys may start programs as the accounts that Cloud Run, machines of clusters and Cloud Build run as; foundation
grants that one by one. Plans of `<name>-plan` don't lock states: `cdktf diff -lock=false`."""


def rights_page(note: str) -> str:
    """The whole page; the same code gives the same bytes."""
    from karst.bootstrap.rights import FIRST, FIRST_WITH_CI
    from karst.bootstrap.rights_table import ALSO_DEPLOYS, ALSO_WRITES, RIGHTS
    from karst.project_facts import FIRST_APIS

    apis = _codes(f"{one}.googleapis.com" for one in sorted(FIRST_APIS))
    parts = [
        "# Permissions in Google Cloud",
        note,
        _INTRODUCTION,
        "\n".join(_table(_RESOURCES, (_row(right) for right in RIGHTS))),
        f"Building images also takes {_codes(ALSO_WRITES)}. Who deploys also holds {_codes(sorted(ALSO_DEPLOYS))}.",
        "## Accounts of workflows",
        "\n".join(_table(_ACCOUNTS, _accounts())),
        _NEITHER,
        "## Whoever runs `karst bootstrap`",
        f"Always: {_codes(FIRST)}.",
        f"With `ci`: {_codes(FIRST_WITH_CI)}.",
        f"It switches on {apis}; the foundation stack switches on all others.",
    ]
    return "\n\n".join(parts) + "\n"


def _accounts() -> Iterator[tuple[str, ...]]:
    from karst.project_facts import ProjectRole

    yield (
        "`<name>-plan`",
        "`<name>-plan`",
        "jobs of the repository: of the branch, and of pull requests to it from within the repository",
        (
            "`karst_plan_<name>`, a role of the project with the column *To plan* and no more; "
            "`roles/storage.objectViewer` on the bucket with the configuration of services"
        ),
        "`roles/storage.objectViewer`",
    )
    yield (
        "`<name>-deploy`",
        "`<name>-deploy`",
        "jobs of the branch in the one environment of GitHub",
        (
            "the roles of the last column; `roles/resourcemanager.projectIamAdmin` only to grant "
            f"{_codes(sorted(ProjectRole))} and the project's own role for exports of databases"
        ),
        "`roles/storage.objectUser`",
    )


def _row(right: Right) -> tuple[str, ...]:
    from karst.config.types import Kind

    kinds = "all" if right.kinds == frozenset(Kind) else ", ".join(sorted(right.kinds))
    return _codes(right.types), kinds, _codes(right.reads), _codes(right.writes), f"`{right.role}`"


def _codes(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for line in (header, ("---",) * len(header), *rows):
        yield "| " + " | ".join(line) + " |"
