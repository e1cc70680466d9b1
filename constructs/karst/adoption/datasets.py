"""The datasets of a local deployment, as far as its files know them: names of datastacks and graphs.

Images, voxel sizes and which datastack shows which graph stand in upstream's info service, not in its files. Where a
dataset needs them, `fill-in` stands, and the report says where to look.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from karst.adoption import parse
from karst.adoption.draft import Draft
from karst.adoption.hosts import own_host
from karst.adoption.rows import parsed
from karst.drafts.placeholders import FILL_IN
from karst.drafts.yaml_text import Node
from karst.name_forms import shorten

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")
_TABLE = re.compile(r"[_a-zA-Z0-9][-_.a-zA-Z0-9]{0,49}\Z")
_MOST_CHARS = 30
_SUPPORTED, _MATERIALIZED, _GRAPHS = "SUPPORTED_DATASTACKS", "MAT_DATASTACKS", "PCG_GRAPH_IDS"
_HEALTH = "MAT_HEALTH_ALIGNED_VOLUME_NAME"
_PLACES: Mapping[str, tuple[str, ...]] = {"GUIDEBOOK_DATASTACK": ("guidebook", "datastack")}


def add_datasets(draft: Draft) -> None:
    """One file with everything that is known, named after the aligned volume that health checks ask for."""
    graphs = [one for one in _names(draft, _GRAPHS) if _TABLE.match(one)]
    materialized = _names(draft, _MATERIALIZED)
    if draft.text(_MATERIALIZED) and len(materialized) > 1:
        draft.warn(
            _MATERIALIZED,
            "Upstream's renderer makes one name of this list, commas and all. It is read as the list it is.",
        )
    stacks = list(dict.fromkeys((*_names(draft, _SUPPORTED), *materialized, *_chosen(draft))))
    if not stacks and not graphs:
        _settle(draft, "it names nothing")
        return
    volume = _volume(draft, stacks or graphs)
    file = _file_name(volume)
    draft.put_in_dataset(file, ("name",), file)
    _add_volume(draft, file, volume)
    _add_graphs(draft, file, graphs)
    _add_stacks(draft, file, stacks, graphs)
    _add_rest(draft, file, materialized)
    _settle(draft, "its names stand with others")


def _names(draft: Draft, variable: str) -> list[str]:
    found = list(dict.fromkeys(draft.items(variable)))
    good = [one for one in found if _NAME.match(one) and len(one) <= 100]
    if len(good) < len(found):
        draft.warn(variable, "One of its names can't stand in a URL, and is left out.")
    return good


def _chosen(draft: Draft) -> list[str]:
    """Datastacks that single programs name."""
    dash = draft.get(("dash", "datastacks"))
    named = [name for variable in _PLACES for name in _names(draft, variable)[:1]]
    return [*named, *(dash if isinstance(dash, dict) else {})]


def _volume(draft: Draft, names: Sequence[str]) -> str:
    volume = next(iter(_names(draft, _HEALTH)), None)
    return volume or names[0]


def _file_name(volume: str) -> str:
    """A name for the file: lower case, and no more than names of stacks can carry."""
    bare = re.sub(r"[^a-z0-9_-]+", "_", volume.lower()).lstrip("_-0123456789").rstrip("_-") or "data"
    return shorten(bare, _MOST_CHARS)


def _add_volume(draft: Draft, file: str, volume: str) -> None:
    draft.put_in_dataset(
        file,
        ("aligned_volume", "name"),
        volume,
        *([_HEALTH] if draft.variable(_HEALTH) and volume in draft.items(_HEALTH) else []),
    )
    draft.put_in_dataset(file, ("aligned_volume", "images"), f"precomputed://{FILL_IN}/images")
    draft.put_in_dataset(file, ("aligned_volume", "resolution_nm"), [4, 4, 40])
    draft.comment_dataset(
        file,
        ("aligned_volume",),
        f"Fill in: the name of the volume, which is its database's too, the images (in place of {FILL_IN})\n"
        "and the size of a voxel. The info service of the global deployment knows them.",
    )
    host = draft.get(("global", "host"))
    draft.ask(
        f"datasets/{file}.yaml: aligned_volume",
        "Images, size of a voxel and name of the aligned volume. Where datastacks have different volumes, split the "
        "file: a dataset is one aligned volume.",
        f'curl -H "Authorization: Bearer $TOKEN" https://{host}/info/api/v2/datastack/full/DATASTACK',
    )


def _add_graphs(draft: Draft, file: str, graphs: Sequence[str]) -> None:
    tables = draft.get(("l2cache", "tables"))
    known = tables if isinstance(tables, dict) else {}
    for graph in graphs:
        entry: dict[str, Node] = {"manage": "existing", "layout": 2}
        told = known.get(graph)
        table = told.get("l2cache_id") if isinstance(told, dict) else None
        if isinstance(table, str) and _TABLE.match(table):
            entry["l2cache_table"] = table
        else:
            entry["l2cache"] = False
        draft.put_in_dataset(file, ("graphs", graph), entry, _GRAPHS)
    _drop_equal_tables(draft, graphs)


def _drop_equal_tables(draft: Draft, graphs: Sequence[str]) -> None:
    """Statistics of declared graphs stand with them, unless they are read at another address than the deployment's."""
    for graph in graphs:
        place = ("l2cache", "tables", graph)
        told = draft.get(place)
        expected = f"graphene://https://{own_host(draft)}/segmentation/table/{graph}"
        if isinstance(told, dict) and told.get("cv_path") == expected:
            draft.remove(place)


