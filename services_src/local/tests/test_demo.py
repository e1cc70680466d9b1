"""The first user and the datasets: declared fields win, everything else is left as people made it."""

from __future__ import annotations

from karst_local.demo import seed
from karst_local.deployment import Deployment
from karst_platform.stores.documents import Documents, Write
from services_src.local.tests.runner import DEPLOYMENT

USER = ("clio_users", "ada@example.org")
TINY = ("clio_datasets", "tiny")


def told() -> Deployment:
    return Deployment.model_validate(dict(DEPLOYMENT))


async def test_datasets_of_clio_and_the_first_user_are_made(documents: Documents) -> None:
    assert await seed(documents, told()) == 2
    assert await documents.children(("clio_datasets",)) == ["tiny"]
    tiny, user = await documents.get(TINY), await documents.get(USER)
    assert tiny is not None
    assert user is not None
    assert tiny.fields == {
        "title": "Tiny",
        "description": "Synthetic",
        "public": False,
        "mainLayer": "grayscale",
        "neuroglancer": {
            "layers": [
                {"name": "grayscale", "type": "image", "source": {"url": "precomputed://gs://tiny"}},
                {"name": "seg", "type": "segmentation", "source": {"url": "graphene://example"}},
            ]
        },
        "versions": [{"tag": "v0.1"}],
        "position": [1.0, 2.0, 3.0],
    }
    assert user.fields["global_roles"] == ["admin", "clio_general", "clio_write"]


async def test_a_second_time_nothing_is_written(documents: Documents) -> None:
    await seed(documents, told())
    assert await seed(documents, told()) == 0


async def test_what_people_added_stays_and_what_is_declared_wins(documents: Documents) -> None:
    await seed(documents, told())
    tiny = await documents.get(TINY)
    assert tiny is not None
    await documents.write(
        Write(path=TINY, fields={**tiny.fields, "tag": "v0.3", "title": "Renamed"}),
        Write(path=USER, fields={"global_roles": [], "name": "Ada L."}),
    )
    assert await seed(documents, told()) == 1
    tiny, user = await documents.get(TINY), await documents.get(USER)
    assert tiny is not None
    assert user is not None
    assert (tiny.fields["tag"], tiny.fields["title"]) == ("v0.3", "Tiny")
    assert user.fields == {"global_roles": [], "name": "Ada L."}
