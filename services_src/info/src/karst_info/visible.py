"""Who may see what: auth knows aligned volumes and datastacks by their names, each in a namespace of its own."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import Request

from karst_info.catalogue import Stack, Volume
from karst_info.current import Current
from karst_platform.cave.errors import CaveError
from karst_platform.cave.guard.guard import Guard
from karst_platform.cave.guard.record import UserRecord
from karst_platform.cave.guard.tables import VIEW, Permission, visible

DATASTACK, VOLUME = "datastack", "aligned_volume"
"""The namespaces."""
_SHOWN_CHARACTERS = 100


class VolumeById(Permission):
    """Asks for `view` of the aligned volume whose id the path names."""

    def __init__(self, current: Current) -> None:
        super().__init__(VIEW, namespace=VOLUME, table="volume_id", dataset=None, ignore_tos=False, public=None)
        self._current = current

    async def dataset(self, guard: Guard, request: Request) -> str:
        """The dataset of the volume. Raises CaveError where there is no volume, or no dataset of it."""
        name = by_id(self._current, str(request.path_params[self.about])).name
        return await self.dataset_of_table(guard, name)


async def datastacks_for(request: Request, caller: UserRecord, among: Iterable[Stack]) -> list[Stack]:
    """Those that the caller may see, terms of service aside; one question to auth."""
    named = {each.name: each for each in among}
    return [named[name] for name in await visible(request, caller, named, namespace=DATASTACK, ignore_tos=True)]


async def volumes_for(request: Request, caller: UserRecord, among: Iterable[Volume]) -> list[Volume]:
    """Those that the caller may see, terms of service aside; one question to auth."""
    named = {each.name: each for each in among}
    return [named[name] for name in await visible(request, caller, named, namespace=VOLUME, ignore_tos=True)]


def stack_of(current: Current, name: str) -> Stack:
    """The datastack of a name. Raises CaveError, 404."""
    found = current.get().datastacks.get(name)
    if found is None:
        raise unknown("datastack", name)
    return found


def volume_of(current: Current, name: str) -> Volume:
    """The aligned volume of a name. Raises CaveError, 404."""
    found = current.get().volumes.get(name)
    if found is None:
        raise unknown("aligned volume", name)
    return found


def by_id(current: Current, told: str) -> Volume:
    """The aligned volume of an id. Raises CaveError, 404."""
    is_number = told.isascii() and told.isdigit() and len(told) < 20
    found = current.get().volumes_by_id.get(int(told)) if is_number else None
    if found is None:
        raise unknown("aligned volume", told)
    return found


def unknown(what: str, name: str) -> CaveError:
    """The answer where there is no such thing."""
    shown = name if len(name) <= _SHOWN_CHARACTERS else f"{name[:_SHOWN_CHARACTERS]}..."
    return CaveError(404, "not_found", f"There is no {what} '{shown}'.")
