"""What a route asks about a table: a permission on its dataset, or the administration of it."""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus

from fastapi import Request

from karst_platform.cave.errors import CaveError
from karst_platform.cave.guard.authority import Freshness
from karst_platform.cave.guard.checks import Check, missing_role
from karst_platform.cave.guard.guard import Guard, RedirectError, guard_of
from karst_platform.cave.guard.public import PublicBy
from karst_platform.cave.guard.record import UserRecord

EDIT = "edit"
VIEW = "view"


def require(
    permission: str,
    *,
    namespace: str | None = None,
    table: str = "table_id",
    dataset: str | None = None,
    ignore_tos: bool = False,
    public: PublicBy | None = None,
) -> Permission:
    """Ask for a permission on the dataset of the table that the path's variable `table` names.

    `dataset` names the dataset itself. `ignore_tos` lets in whoever has yet to accept its terms. `public` says what
    anybody may read; nothing makes editing public.
    """
    return Permission(
        permission, namespace=namespace, table=table, dataset=dataset, ignore_tos=ignore_tos, public=public
    )


class OnTable(Check):
    """Asks something about the dataset of a table. Without a namespace it is the guard's."""

    def __init__(
        self, name: str, *, freshness: Freshness, namespace: str | None, table: str, dataset: str | None
    ) -> None:
        super().__init__(name, freshness=freshness, about=table)
        self._namespace, self._dataset = namespace, dataset

    async def dataset(self, guard: Guard, request: Request) -> str:
        """The dataset. Raises CaveError where the path names no table, or one without a dataset."""
        if self._dataset is not None:
            return self._dataset
        table = request.path_params.get(self.about)
        if not table:
            raise CaveError(HTTPStatus.BAD_REQUEST, "missing_table_id", "Missing table_id")
        return await self.dataset_of_table(guard, str(table))

    async def dataset_of_table(self, guard: Guard, table: str) -> str:
        """The dataset of a table. Raises CaveError where it has none."""
        namespace = self._namespace or guard.namespace
        dataset = await guard.authority.dataset_of(namespace, table, self.freshness)
        if dataset is None:
            data = {"table_id": table, "resource_namespace": namespace}
            raise CaveError(HTTPStatus.BAD_REQUEST, "invalid_table_id", "Invalid table_id for service", data=data)
        return dataset


class Permission(OnTable):
    """Asks for a permission; made by `require`."""

    def __init__(
        self,
        permission: str,
        *,
        namespace: str | None,
        table: str,
        dataset: str | None,
        ignore_tos: bool,
        public: PublicBy | None,
    ) -> None:
        name = f"{permission} of {dataset or namespace or 'table'}{', or public' if public is not None else ''}"
        freshness = Freshness.CACHED if permission == VIEW else Freshness.RECENT
        super().__init__(name, freshness=freshness, namespace=namespace, table=table, dataset=dataset)
        if permission == EDIT and public is not None:
            raise ValueError("nothing makes editing public")
        self.permission, self._ignore_tos, self._public = permission, ignore_tos, public

    async def is_public(self, guard: Guard, request: Request) -> bool:
        """Whether anybody may read what is asked for."""
        if self._public is None:
            return False
        return await self._public(guard.authority, str(request.path_params.get(self.about, "")), request)

    async def denial(self, guard: Guard, user: UserRecord, request: Request) -> Exception | None:
        """Say which permission, or which terms."""
        dataset = await self.dataset(guard, request)
        is_allowed = user.may(self.permission, dataset, ignore_tos=self._ignore_tos)
        if is_allowed or await self.is_public(guard, request):
            return None
        missing = next((each for each in user.missing_tos if each.dataset_name == dataset), None)
        if missing is None or not user.may(self.permission, dataset, ignore_tos=True):
            return CaveError(
                HTTPStatus.FORBIDDEN,
                "missing_permission",
                f"Missing permission: {self.permission} for dataset {dataset}",
                data={"required_permission": self.permission, "auth_dataset": dataset},
            )
        form = guard.places.tos_form(missing.tos_id)
        if not guard.carried(request).is_programmatic:
            return RedirectError(f"{form}?redirect={guard.return_address(request)}")
        return CaveError(
            HTTPStatus.FORBIDDEN,
            "missing_tos",
            "Need to accept Terms of Service to access resource.",
            data={"tos_id": missing.tos_id, "tos_name": missing.tos_name, "tos_form_url": form},
        )


class DatasetAdmin(OnTable):
    """Asks that the caller administers the dataset of a table, or all of them."""

    def __init__(self, *, namespace: str | None = None, table: str = "table_id", dataset: str | None = None) -> None:
        super().__init__("dataset admin", freshness=Freshness.RECENT, namespace=namespace, table=table, dataset=dataset)

    async def denial(self, guard: Guard, user: UserRecord, request: Request) -> Exception | None:
        """Say of which dataset."""
        dataset = await self.dataset(guard, request)
        if user.admin or dataset in user.datasets_admin:
            return None
        return missing_role("dataset_admin", f"Missing role: dataset_admin for dataset {dataset}", dataset)


async def visible(
    request: Request,
    user: UserRecord,
    tables: Collection[str],
    *,
    namespace: str | None = None,
    permission: str = VIEW,
    ignore_tos: bool = False,
) -> list[str]:
    """Those of `tables`, in their order, that the user has the permission on; one question to auth, for listings.

    Tables that belong to no dataset are left out. Raises AuthorityUnavailableError: an empty list would be a lie.
    """
    guard = guard_of(request)
    if guard.is_disabled:
        return list(tables)
    datasets = await guard.authority.datasets_of(namespace or guard.namespace, tables)
    allowed = {table for table, dataset in datasets.items() if user.may(permission, dataset, ignore_tos=ignore_tos)}
    return [table for table in tables if table in allowed]


async def share_a_group(request: Request, user: UserRecord, other_id: int, excluded: Collection[str] = ()) -> bool:
    """Whether the user is in a group with another, `excluded` ones aside. Raises CaveError where there is no other."""
    guard = guard_of(request)
    if guard.is_disabled:
        return True
    other = await guard.authority.record_of_user(other_id)
    if other is None:
        raise CaveError(HTTPStatus.NOT_FOUND, "not_found", f"There is no user {other_id}.")
    return bool(set(user.groups) & set(other.groups) - set(excluded))