def _add_stacks(draft: Draft, file: str, stacks: Sequence[str], graphs: Sequence[str]) -> None:
    for stack in stacks:
        known = stack if stack in graphs else graphs[0] if len(graphs) == 1 else None
        segmentation: dict[str, Node] = (
            {"graph": known} if known else {"source": f"precomputed://{FILL_IN}/segmentation-of-{stack}"}
        )
        names = [name for name in (_SUPPORTED, _MATERIALIZED, *_PLACES) if stack in draft.items(name)]
        draft.put_in_dataset(file, ("datastacks", stack), {"segmentation": segmentation}, *names)
    if stacks:
        draft.comment_dataset(
            file,
            ("datastacks",),
            "Check: which graph each one shows, its tables and its viewer stand in the info service.",
        )
        draft.ask(
            f"datasets/{file}.yaml: datastacks",
            "The segmentation that each datastack shows; its tables of synapses and cell bodies.",
        )
    for variable, place in _PLACES.items():
        for stack in _names(draft, variable)[:1]:
            draft.put(place, stack, variable)


def _add_rest(draft: Draft, file: str, materialized: Sequence[str]) -> None:
    draft.put_in_dataset(file, ("annotations", "manage"), "existing")
    pcg = draft.get(("buckets", "pcg", "name"))
    if isinstance(pcg, str):
        draft.put_in_dataset(file, ("bucket",), {"manage": "existing", "name": pcg}, "PCG_BUCKET_NAME")
    if materialized:
        draft.put(("materialization", "datastacks"), list(materialized), _MATERIALIZED)
        draft.put(("canary", "datastack"), materialized[0], _MATERIALIZED)
    else:
        draft.put_in_dataset(file, ("materialization",), {"enabled": False})


def add_skeleton_test(draft: Draft) -> None:
    """A check after deployments needs both a server and a datastack."""
    server_name, stack_name = "SKELETON_INTEGRATION_TEST_SERVER", "SKELETON_INTEGRATION_TEST_DATASTACK__DEFAULT"
    server, stack = parsed(draft, server_name, parse.https_url), parsed(draft, stack_name, parse.text)
    names = [name for name in (server_name, stack_name) if draft.variable(name)]
    if isinstance(server, str) and isinstance(stack, str):
        draft.put(("skeletoncache", "integration_test"), {"server": server, "datastack": stack}, *names)
    for name in names:
        if not draft.is_settled(name):
            draft.drop(name, "without both, server and datastack, there is no test")


def _settle(draft: Draft, reason: str) -> None:
    for name in (_SUPPORTED, _MATERIALIZED, _GRAPHS, _HEALTH, *_PLACES):
        if draft.variable(name) and not draft.is_settled(name):
            draft.drop(name, draft.why_not(name) or reason)
