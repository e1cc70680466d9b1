"""In which order stacks are deployed, removed and destroyed: by what they declare, whatever they are called."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karst_cli.stack_graph import Stack, deploy_order, destroy_order
from tests.cdktf.conftest import Project

GENERATION = {
    "lab": ["lab-apps-blue", "lab-addons-blue", "lab-cluster-blue", "lab-run", "lab-data-x", "lab-foundation"],
    "lab-apps-blue": ["lab-addons-blue", "lab-data-x"],
    "lab-addons-blue": ["lab-cluster-blue"],
    "lab-cluster-blue": ["lab-foundation"],
    "lab-run": ["lab-data-x"],
    "lab-data-x": ["lab-foundation"],
    "lab-foundation": [],
}
# Names that sort the other way round, and say nothing of kinds.
RENAMED = dict(zip(GENERATION, "gfedcba", strict=True))


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, Stack]:
    """Stacks, each of which depends on some of those before it, under names in any order; some are removals."""
    names = draw(st.lists(st.text("abcxyz-", min_size=1, max_size=4), unique=True, max_size=8))
    return {
        name: Stack(
            name=name,
            folder=Path(name),
            dependencies=frozenset(draw(st.sets(st.sampled_from(names[:index]))) if index else ()),
            is_removal=draw(st.booleans()),
        )
        for index, name in enumerate(names)
    }


@given(graphs())
def test_destruction_takes_dependents_first(stacks: dict[str, Stack]) -> None:
    order = destroy_order(stacks, stacks)
    place = {name: number for number, name in enumerate(order)}
    assert place.keys() == stacks.keys()
    for stack in stacks.values():
        for needed in stack.dependencies:
            assert place[stack.name] < place[needed]
            assert stack.name in order[needed]


@given(graphs())
def test_deployment_takes_removals_last_and_backwards(stacks: dict[str, Stack]) -> None:
    order = deploy_order(stacks, stacks)
    place = {name: number for number, name in enumerate(order)}
    for stack in stacks.values():
        for other in (stacks[name] for name in stack.dependencies):
            is_first = place[other.name] < place[stack.name]
            assert is_first == (not other.is_removal), f"{stack.name} depends on {other.name}"
    kept = [name for name in order if not stacks[name].is_removal]
    assert list(order)[: len(kept)] == kept


@pytest.mark.parametrize("names", [{name: name for name in GENERATION}, RENAMED], ids=["kinds", "letters"])
def test_a_deployment_is_destroyed_from_the_edge_down(project: Project, names: dict[str, str]) -> None:
    project.synthesize({names[name]: [names[needed] for needed in needs] for name, needs in GENERATION.items()})
    assert project.cdktf("destroy", *names.values(), "--auto-approve", "--parallelism", "1") == 0
    applied = [next(name for name in names if names[name] == done) for done in project.calls("apply")]
    chain = ["lab", "lab-apps-blue", "lab-addons-blue", "lab-cluster-blue", "lab-foundation"]
    assert [name for name in applied if name in chain] == chain
    assert (
        applied.index("lab") < applied.index("lab-run") < applied.index("lab-data-x") < applied.index("lab-foundation")
    )


@pytest.mark.parametrize("parallelism", ["1", "4"])
def test_a_removed_generation_goes_after_the_edge_has_let_go(project: Project, parallelism: str) -> None:
    removals = ["lab-apps-blue", "lab-addons-blue", "lab-cluster-blue"]
    project.synthesize(GENERATION, removals=removals)
    assert project.cdktf("deploy", "lab", "--auto-approve", "--parallelism", parallelism) == 0
    assert project.calls("apply")[3:] == ["lab", *removals]
