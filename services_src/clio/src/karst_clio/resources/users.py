"""Users and their roles, managed by administrators; where there is an auth gateway, it has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, HTTPException
from pydantic import AfterValidator, RootModel, model_validator

from karst_clio.identity.guard import Admin
from karst_clio.identity.own_tokens import is_address
from karst_clio.identity.records import UserChange
from karst_clio.identity.user import EXAMPLE as USER_EXAMPLE
from karst_clio.identity.user import User
from karst_clio.needs import Needs
from karst_clio.web.methods import post_or_put
from karst_clio.web.operations import answers
from karst_clio.web.routes import Routes

_MISPLACED = "datasets"


def _address(email: str) -> str:
    if "@" not in email or not is_address(email):
        raise ValueError("users are named by their e-mail addresses, like ada@example.org")
    return email


class UserChanges(RootModel[dict[Annotated[str, AfterValidator(_address)], UserChange]]):
    """Changes by e-mail."""

    @model_validator(mode="before")
    @classmethod
    def _with_datasets_in_place(cls, changes: object) -> object:
        """Take `datasets` beside a single e-mail for that user's: the project's own example has it there."""
        if not isinstance(changes, Mapping) or len(changes) != 2 or not _are_roles(changes.get(_MISPLACED)):
            return changes
        ((email, change),) = ((key, value) for key, value in changes.items() if key != _MISPLACED)
        return {email: {_MISPLACED: changes[_MISPLACED], **change}} if isinstance(change, Mapping) else changes


def router(needs: Needs) -> APIRouter:
    """Routes of `users`."""
    routes = Routes(tags=["Users"])
    identity = needs.identity

    def refuse_beside_gateway() -> None:
        if identity.gateway is not None:
            raise HTTPException(501, f"Users are managed by the auth gateway at {identity.gateway.url}.")

    @routes.get("/users", responses=answers({USER_EXAMPLE["email"]: USER_EXAMPLE}, 501))
    async def users(caller: Admin) -> dict[str, User]:
        """Show all users by e-mail."""
        del caller
        refuse_beside_gateway()
        return {email: user async for email, user in identity.records.all()}

    @post_or_put(routes, "/users", responses={501: {}})
    async def change_users(caller: Admin, changes: Annotated[UserChanges, Body(openapi_examples=_EXAMPLES)]) -> None:
        """Add users and change them. What is not sent of a user keeps its value; roles that are sent replace."""
        del caller
        refuse_beside_gateway()
        await identity.records.change(changes.root)

    @routes.delete("/users", responses={501: {}})
    async def remove_users(caller: Admin, emails: Annotated[list[str], Body(examples=[["ada@example.org"]])]) -> None:
        """Remove users; unknown ones are no mistake. Their data stays."""
        del caller
        refuse_beside_gateway()
        await identity.records.remove(emails)

    return routes


def _are_roles(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(each, list) for each in value.values())


_EXAMPLES: Any = {
    "role": {"value": {"ada@example.org": {"global_roles": ["clio_general"], "datasets": {"mb20": ["clio_write"]}}}}
}
