"""Annotations of points, lines and spheres in a dataset, each of them a user's own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, HTTPException, Query
from starlette.responses import Response

from karst_clio.identity.guard import NO_PERMISSION, AnyWriter, Reader, Remover, check_writes_for
from karst_clio.identity.user import Caller
from karst_clio.needs import Needs
from karst_clio.resources.annotation_model import Annotation, Posted, Shown
from karst_clio.resources.annotation_store import ROOT, Annotations, Writing
from karst_clio.resources.ids import can_exist
from karst_clio.web.answers import json_answer
from karst_clio.web.methods import post_or_put
from karst_clio.web.operations import answers
from karst_clio.web.routes import Routes
from karst_platform.stores.documents import Fields, Path

_NAMES = "Names, by commas."
_POSTED = {"kind": "point", "pos": [18416, 16369, 26467], "tags": ["soma"], "title": "T", "prop": {}}
_SHOWN = {
    "user": "ada@example.org",
    "key": "Pt18416_16369_26467",
    "kind": "point",
    "pos": [18416, 16369, 26467],
    "prop": {},
    "tags": ["soma"],
    "title": "T",
    "description": "d",
}


def router(needs: Needs) -> APIRouter:
    """Routes of `annotations`."""
    routes = Routes(prefix="/annotations/{dataset}", tags=["Annotations"])
    annotations = Annotations(needs.documents)

    @routes.get("", response_model=list[Shown], responses=answers([_SHOWN]))
    async def read(
        dataset: str,
        caller: Reader,
        groups: Annotated[str, Query(description=f"Groups whose members' annotations to add. {_NAMES}")] = "",
        user: Annotated[str, Query(description="Whose to show instead of the caller's; for administrators.")] = "",
    ) -> Response:
        """Show annotations, in order of users and keys."""
        if user and not caller.is_(user) and not caller.is_admin:
            raise HTTPException(401, NO_PERMISSION)
        users = {user, user.lower()} if user and not caller.is_(user) else {caller.email}
        if groups:
            members = await needs.identity.members(caller, _groups(caller, groups))
            users |= {spelling for member in members if not caller.is_(member) for spelling in (member, member.lower())}
        return json_answer(await annotations.of_users(dataset, users))

    @post_or_put(routes, "", responses=answers({"key": _SHOWN["key"]}))
    async def write(
        dataset: str,
        caller: AnyWriter,
        posted: Annotated[Posted, Body(examples=[_POSTED, [_POSTED]])],
        *,
        replace: Annotated[bool, Query(description="Let stored fields disappear that are not sent.")] = True,
        conditional: Annotated[
            str, Query(description=f"Fields that keep a stored value; only with `replace=false`. {_NAMES}")
        ] = "",
        move_key: Annotated[str, Query(description="Key of an annotation to remove, which this one was.")] = "",
    ) -> dict[str, str | list[str]]:
        """Write an annotation or a list of them, and answer with `key` or `keys` in the same order."""
        is_list = isinstance(posted, list)
        if is_list and move_key:
            raise HTTPException(400, "move_key moves one annotation: post one, not a list.")
        each = posted if isinstance(posted, list) else [posted]
        owners = {one.user: _owner(caller, one.user) for one in each}
        for owner in set(owners.values()):
            check_writes_for(caller, owner, dataset)
        new = [_document(dataset, owners[one.user], one) for one in each]
        moved = (*new[0][0][:-1], move_key) if move_key else None
        kept = frozenset(name.strip() for name in conditional.split(",")) - {"user"}
        writing = Writing(
            is_replacing=replace, kept=kept, moved=moved if moved is not None and can_exist(moved) else None
        )
        await annotations.write(new, writing)
        keys = [path[-1] for path, _ in new]
        return {"keys": keys} if is_list else {"key": keys[0]}

    @routes.delete("/{key}")
    async def remove(
        dataset: str,
        key: str,
        caller: Remover,
        user_email: Annotated[str, Query(description="Whose it is; the caller's where this is missing.")] = "",
    ) -> None:
        """Remove an annotation; one that isn't there is no mistake."""
        await annotations.remove((ROOT, dataset, _owner(caller, user_email or None), key))

    return routes


def _owner(caller: Caller, user: str | None) -> str:
    return caller.email if user is None or caller.is_(user) else user


def _document(dataset: str, owner: str, annotation: Annotation) -> tuple[Path, Fields]:
    """Where an annotation goes and what is stored."""
    return (ROOT, dataset, owner, annotation.key), annotation.sent() | {"user": owner}


def _groups(caller: Caller, names: str) -> list[str]:
    wanted = list(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    allowed = wanted if caller.is_admin else [name for name in wanted if name in caller.user.groups]
    if not allowed:
        raise HTTPException(400, f"You belong to none of these groups: {', '.join(wanted)}.")
    return allowed
