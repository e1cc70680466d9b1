"""The role with which workflows plan: what a plan reads of how things are set up, and nothing that people keep."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from karst.bootstrap.identities import MARK, RENAME, create
from karst.bootstrap.step import READY, Look, blocked, differs, missing
from karst.google.client import GoogleApi, listed, quoted
from karst.google.errors import as_list


class PlanRole:
    """A step: the project's own role has exactly what a plan reads."""

    def __init__(self, api: GoogleApi, project: str, role_id: str, permissions: tuple[str, ...]) -> None:
        self.name = f"the role {role_id}"
        self.wish = (f"{len(permissions)} permissions, all of them to read how things are set up",)
        self._api, self._project, self._role_id, self._permissions = api, project, role_id, permissions

    @cached_property
    def _wanted(self) -> tuple[str, ...]:
        takes = taken_by_roles(self._api, self._project)
        return tuple(one for one in self._permissions if one in takes)

    @property
    def _left_out(self) -> tuple[str, ...]:
        """What Google gives by its own roles only; a plan may fail for want of it."""
        absent = [one for one in self._permissions if one not in self._wanted]
        return (f"without {', '.join(absent)}, which Google keeps out of such roles",) if absent else ()

    @property
    def _path(self) -> str:
        return f"v1/projects/{quoted(self._project)}/roles/{quoted(self._role_id)}"

    def look(self) -> Look:
        """Whether it is there, ours, and complete."""
        found = self._find()
        if found is None:
            return missing(*self.wish, *self._left_out)
        if MARK not in str(found.get("description", "")):
            return blocked("a role of this name exists, and Karst did not make it", f"{RENAME}.")
        if found.get("deleted"):
            return blocked(
                "it was deleted", f"Run: gcloud iam roles undelete {self._role_id} --project={self._project}"
            )
        held = _permissions(found)
        added = [f"+ {one}" for one in self._wanted if one not in held]
        # More than the table says is what a former version needed, or somebody's own addition to a role of Karst's.
        taken = [f"- {one}" for one in sorted(held - set(self._wanted))]
        return differs(*added, *taken) if added or taken else READY

    def make(self) -> None:
        """Make it, or give it what it should have."""
        found = self._find()
        role = {
            "title": f"Plan, for workflows ({self._role_id})",
            "description": f"Reads how things are set up, and nothing that people keep; {MARK}",
            "includedPermissions": list(self._wanted),
            "stage": "GA",
        }
        doing = f"make {self.name}"
        if found is None:
            path = f"v1/projects/{quoted(self._project)}/roles"
            create(self._api, "iam", path, doing, body={"roleId": self._role_id, "role": role})
        elif _permissions(found) != set(self._wanted):
            body = {**role, "etag": found.get("etag", "")}
            query = {"updateMask": "includedPermissions"}
            self._api.ask("PATCH", "iam", self._path, doing, query=query, body=body)

    def _find(self) -> Mapping[str, object] | None:
        return self._api.find("iam", self._path, f"look at {self.name}")


def taken_by_roles(api: GoogleApi, project: str) -> set[str]:
    """The permissions that Google lets stand in roles of a project's own."""
    taken: set[str] = set()
    page = ""
    while True:
        answer = api.ask(
            "POST",
            "iam",
            "v1/permissions:queryTestablePermissions",
            f"see which permissions roles of {project} may have",
            body={
                "fullResourceName": f"//cloudresourcemanager.googleapis.com/projects/{project}",
                "pageSize": 1000,
                "pageToken": page,
            },
        )
        taken |= {
            str(one.get("name"))
            for one in listed(answer, "permissions")
            if one.get("customRolesSupportLevel", "SUPPORTED") != "NOT_SUPPORTED"
        }
        page = str(answer.get("nextPageToken", ""))
        if not page:
            return taken


def _permissions(role: Mapping[str, object]) -> set[str]:
    return {str(one) for one in as_list(role.get("includedPermissions"))}
