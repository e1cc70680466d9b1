"""clio-py from the package index, pointed at our server by its `server` argument, and by nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.clients.python import Python, PythonError
from tests.clients.up import Platform

DATASET = "clio-py"
ADA = "ada@example.org"


@pytest.fixture(scope="module")
def clio(platform: Platform, python: Python) -> Iterator[Python]:
    """A session with a client of a dataset that has no DVID server."""
    dataset = {
        "description": "What clio-py reads and writes",
        "public": True,
        "tag": "v0.2",
        "uuid": "abc123",
        "versions": [{"tag": "v0.1", "uuid": "def456"}],
        "dvid": f"{platform.clio}/dvid/{DATASET}",
        "neuronEngine": "native",
    }
    assert platform.ask("POST", "/v2/datasets", {DATASET: dataset}).status_code == 200
    first = [
        {"bodyid": 154109, "type": "DNa01", "class": "descending", "user": ADA},
        {"bodyid": 9007199254740993, "type": "PAM01", "status": "Traced", "score": 2.5},
    ]
    assert platform.ask("POST", f"/v2/json-annotations/{DATASET}/neurons", first).status_code == 200
    python("import clio, jwt, json, pandas as pd")
    python(f"client = clio.Client({platform.clio!r}, dataset={DATASET!r}, token={platform.token!r})")
    yield python
    platform.ask("DELETE", "/v2/datasets", [DATASET])


def rows(clio: Python, table: str) -> list[dict[str, object]]:
    """A table without its empty places."""
    return clio(f"[{{k: v for k, v in row.items() if v == v}} for row in {table}.to_dict('records')]")


def test_a_client_finds_its_dataset_by_itself(clio: Python, platform: Platform) -> None:
    assert DATASET in clio("client.fetch_datasets()")
    assert clio("client.meta['description']") == "What clio-py reads and writes"
    with pytest.raises(PythonError, match="does not exist on the clio server"):
        clio(f"clio.Client({platform.clio!r}, dataset='nothing', token=client.token)")


def test_the_token_is_one_that_it_can_read(clio: Python) -> None:
    left_s = clio("client.token_time_left()")
    assert 0 < left_s <= 1_814_400


def test_a_token_that_the_server_makes_is_as_good(clio: Python, platform: Platform) -> None:
    made = platform.ask("POST", "/v2/server/token").json()
    clio(f"clio.set_token({made!r})")
    assert clio(f"clio.Client({platform.clio!r}, dataset={DATASET!r}).token") == made
    claims = clio(f"jwt.decode({made!r}, options={{'verify_signature': False}})")
    assert claims["iss"] == "flyem-clio-store"
    assert claims["exp"] - claims["iat"] == 1_814_400
    assert abs(claims["iat"] - time.time()) < 120


def test_a_bad_token_is_refused(clio: Python, platform: Platform) -> None:
    with pytest.raises(PythonError, match="401"):
        clio(f"clio.Client({platform.clio!r}, dataset={DATASET!r}, token='opaque')")


def test_roles(clio: Python) -> None:
    roles = clio("client.fetch_roles()")
    assert "admin" in roles["global_roles"]
    assert isinstance(roles["datasets"], dict)


def test_versions(clio: Python) -> None:
    assert clio("client.fetch_versions()") == {"v0.1": "def456", "v0.2": "abc123"}
    assert clio("[client.fetch_head_tag(), client.head_version]") == ["v0.2", "v0.2"]
    assert clio("[client.fetch_head_uuid(), client.head_uuid]") == ["abc123", "abc123"]
    assert clio("[client.tag_to_uuid('v0.1'), client.uuid_to_tag('def')]") == ["def456", "v0.1"]
    with pytest.raises(PythonError, match="404"):
        clio("client.tag_to_uuid('v9')")


def test_fields(clio: Python) -> None:
    assert {"bodyid", "type", "type_user", "type_time", "user"} <= set(clio("client.fetch_fields()"))


def test_all_annotations_come_without_a_dvid_server(clio: Python) -> None:
    found = {row["bodyid"]: row for row in rows(clio, "clio.fetch_annotations()")}
    assert found[154109]["type"] == "DNa01"
    assert 9007199254740993 in found, "ids are whole numbers, to the last digit"
    assert "type_user" not in found[154109]
    assert "type_user" in clio("list(clio.fetch_annotations(show_extra='user').columns)")
    assert "bodyid" in clio("list(clio.fetch_annotations(version='v0.2').columns)")


@pytest.mark.parametrize(
    ("asked", "bodies"),
    [
        ("154109", [154109]),
        ("[154109, 9007199254740993]", [154109, 9007199254740993]),
        ("status='Traced'", [9007199254740993]),
        ("**{'class': 'descending'}", [154109]),
        ("type='re/^DN'", [154109]),
        ("type=['DNa01', 'PAM01']", [154109, 9007199254740993]),
        ("user='ada@example.org', version='v0.2', show_extra='all'", [154109]),
        ("154109, type='PAM01'", []),
    ],
)
def test_annotations_are_found(clio: Python, asked: str, bodies: list[int]) -> None:
    assert [row["bodyid"] for row in rows(clio, f"clio.fetch_annotations({asked})")] == bodies


def test_fields_are_set_and_others_kept(clio: Python) -> None:
    clio("clio.set_fields([154109], type='DNa02', class_='ascending', protect=['class'], progress=False)")
    (row,) = rows(clio, "clio.fetch_annotations(154109, show_extra='all')")
    assert (row["type"], row["class"], row["user"]) == ("DNa02", "descending", ADA)
    assert row["type_time"] >= row["class_time"]  # type: ignore[operator]  # texts


def test_an_annotation_of_a_new_body(clio: Python) -> None:
    clio("clio.set_fields(777, type='new', progress=False)")
    assert [row["type"] for row in rows(clio, "clio.fetch_annotations(777)")] == ["new"]


def test_many_annotations_go_in_portions(clio: Python) -> None:
    clio("table = pd.DataFrame({'bodyid': range(1000, 1120), 'type': [f't{n}' for n in range(120)]})")
    clio("clio.set_annotations(table, progress=False)")
    found = rows(clio, "clio.fetch_annotations(type='re/^t[0-9]+$')")
    assert [(row["bodyid"], row["type"]) for row in found] == [(1000 + n, f"t{n}") for n in range(120)]


def test_empty_values_delete_where_they_are_meant(clio: Python) -> None:
    clio("clio.set_fields([2000, 2001], type='old', progress=False)")
    clio("table = pd.DataFrame({'bodyid': [2000, 2001], 'type': ['new', None], 'status': [None, 'Traced']})")
    clio("clio.set_annotations(table, progress=False)")
    assert [row.get("type") for row in rows(clio, "clio.fetch_annotations([2000, 2001])")] == ["new", "old"]
    clio("clio.set_annotations(table, write_empty_fields=True, progress=False)")
    assert [row.get("type") for row in rows(clio, "clio.fetch_annotations([2000, 2001])")] == ["new", None]


def test_all_that_is_there_can_be_protected(clio: Python) -> None:
    clio("clio.set_fields(3000, type='first', progress=False)")
    clio("clio.set_annotations({3000: {'type': 'second', 'status': 'Traced'}}, protect=True, progress=False)")
    (row,) = rows(clio, "clio.fetch_annotations(3000)")
    assert (row["type"], row["status"]) == ("first", "Traced")


def test_columns_that_no_annotation_has_are_refused_by_the_client(clio: Python) -> None:
    with pytest.raises(PythonError, match="invalid fields"):
        clio("clio.set_fields(154109, nobody_has_this=1, progress=False)")


def test_points_of_groups(clio: Python, platform: Platform) -> None:
    owner = platform.ask("GET", "/v2/roles").json()["email"]
    assert platform.ask("POST", "/v2/users", {owner: {"groups": ["lab"]}}).status_code == 200
    point = {"kind": "point", "pos": [1, 2, 3], "title": "T"}
    assert platform.ask("POST", f"/v2/annotations/{DATASET}", point).json() == {"key": "Pt1_2_3"}
    for asked in ("None", "'lab'"):
        (row,) = rows(clio, f"clio.fetch_group_annotations({asked})")
        assert (row["user"], row["key"], row["pos"], row["prop"]) == (owner, "Pt1_2_3", [1, 2, 3], {})


def test_which_bodies_exist(clio: Python) -> None:
    assert clio("clio.ids_exist([154109, 12]).tolist()") == [True, True]
