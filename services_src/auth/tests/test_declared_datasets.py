"""Datasets that a deployment declares, and the token of its services: there from the first start, then people's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from karst_auth.changes import datasets, tables, users
from karst_auth.changes.ledger import DEPLOYMENT
from karst_auth.declared import DeclaredError, declare_services
from karst_auth.declared_datasets import DatasetsFile, apply_datasets, read_datasets
from karst_auth.main import Auth
from karst_auth.model import Dataset, Group, Tos
from services_src.auth.tests.world import World

TINY = {
    "name": "tiny",
    "auth_dataset": "tiny_auth",
    "groups": {
        "viewers": {"permissions": ["view"], "members": ["NOBODY@example.org", "stranger@example.org"]},
        "makers": {"permissions": ["view", "edit", "unheard_of"]},
    },
    "table_mappings": [
        {"service": "datastack", "table": "tiny", "dataset": "tiny_auth"},
        {"service": "datastack", "table": "h01_v1", "dataset": "tiny_auth"},
    ],
    "terms_of_service": "Tiny terms",
    "image_source": "precomputed://gs://tiny",
}
DECLARED = DatasetsFile.model_validate({"version": 1, "datasets": [TINY]})


async def test_declared_datasets_are_made_once_and_can_be_used(auth: Auth, world: World) -> None:
    for _ in range(2):
        await apply_datasets(auth.needs.ledger, DECLARED)
    nobody = await auth.needs.tables.record(world.tokens["nobody"])
    assert nobody is not None
    assert nobody.groups == ("default", "viewers")
    assert nobody.permissions_ignoring_tos["tiny_auth"] == ("view",)
    assert [each.tos_name for each in nobody.missing_tos if each.dataset_name == "tiny_auth"] == ["Tiny terms"]
    assert await auth.needs.tables.datasets_of("datastack", ["tiny", "h01_v1"]) == {
        "tiny": "tiny_auth",
        "h01_v1": "h01",
    }
    async with auth.needs.database.begin() as session:
        assert len((await session.scalars(select(Group).where(Group.name == "makers"))).all()) == 1
        assert len((await session.scalars(select(Tos).where(Tos.name == "Tiny terms"))).all()) == 1


async def test_what_people_changed_stays(auth: Auth, world: World) -> None:
    await apply_datasets(auth.needs.ledger, DECLARED)
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        dataset_id = await change.session.scalar(select(Dataset.id).where(Dataset.name == "tiny_auth"))
        assert dataset_id is not None
        await datasets.update(change, dataset_id=dataset_id, values={"tos_id": None}, may_rename=True)
        group_id = world.groups["viewers"]
        await datasets.revoke(change, dataset_id=dataset_id, group_id=group_id, permission_id=1)
        await tables.unmap_table(change, namespace="datastack", table="tiny", dataset="tiny_auth")
        await tables.map_table(change, namespace="datastack", table="tiny", dataset="h01")
    await apply_datasets(auth.needs.ledger, DECLARED)
    nobody = await auth.needs.tables.record(world.tokens["nobody"])
    assert nobody is not None
    assert "tiny_auth" not in nobody.permissions_ignoring_tos
    assert await auth.needs.tables.datasets_of("datastack", ["tiny"]) == {"tiny": "h01"}


def test_files_that_are_none_are_told(tmp_path: Path) -> None:
    path = tmp_path / "datasets.json"
    with pytest.raises(DeclaredError, match="can't be read"):
        read_datasets(path)
    for text in ("", "[]", '{"version": 2}', '{"version": 1, "datasets": [{}]}'):
        path.write_text(text)
        with pytest.raises(DeclaredError, match="mistakes"):
            read_datasets(path)
    path.write_text(json.dumps({"version": 1, "datasets": [TINY]}))
    assert read_datasets(path) == DECLARED


async def test_the_services_token_works_from_the_first_start_and_is_followed(auth: Auth) -> None:
    for token in ("a" * 48, "a" * 48, "b" * 48):
        await declare_services(auth.needs.ledger, token)
        found = await auth.needs.tables.record(token)
        assert found is not None
        assert (found.email, found.admin, found.has_role) == ("karst@serviceaccount", False, True)
    assert await auth.needs.tables.record("a" * 48) is None


async def test_a_token_that_was_taken_over_stays_whose_it_is(auth: Auth, world: World) -> None:
    await declare_services(auth.needs.ledger, world.tokens["robot"])
    found = await auth.needs.tables.record(world.tokens["robot"])
    assert found is not None
    assert found.id == world.users["robot"]
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        await users.remove(change, user_id=world.users["robot"])
