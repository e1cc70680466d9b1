"""The first user and the datasets: declared fields win, everything else is left as people made it."""

from __future__ import annotations

import orjson

from karst_clio.neurons.engine import ALL, Asked
from karst_clio.neurons.merge import Posting
from karst_clio.neurons.metadata import Versions
from karst_clio.neurons.native import NativeEngine
from karst_local.demo import seed
from karst_local.deployment import Deployment
from karst_local.invented import COUNT, invent
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


async def test_the_demo_has_neurons_that_stay_as_people_leave_them(documents: Documents) -> None:
    engine = NativeEngine(documents, "neurons", "tiny", Versions())
    assert await invent(documents, told(), 1.0) == COUNT
    await engine.delete(10_001, Posting(user="ada@example.org", at_s=2.0))
    await engine.write([{"bodyid": 10_002, "type": "mine"}], Posting(user="ada@example.org", at_s=2.0), "")
    assert await invent(documents, told(), 3.0) == 0
    found = orjson.loads(b"".join([part async for part in engine.all(Asked(), after=None, size=ALL)]))
    assert [each["bodyid"] for each in found] == list(range(10_002, 10_001 + COUNT))
    assert found[0]["type"] == "mine"


async def test_other_deployments_start_empty(documents: Documents) -> None:
    lab = Deployment.model_validate({**DEPLOYMENT, "name": "lab"})
    assert await invent(documents, lab, 1.0) == 0
    assert await documents.children(("clio_annotations_global",)) == []
